"""What is wrong with a limit as somebody wrote it. A limit that can match nothing is a mistake, not a generosity."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from headworks.domain.limits.limit import Limit, Unit

GROUPS = ("customer", "session", "model", "endpoint", "key", "user", "team", "project", "organisation")
"""Facts that counters can be told apart by, besides `tag:NAME`."""
SHORTEST, LONGEST = 1.0, 366 * 86_400.0
"""Seconds."""


def mistakes_in(limit: Limit) -> Iterable[tuple[str, str]]:
    """The field and what is wrong with it, for each mistake."""
    if limit.amount <= 0:
        yield "amount", "A limit of 0 would allow nothing. Leave it out, or allow something."
    yield from _over_time(limit)
    yield from _of_rollover(limit)
    for name in limit.group_by:
        if name not in GROUPS and not (name.startswith("tag:") and len(name) > len("tag:")):
            yield "group_by", f"Nothing can be grouped by '{name}': there is {', '.join(GROUPS)} and tag:NAME."
    if len(set(limit.group_by)) < len(limit.group_by):
        yield "group_by", "The same is named twice."
    if limit.most_groups < 1:
        yield "most_groups", "At least one group is needed."
    for pattern in limit.models:
        if pattern.count("*") > 1:
            yield "models", f"'{pattern}' has more than one star."


def _of_rollover(limit: Limit) -> Iterable[tuple[str, str]]:
    if limit.rollover is None:
        return
    if limit.calendar is None or not limit.budget:
        yield (
            "rollover",
            "Only a budget with a calendar has periods that leave something over. Leave it out, or give a calendar.",
        )
    if limit.rollover.most <= 0:
        yield "rollover", "It would carry nothing on. Leave it out, or say how much at most."


def _over_time(limit: Limit) -> Iterable[tuple[str, str]]:
    timed = bool(limit.seconds) or limit.calendar is not None
    if limit.seconds and limit.calendar is not None:
        yield "calendar", "It has both seconds and a calendar. Give one of them."
    if limit.seconds and not SHORTEST <= limit.seconds <= LONGEST:
        yield "seconds", "It must lie between a second and 366 days."
    if limit.unit is Unit.CONCURRENT:
        if timed:
            yield "unit", "What is under way at once has no period. Leave seconds and calendar out."
    elif not timed and not limit.budget and "session" not in limit.group_by:
        yield "unit", "Over which time? Give seconds or a calendar, or group it by session."
    try:
        ZoneInfo(limit.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield "zone", f"There is no time zone '{limit.zone}'. Write it like Europe/Berlin."
