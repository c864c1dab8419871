"""What is wrong with a limit as somebody wrote it. A limit that can match nothing is a mistake, not a generosity."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from headworks.domain.limits.limit import Limit, Unit
from headworks.domain.patterns import trouble_of

GROUPS = (
    "customer", "session", "model", "asked", "endpoint", "dialect",
    "key", "principal", "user", "team", "project", "organisation",
)  # fmt: skip
"""Facts that counters can be told apart by, besides `tag:NAME`."""
SHORTEST, LONGEST = 1.0, 366 * 86_400.0
"""Seconds."""
PRICED_IN = "USD"
"""The currency of all prices."""
OF_NO_MODEL = "An empty list matches nothing. Leave it out to count all models."
"""Of `models`, which a limit has empty where it counts all."""
Place = tuple[str | int, ...]
"""A field of a limit, and where in it."""


def mistakes_in(limit: Limit) -> Iterable[tuple[Place, str]]:
    """Where something is wrong, and what, for each mistake."""
    if limit.amount <= 0:
        yield ("amount",), "A limit of 0 would allow nothing. Leave it out, or allow something."
    if limit.unit is Unit.COST and limit.currency != PRICED_IN:
        yield ("currency",), f"Prices are in {PRICED_IN}: an amount in {limit.currency} would refuse every request."
    yield from _over_time(limit)
    yield from _of_rollover(limit)
    yield from _of_groups(limit)
    for number, pattern in enumerate(limit.models):
        if trouble := trouble_of(pattern):
            yield ("models", number), trouble


def _of_groups(limit: Limit) -> Iterable[tuple[Place, str]]:
    for number, name in enumerate(limit.group_by):
        if name not in GROUPS and not (name.startswith("tag:") and len(name) > len("tag:")):
            yield ("group_by", number), f"Nothing can be grouped by '{name}': there is {', '.join(GROUPS)} and tag:NAME."
    if len(set(limit.group_by)) < len(limit.group_by):
        yield ("group_by",), "The same is named twice."
    if limit.most_groups < 1:
        yield ("most_groups",), "At least one group is needed."


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
    if limit.seconds and not SHORTEST <= limit.seconds <= LONGEST:
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
