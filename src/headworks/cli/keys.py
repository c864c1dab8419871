"""`headworks keys`: API keys of teams, projects, users and service accounts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from cyclopts import Parameter

from headworks.cli.administering import Json, Url, administer, one_named, tell, tell_all
from headworks.client import Client
from headworks.domain.administration.wire.bounds import BoundsBody, BudgetBody
from headworks.domain.administration.wire.keys import KeyAsked
from headworks.domain.limits import Calendar
from headworks.wiring.clock import SystemClock

_SPAN = re.compile(r"([0-9]{1,5})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
Names = Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=())]


def create(  # noqa: PLR0913 - one parameter a flag
    name: str,
    *,
    owner: str = "",
    team: str = "",
    models: Names = (),
    features: Names = (),
    budget: str = "",
    expires_in: str = "",
    url: Url = None,
    json: Json = False,
) -> int:
    """Make a key. It is printed once and never again.

    Args:
        name: What it is for.
        owner: Id of the party that it belongs to.
        team: Name or id of a team that it belongs to, instead of --owner.
        models: Names or patterns that it may use. Left out: what its owner may.
        features: Features that it may use. Left out: what its owner may.
        budget: US dollars a calendar month: 12.50.
        expires_in: 90d, 12h, 30m, 45s. Left out: never.
        url: The control plane.
        json: Print JSON, for programs.
    """

    def work(client: Client) -> None:
        if bool(owner) == bool(team):
            raise ValueError("whose is it? Give --owner ID or --team NAME.")
        bounds = BoundsBody(
            models=models or None,
            features=features or None,
            budgets={"monthly": BudgetBody(amount=budget, calendar=Calendar.MONTH)} if budget else {},
        )
        whose = owner or one_named(client.teams, "team", team)
        made = client.keys.create(KeyAsked(owner=whose, name=name, bounds=bounds, expires_at=_instant(expires_in)))
        tell(made, f"{made.secret}\nThis is the key {made.key.id}. It is not shown again.", json=json)

    return administer(url, work)


def list_all(
    *, owner: str | None = None, under: str | None = None, prefix: str | None = None, url: Url = None, json: Json = False
) -> int:
    """List keys within your reach: never the keys themselves.

    Args:
        owner: Of this party itself.
        under: Of parties below this one, too.
        prefix: That begin like this.
        url: The control plane.
        json: Print JSON, for programs.
    """

    def work(client: Client) -> None:
        found = client.keys.list(owner=owner, under=under, prefix=prefix)
        tell_all(found, ("id", "prefix", "name", "owner", "expires_at", "revoked_at"), json=json)

    return administer(url, work)


def rotate(key: str, *, overlap: str = "1d", url: Url = None, json: Json = False) -> int:
    """Make another key in the place of one.

    Args:
        key: Its id.
        overlap: For how long the old one stays good: 1d, 12h, 0s.
        url: The control plane.
        json: Print JSON, for programs.
    """

    def work(client: Client) -> None:
        made = client.keys.rotate(key, overlap_seconds=_seconds(overlap))
        tell(made, f"{made.secret}\nThis is the key {made.key.id}; {key} is good for {overlap} more.", json=json)

    return administer(url, work)


def revoke(key: str, *, url: Url = None, json: Json = False) -> int:
    """Refuse a key from now on, on all gateways within a second.

    Args:
        key: Its id.
        url: The control plane.
        json: Print JSON, for programs.
    """
    return administer(url, lambda client: tell(client.keys.revoke(key), f"{key} is revoked.", json=json))


def policy(key: str, *, url: Url = None, json: Json = False) -> int:
    """Say what a key may do in effect.

    Args:
        key: Its id.
        url: The control plane.
        json: Print JSON, for programs.
    """

    def work(client: Client) -> None:
        found = client.keys.policy(key)
        lines = [f"usable     {'yes' if found.usable else found.why_not}"]
        lines += [f"models     {' '.join(level) or 'none'}" for level in found.models]
        lines.append(f"features   {' '.join(found.features) or 'plain requests only'}")
        for level in found.levels:
            lines += [f"limit      {level.kind} {level.name}: {name}" for name in level.bounds.limits]
            lines += [f"budget     {level.kind} {level.name}: {name}" for name in level.bounds.budgets]
        tell(found, "\n".join(lines), json=json)

    return administer(url, work)


def _seconds(span: str) -> int:
    found = _SPAN.fullmatch(span)
    if found is None:
        raise ValueError(f"{span!r} is no span of time. Write 45s, 30m, 12h or 90d.")
    return int(found[1]) * _SECONDS[found[2]]


def _instant(span: str) -> datetime | None:
    if not span:
        return None
    return datetime.fromtimestamp(SystemClock.wall_ns() // 1_000_000_000, UTC) + timedelta(seconds=_seconds(span))
