"""What is wrong with a limit as somebody wrote it. A limit that can match nothing is a mistake, not a generosity."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from headworks.domain.customers import is_reference
from headworks.domain.kind import Kind
from headworks.domain.limits.limit import Limit, Unit
from headworks.domain.patterns import trouble_of

GROUPS = (
    "customer", "session", "model", "asked", "endpoint", "dialect",
    "key", "principal", "user", "team", "project", "organisation",
)  # fmt: skip
"""Facts that counters can be told apart by, besides `tag:NAME`."""
SHORTEST_TIME, LONGEST_TIME = 1.0, 366 * 86_400.0
"""Seconds."""
LONGEST = 256
"""Characters of what callers name."""
NO_TAGS: Mapping[str, str] = {}
_TAG = "tag:"
_PINNED = "customer"
"""A tag of this name fixes the customer."""
_NARROWING = tuple(name for name in GROUPS if name not in {"model", "asked"})
_KNOWN: Mapping[str, Collection[str]] = {"endpoint": frozenset(map(str, Kind))}
"""All values that there are of a fact."""
PRICED_IN = "USD"
"""The currency of all prices."""
OF_NO_MODEL = "An empty list matches nothing. Leave it out to count all models."
"""Of `models`, which a limit has empty where it counts all."""
SOFT_ANYWAY = "A soft budget holds nobody back, whether counters can be asked or not."
"""Of `on_loss`, which a soft budget has."""
Place = tuple[str | int, ...]
"""A field of a limit, and where in it."""


def mistakes_in(limit: Limit, tags: Mapping[str, str] = NO_TAGS) -> Iterable[tuple[Place, str]]:
    """Where something is wrong, and what, for each mistake. `tags` are those that all requests have that it could be about."""
    if limit.amount <= 0:
        yield ("amount",), "A limit of 0 would allow nothing. Leave it out, or allow something."
    if limit.unit is Unit.COST and limit.currency != PRICED_IN:
        yield ("currency",), f"Prices are in {PRICED_IN}: an amount in {limit.currency} would refuse every request."
    yield from _over_time(limit)
    yield from _of_rollover(limit)
    yield from _of_groups(limit)
    yield from _of_values("where", limit.where)
    yield from _of_values("unless", limit.unless)
    yield from _of_nobody(limit, tags)
    for number, pattern in enumerate(limit.models):
        if trouble := trouble_of(pattern):
            yield ("models", number), trouble


def _of_groups(limit: Limit) -> Iterable[tuple[Place, str]]:
    for number, name in enumerate(limit.group_by):
        if name not in GROUPS and not (name.startswith(_TAG) and len(name) > len(_TAG)):
            yield ("group_by", number), f"Nothing can be grouped by '{name}': there is {', '.join(GROUPS)} and tag:NAME."
    if len(set(limit.group_by)) < len(limit.group_by):
        yield ("group_by",), "The same is named twice."
    if limit.most_groups < 1:
        yield ("most_groups",), "At least one group is needed."


def _of_values(field: str, narrowed: Mapping[str, Sequence[str]]) -> Iterable[tuple[Place, str]]:
    for fact, values in narrowed.items():
        place = (field, fact)
        if fact not in _NARROWING and not (fact.startswith(_TAG) and len(fact) > len(_TAG)):
            instead = "Write `models`." if fact in GROUPS else f"There is {', '.join(_NARROWING)} and tag:NAME."
            yield place, f"It cannot be narrowed by '{fact}'. {instead}"
        if not values:
            yield place, "An empty list matches nothing. Leave the fact out, or name a value."
        for value in values:
            if len(value) > LONGEST or value not in _KNOWN.get(fact, (value,)):
                yield place, f"No request has the {fact} '{value[:LONGEST]}': it would match nothing."


def _of_nobody(limit: Limit, tags: Mapping[str, str]) -> Iterable[tuple[Place, str]]:
    fixed = {f"{_TAG}{name}": value for name, value in tags.items()}
    if _PINNED in tags:
        fixed[_PINNED] = tags[_PINNED]
    for fact, values in limit.where.items():
        if fact in fixed and fixed[fact] not in values and not any(map(is_reference, values)):
            yield ("where", fact), f"All requests here have the {fact} '{fixed[fact]}': it would match nothing."
        if values and set(values) <= set(limit.unless.get(fact, ())):
            yield ("unless", fact), "It takes away all that `where` names: it would match nothing."
    for fact, values in limit.unless.items():
        if fixed.get(fact) in values:
            yield ("unless", fact), f"All requests here have the {fact} '{fixed[fact]}': it would match nothing."


def _of_rollover(limit: Limit) -> Iterable[tuple[Place, str]]:
    if limit.rollover is None:
        return
    if limit.calendar is None or not limit.budget:
        yield (
            ("rollover",),
            "Only a budget with a calendar has periods that leave something over. Leave it out, or give a calendar.",
        )
    if limit.rollover.most <= 0:
        yield ("rollover", "most"), "It would carry nothing on. Leave the rollover out, or say how much at most."


def _over_time(limit: Limit) -> Iterable[tuple[Place, str]]:
    timed = bool(limit.seconds) or limit.calendar is not None
    if limit.seconds and limit.calendar is not None:
        yield ("calendar",), "It has both seconds and a calendar. Give one of them."
    if limit.seconds and not SHORTEST_TIME <= limit.seconds <= LONGEST_TIME:
        yield ("seconds",), "It must lie between a second and 366 days."
    if limit.unit is Unit.CONCURRENT:
        if timed:
            yield ("unit",), "What is under way at once has no period. Leave seconds and calendar out."
    elif not timed and not limit.budget and "session" not in limit.group_by:
        yield ("seconds",), "Over which time? Give seconds or a calendar, or group it by session."
    try:
        ZoneInfo(limit.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield ("zone",), f"There is no time zone '{limit.zone}'. Write an IANA name such as Europe/Berlin, or UTC."
