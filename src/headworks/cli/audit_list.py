"""`headworks audit list`: what was done and denied, as the control plane tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from cyclopts import Parameter

from headworks.cli.administering import LISTING, Listing, administer
from headworks.cli.spans import now, seconds_of
from headworks.cli.telling import Row, tell_all, tell_rows
from headworks.client import Client
from headworks.client.client import AuditOnly
from headworks.domain.administration.wire.people import AuditView

_COLUMNS = ("number", "at", "by", "outcome", "operation", "object", "peer")
_LATER, _EARLIER = "From how long ago on: 12h, 7d.", "Until how long ago. Left out: until now."


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which acts."""

    actor: Annotated[str, Parameter(help="Of this administrator only: name or id.")] = ""
    action: Annotated[str, Parameter(help="Of this only: keys.revoke, or keys for all that is done to keys.")] = ""
    object: Annotated[str, Parameter(help="What was done to this only: name or id, or the id of the party it belongs to.")] = ""
    outcome: Annotated[Literal["done", "denied"] | None, Parameter(help="Of these only.")] = None
    since: Annotated[str | None, Parameter(help=_LATER)] = None
    until: Annotated[str | None, Parameter(help=_EARLIER)] = None

    def only(self) -> AuditOnly:
        """As the client takes it. Raises `ValueError` for what is no span."""
        return AuditOnly(
            actor=self.actor,
            operation=self.action,
            object=self.object,
            outcome=self.outcome or "",
            since=_ago(self.since),
            until=_ago(self.until),
        )


ALL = Filter()


def list_all(*, filter: Filter = ALL, listing: Listing = LISTING) -> int:  # noqa: A002 - the flags' name in the help
    """List acts and denials within your reach, newest first. `headworks audit export` writes the whole chain, signed."""

    def work(client: Client) -> None:
        found = listing.cut(client.audit(**filter.only()))
        if listing.json:
            tell_all(found, (), json=True)
        else:
            tell_rows(map(_row, found), _COLUMNS)

    return administer(listing.url, work)


def _row(view: AuditView) -> Row:
    facts = view.facts
    return {
        "number": view.number,
        "at": view.at,
        "by": facts.get("by") or facts.get("actor"),
        "outcome": facts.get("outcome"),
        "operation": facts.get("operation"),
        "object": " ".join(facts[name] for name in ("entity", "name", "id") if facts.get(name)) or None,
        "peer": facts.get("peer"),
    }


def _ago(span: str | None) -> datetime | None:
    return datetime.fromtimestamp(now() - seconds_of(span), UTC) if span else None
