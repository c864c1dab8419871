"""`headworks usage` and `headworks costs`: what was used and spent, from the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeVar

import msgspec
from cyclopts import Parameter

from headworks.cli.administering import LISTING, Listing, Names, administer
from headworks.cli.spans import now, seconds_of
from headworks.cli.telling import tell_all, tell_rows
from headworks.client import Client
from headworks.domain.administration.wire.usage import CostsBucket, CostsQuery, UsageBucket, UsageQuery

_MOST_BUCKETS = 1440
Query = TypeVar("Query", UsageQuery, CostsQuery)
_SUMS = ("input_tokens", "output_tokens", "input_cached_tokens", "num_model_requests")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Span:
    """Which usage."""

    since: Annotated[str, Parameter(help="From how long ago on: 12h, 7d.")] = "7d"
    until: Annotated[str | None, Parameter(help="Until how long ago. Left out: until now.")] = None
    group_by: Annotated[
        Names, Parameter(help="model, api_key_id, project_id, user_id, team_id, organization_id, customer, provider.")
    ] = None
    projects: Annotated[Names, Parameter(help="Ids: of these only.")] = None
    users: Annotated[Names, Parameter(help="Ids of users and service accounts: of these only.")] = None
    keys: Annotated[Names, Parameter(help="Ids: of these only.")] = None
    models: Annotated[Names, Parameter(help="Of these only.")] = None
    organisations: Annotated[Names, Parameter(help="Ids: of these only.")] = None
    customers: Annotated[
        Names,
        Parameter(help="References, or names of customers of --organisations (without it: of the configuration's callers)."),
    ] = None

    def of(self, query: Query) -> Query:
        """The query, narrowed to it. Raises `ValueError` for what is no span."""
        return msgspec.structs.replace(
            query,
            start_time=now() - seconds_of(self.since),
            end_time=now() - seconds_of(self.until) if self.until else None,
            group_by=self.group_by or (),
            project_ids=self.projects or (),
            user_ids=self.users or (),
            api_key_ids=self.keys or (),
            models=self.models or (),
            organization_ids=self.organisations or (),
            customers=self.customers or (),
            limit=_MOST_BUCKETS,
        )


ALL = Span()


def list_usage(
    *,
    of: Literal["completions", "embeddings"] = "completions",
    per: Literal["15m", "1h", "1d"] = "1d",
    span: Span = ALL,
    listing: Listing = LISTING,
) -> int:
    """List tokens and requests, by time and by what they are grouped by.

    Args:
        of: Which endpoints.
        per: How long a line's stretch of time is.
    """

    def work(client: Client) -> None:
        buckets = client.usage.of(of, span.of(UsageQuery(bucket_width=per)))
        _tell(buckets, span.group_by or (), _SUMS, listing)

    return administer(listing.url, work)


def list_costs(*, span: Span = ALL, listing: Listing = LISTING) -> int:
    """List what callers were charged, by day and by what it is grouped by; currencies apart."""

    def work(client: Client) -> None:
        _tell(client.usage.costs(span.of(CostsQuery())), span.group_by or (), ("exact", "currency"), listing)

    return administer(listing.url, work)


def _tell(buckets: Iterable[UsageBucket | CostsBucket], groups: Sequence[str], sums: Sequence[str], listing: Listing) -> None:
    with_something = listing.cut(bucket for bucket in buckets if bucket.results)
    if listing.json:
        tell_all(with_something, (), json=True)
        return
    rows = [
        {"from": f"{datetime.fromtimestamp(bucket.start_time, UTC):%Y-%m-%d %H:%M}"} | _facts(result)
        for bucket in with_something
        for result in bucket.results
    ]
    tell_rows(rows, ("from", *groups, *sums))


def _facts(result: msgspec.Struct) -> dict[str, object]:
    facts = msgspec.structs.asdict(result)
    amount = facts.pop("amount", None)
    return facts | (msgspec.structs.asdict(amount) if amount is not None else {})
