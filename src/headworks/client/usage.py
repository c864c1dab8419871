"""What was used and spent."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from headworks.client.wire import Request, Wire
from headworks.domain.administration.wire.usage import (
    CostsBucket,
    CostsPage,
    CostsQuery,
    Endpoints,
    UsageBucket,
    UsagePage,
    UsageQuery,
)


class Usage:
    """Buckets in the order of time, from the ledger."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def of(self, endpoints: Endpoints, query: UsageQuery) -> Iterator[UsageBucket]:
        """What requests of some kind used."""
        page: str | None = query.page
        while page is not None:
            found = self._wire.ask(_request(f"usage/{endpoints}", query, page), UsagePage)
            yield from found.data
            page = found.next_page

    def costs(self, query: CostsQuery) -> Iterator[CostsBucket]:
        """What callers were charged."""
        page: str | None = query.page
        while page is not None:
            found = self._wire.ask(_request("costs", query, page), CostsPage)
            yield from found.data
            page = found.next_page


_Value = str | int | bool | tuple[str, ...] | None


def _request(what: str, query: UsageQuery | CostsQuery, page: str) -> Request:
    wanted: dict[str, _Value] = {**msgspec.structs.asdict(query), "page": page}
    return Request(
        method="GET",
        path=f"/organization/{what}",
        query={name: _written(value) for name, value in wanted.items() if value not in ("", (), None)},
    )


def _written(value: _Value) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
