"""What was used and spent, from the ledger's postings, as OpenAI's organisation API tells it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import msgspec

from headworks.control.admin.operation import Act, Answer, Operation
from headworks.control.admin.problems import Refusal
from headworks.control.admin.row import row
from headworks.domain.administration import Scope
from headworks.domain.administration.wire.problem import Mistake
from headworks.domain.administration.wire.usage import (
    Amount,
    CostsBucket,
    CostsPage,
    CostsQuery,
    CostsResult,
    Endpoints,
    UsageBucket,
    UsagePage,
    UsageQuery,
    UsageResult,
)
from headworks.domain.customers import is_reference
from headworks.domain.kind import Kind
from headworks.stores.sql.ledger_usage import Question, Used

_WIDTHS = {"15m": 900, "1h": 3600, "1d": 86_400}
_COLUMNS = {
    "project_id": "project",
    "user_id": "user",
    "api_key_id": "key",
    "model": "model",
    "organization_id": "organisation",
    "team_id": "team",
    "customer": "customer",
    "provider": "provider",
}
"""Names of OpenAI's, and ours beside them → columns of postings."""
_COST_COLUMNS = {name: column for name, column in _COLUMNS.items() if name != "model"} | {"line_item": "model"}
_FILTERS = {
    "organization_ids": "organisation",
    "project_ids": "project",
    "user_ids": "user",
    "api_key_ids": "key",
    "models": "model",
    "line_items": "model",
}
_ONE = {"batch": False, "service_tier": None, "api_source": "unlabeled"}
"""What OpenAI groups by, and of which a gateway's usage has one value."""
_LIMITS = {"15m": 96, "1h": 24, "1d": 7}
"""Buckets, where the query says nothing."""
_KINDS: Mapping[Endpoints, tuple[str, ...]] = {
    "completions": (Kind.CHAT, Kind.COMPLETIONS, Kind.REALTIME),
    "embeddings": (Kind.EMBEDDINGS,),
    "moderations": (Kind.MODERATIONS,),
    "images": (Kind.IMAGES, Kind.IMAGE_EDITS, Kind.IMAGE_VARIATIONS),
    "audio_speeches": (Kind.SPEECH,),
    "audio_transcriptions": (Kind.TRANSCRIPTIONS, Kind.TRANSLATIONS),
    "rerank": (Kind.RERANK,),
    "passthrough": (Kind.PASSTHROUGH,),
}
_NANOS = 10**9
_WEEK = 7 * 86_400
_LATEST = 1 << 40
"""Seconds since 1970, as of the other instants of a query."""


class _Span:
    """The buckets that a query asks for."""

    def __init__(self, act: Act) -> None:
        query = act.query
        assert isinstance(query, UsageQuery | CostsQuery)
        self.width = _WIDTHS[query.bucket_width]
        now = act.now() // _NANOS
        start = query.start_time if query.start_time is not None else now - _WEEK
        first = min(int(query.page), _LATEST) if query.page else start
        end = query.end_time if query.end_time is not None else now + 1
        starts = range(first - first % self.width, max(first, end), self.width)
        limit = query.limit or _LIMITS[query.bucket_width]
        self.starts = starts[:limit]
        self.next = str(starts[limit]) if len(starts) > limit else None

    def question(self, act: Act, columns: Mapping[str, str], kinds: tuple[str, ...] = ()) -> Question:
        """What to ask the ledger. Raises `Refusal` for something that one cannot group by."""
        query = act.query
        assert isinstance(query, UsageQuery | CostsQuery)
        wanted: dict[str, tuple[str, ...]] = {}
        for name, column in _FILTERS.items():
            wanted[column] = wanted.get(column, ()) + getattr(query, name, ())
        wanted["customer"] = tuple(_customers(act, query))
        if kinds:
            wanted["kind"] = kinds
        return Question(
            start=self.starts.start,
            end=self.starts.stop if self.starts else self.starts.start,
            width=self.width,
            group_by=tuple(columns[name] for name in _grouping(query.group_by, columns) if name in columns),
            only={column: values for column, values in wanted.items() if values},
            reach=act.reach,
        )


def _grouping(written: tuple[str, ...], columns: Mapping[str, str]) -> tuple[str, ...]:
    for name in written:
        if name not in columns and name not in _ONE:
            detail = f"Nothing is grouped by {name[:64]!r} here. Use some of: {', '.join((*columns, *_ONE))}."
            raise Refusal("invalid", detail, errors=[Mistake(detail=detail, parameter="group_by")])
    return tuple(dict.fromkeys(written))


