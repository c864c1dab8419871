"""`headworks usage` and `headworks costs`: what was used and spent, from the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeVar

import msgspec
from cyclopts import Parameter

from headworks.cli.administering import LISTING, Listing, Names, administer
from headworks.cli.called import Called
from headworks.cli.naming import key_id, party_id
from headworks.cli.spans import now, seconds_of
from headworks.cli.telling import tell_all, tell_rows
from headworks.client import Client
from headworks.domain.administration.wire.usage import (
    CostsBucket,
    CostsQuery,
    CostsResult,
    Endpoints,
    UsageBucket,
    UsageQuery,
    UsageResult,
)
from headworks.domain.records import PartyKind
from headworks.identity.keys import BEGINNING

_MOST_BUCKETS = 1440
Query = TypeVar("Query", UsageQuery, CostsQuery)
_TOKENS = ("input_tokens", "output_tokens", "input_cached_tokens")
_COUNTS: dict[Endpoints, tuple[str, ...]] = {
    "images": ("images", *_TOKENS),
    "audio_speeches": ("characters", *_TOKENS),
    "audio_transcriptions": ("seconds", *_TOKENS),
    "rerank": ("searches", "input_tokens"),
    "passthrough": (*_TOKENS, "pages"),
}
"""Columns, where they are others than tokens."""
_AMOUNT = ("amount", "currency")
_PEOPLE = (PartyKind.USER, PartyKind.SERVICE_ACCOUNT)
_IDS = {
    "organisation": "organization_id",
    "team": "team_id",
    "project": "project_id",
    "user": "user_id",
    "key": "api_key_id",
}
"""What a line is grouped by, and the field of the API that holds its id."""
_NAMED = {field: group for group, field in _IDS.items()}
_OTHERS = ("model", "customer", "provider")
_MODEL_OF_COSTS = "line_item"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Span:
    """Which usage."""

    since: Annotated[str, Parameter(help="From how long ago on: 12h, 7d.")] = "7d"
    until: Annotated[str | None, Parameter(help="Until how long ago. Left out: until now.")] = None
    group_by: Annotated[Names, Parameter(help=f"Some of: {', '.join((*_IDS, *_OTHERS))}.")] = None
    projects: Annotated[Names, Parameter(help="Of these only: names or ids.")] = None
    users: Annotated[Names, Parameter(help="Of these users and service accounts only: names or ids.")] = None
    keys: Annotated[Names, Parameter(help="Of these only: ids or beginnings; of the configuration's, names.")] = None
    models: Annotated[Names, Parameter(help="Of these only.")] = None
    organisations: Annotated[Names, Parameter(help="Of these only: names or ids.")] = None
    customers: Annotated[
        Names,
        Parameter(help="References, or names of customers of --organisations (without it: of the configuration's callers)."),
    ] = None

    def fields(self) -> tuple[str, ...]:
        """The API's words for `group_by`. Raises `ValueError` for what nothing is grouped by."""
        for group in (groups := self.group_by or ()):
            if group not in _IDS and group not in _NAMED and group not in _OTHERS:
                raise ValueError(
                    f"--group-by: nothing is grouped by {group!r} here. Use some of: {', '.join((*_IDS, *_OTHERS))}."
                )
        return tuple(_IDS.get(group, group) for group in groups)

    def of(self, query: Query, client: Client) -> Query:
        """The query, narrowed to it. Raises `ValueError` for what is no span, and for what nothing is called."""
        return msgspec.structs.replace(
            query,
            start_time=now() - seconds_of(self.since),
            end_time=now() - seconds_of(self.until) if self.until else None,
            group_by=self.fields(),
            project_ids=tuple(party_id(client, named, (PartyKind.PROJECT,)) for named in self.projects or ()),
            user_ids=tuple(party_id(client, named, _PEOPLE) for named in self.users or ()),
            api_key_ids=tuple(key_id(client, named) if named.startswith(BEGINNING) else named for named in self.keys or ()),
            models=self.models or (),
            organization_ids=tuple(party_id(client, named, (PartyKind.ORGANISATION,)) for named in self.organisations or ()),
            customers=self.customers or (),
            limit=_MOST_BUCKETS,
        )


ALL = Span()


def list_usage(
    *,
    of: Endpoints = "completions",
    per: Literal["15m", "1h", "1d"] = "1d",
    span: Span = ALL,
    listing: Listing = LISTING,
) -> int:
    """List what requests used, by time and by what they are grouped by.

    Args:
        of: Which endpoints.
        per: How long a line's stretch of time is.
    """

    def work(client: Client) -> None:
        query = span.of(UsageQuery(bucket_width=per), client)
        _tell(client, client.usage.of(of, query), query.group_by, (*_COUNTS.get(of, _TOKENS), "num_model_requests"), listing)

    return administer(listing.url, work)


def list_costs(*, span: Span = ALL, listing: Listing = LISTING) -> int:
    """List what callers were charged, by day and by what it is grouped by; currencies apart."""

    def work(client: Client) -> None:
        query = span.of(CostsQuery(), client)
        query = msgspec.structs.replace(
            query, group_by=tuple(_MODEL_OF_COSTS if field == "model" else field for field in query.group_by)
        )
        _tell(client, client.usage.costs(query), query.group_by, _AMOUNT, listing)

    return administer(listing.url, work)


def _tell(
    client: Client,
    buckets: Iterable[UsageBucket | CostsBucket],
    fields: Sequence[str],
    sums: Sequence[str],
    listing: Listing,
) -> None:
    with_something = listing.cut(bucket for bucket in buckets if bucket.results)
    if listing.json:
        tell_all(with_something, (), json=True)
        return
    called = Called(client)
    rows = [
        {"from": f"{datetime.fromtimestamp(bucket.start_time, UTC):%Y-%m-%d %H:%M}"} | _facts(result, called)
        for bucket in with_something
        for result in bucket.results
    ]
    tell_rows(rows, ("from", *(column for field in fields for column in _columns(field)), *sums))


def _columns(field: str) -> tuple[str, ...]:
    """People read a name, and go on with the id."""
    if field == _MODEL_OF_COSTS:
        return ("model",)
    return (_NAMED[field], field) if field in _NAMED else (field,)


def _facts(result: UsageResult | CostsResult, called: Called) -> dict[str, object]:
    facts: dict[str, object] = msgspec.structs.asdict(result)
    names = {group: called.name(id_) if isinstance(id_ := facts[field], str) else None for field, group in _NAMED.items()}
    if isinstance(result, CostsResult):
        money = {"amount": result.amount.exact, "currency": result.amount.currency.upper(), "model": result.line_item}
        return facts | names | money
    return facts | names