def _customers(act: Act, query: UsageQuery | CostsQuery) -> Iterator[str]:
    """By reference, and by name too, as in postings of before references."""
    for written in query.customers:
        yield written
        if not is_reference(written):
            for organisation in query.organization_ids or ("",):
                yield from act.office.references.customers(organisation, written)


def _groups(used: Used, names: tuple[str, ...], columns: Mapping[str, str]) -> dict[str, object]:
    return {name: (used.group[columns[name]] or None) if name in columns else _ONE[name] for name in names}


async def _used(act: Act, question: Question) -> dict[int, list[Used]]:
    if act.office.usage is None:
        raise Refusal("unavailable", "No ledger is kept here. Ask where one is.")
    found: dict[int, list[Used]] = defaultdict(list)
    for used in await act.office.usage.used(question):
        found[used.start].append(used)
    return found


class UsageOf:
    """The usage of one kind of endpoint."""

    def __init__(self, name: Endpoints) -> None:
        self._object = f"organization.usage.{name}.result"
        self._kinds = _KINDS[name]

    async def read(self, act: Act) -> Answer:
        """By bucket and group."""
        span = _Span(act)
        query = act.wanted(UsageQuery)
        names = _grouping(query.group_by, _COLUMNS)
        found = {} if query.batch else await _used(act, span.question(act, _COLUMNS, self._kinds))
        buckets = tuple(
            UsageBucket(
                start_time=start,
                end_time=start + span.width,
                results=tuple(self._result(used, names) for used in found.get(start, ()) if used.sums["requests"]),
            )
            for start in span.starts
        )
        return Answer(UsagePage(data=buckets, has_more=span.next is not None, next_page=span.next))

    def _result(self, used: Used, names: tuple[str, ...]) -> UsageResult:
        sums = used.sums
        result = UsageResult(
            object=self._object,
            input_tokens=sums["input"],
            output_tokens=sums["output"],
            input_cached_tokens=sums["cache_read"],
            input_cache_write_tokens=sums["cache_write"],
            input_audio_tokens=sums["input_audio"],
            output_audio_tokens=sums["output_audio"],
            input_image_tokens=sums["input_image"],
            output_image_tokens=sums["output_image"],
            images=sums["images"],
            characters=sums["characters"],
            seconds=sums["audio_seconds"],
            searches=sums["searches"],
            pages=sums["pages"],
            num_model_requests=sums["requests"],
        )
        return msgspec.structs.replace(result, **_groups(used, names, _COLUMNS))


async def read_costs(act: Act) -> Answer:
    """What callers were charged, by day and group; currencies apart."""
    span = _Span(act)
    names = _grouping(act.wanted(CostsQuery).group_by, _COST_COLUMNS)
    found = await _used(act, span.question(act, _COST_COLUMNS))
    buckets = tuple(
        CostsBucket(
            start_time=start,
            end_time=start + span.width,
            results=tuple(_spent(used, names) for used in found.get(start, ()) if used.sums["price"]),
        )
        for start in span.starts
    )
    return Answer(CostsPage(data=buckets, has_more=span.next is not None, next_page=span.next))


def _spent(used: Used, names: tuple[str, ...]) -> CostsResult:
    whole, rest = divmod(used.sums["price"], _NANOS)
    exact = f"{whole}.{rest:09d}"
    amount = Amount(value=float(exact), currency=used.currency.lower(), exact=exact)
    return msgspec.structs.replace(CostsResult(amount=amount), **_groups(used, names, _COST_COLUMNS))


USAGE: tuple[Operation, ...] = (
    *(
        row(
            f"usage.{name} GET /organization/usage/{name}",
            Scope.USAGE_READ,
            UsageOf(name).read,
            f"What requests of {name} used, by time and by what they are grouped by.",
            answers=UsagePage,
            query=UsageQuery,
        )
        for name in _KINDS
    ),
    row(
        "costs.read GET /organization/costs",
        Scope.USAGE_READ,
        read_costs,
        "What callers were charged, by day and by what it is grouped by.",
        answers=CostsPage,
        query=CostsQuery,
    ),
)
"""Rows of the table of operations."""
