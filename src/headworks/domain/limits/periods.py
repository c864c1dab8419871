"""Calendar periods in time zones: their names, and when they end.

Days, weeks and months are named by their first local date, hours and minutes by the UTC instant they begin at: an hour that a clock
lives twice is two periods, and a day that begins at one o'clock is one.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from headworks.domain.limits.limit import Calendar, joined

MOST_NAMES = 20_000
"""Names of counters remembered: forgotten all at once, they are made again in a microsecond each."""
_NANOS = 1_000_000_000
_MINUTES = {Calendar.MINUTE: 1, Calendar.HOUR: 60}
_DECEMBER = 12


class Period(msgspec.Struct, frozen=True, gc=False):
    """From `starts_at` up to, but without, `ends_at`: wall-clock nanoseconds. `name` is the same wherever it is worked out."""

    name: str
    starts_at: int
    ends_at: int


class Around(msgspec.Struct, frozen=True, gc=False):
    """A period with those beside it."""

    before: Period
    here: Period
    after: Period
    ending: str
    """What the names of the period's counters end with."""
    ending_before: str
    """Those of the one before."""


def period_at(calendar: Calendar, zone: str, wall_ns: int) -> Period:
    """The period that an instant lies in. Raises `ZoneInfoNotFoundError` for a zone that is none."""
    here = ZoneInfo(zone)
    seconds = wall_ns // _NANOS
    minutes = _MINUTES.get(calendar)
    if minutes is not None:
        return _clock_period(calendar, here, seconds, minutes * 60)
    today = datetime.fromtimestamp(seconds, here).date()
    first, following = _dates(calendar, today)
    return Period(f"{calendar}/{first.isoformat()}", _start_of(first, here) * _NANOS, _start_of(following, here) * _NANOS)


class Periods:
    """Remembers the period under way of each calendar and zone, and what its counters are called: every request asks. Belongs to the
    loop.
    """

    __slots__ = ("_around", "_current", "_names")

    def __init__(self) -> None:
        self._around: dict[tuple[str, str], Around] = {}
        self._current: dict[tuple[str, str], Period] = {}
        self._names: dict[str, tuple[str, Period]] = {}

    def at(self, calendar: Calendar, zone: str, wall_ns: int) -> Period:
        """As `period_at`."""
        key = (calendar._value_, zone)
        period = self._current.get(key)
        if period is None or not period.starts_at <= wall_ns < period.ends_at:
            period = self._current[key] = period_at(calendar, zone, wall_ns)
        return period

    def around(self, calendar: Calendar, zone: str, wall_ns: int) -> Around:
        """The period that an instant lies in, and its neighbours."""
        key = (calendar._value_, zone)
        known = self._around.get(key)
        here = self.at(calendar, zone, wall_ns)
        if known is None or known.here is not here:
            before, after = period_at(calendar, zone, here.starts_at - 1), period_at(calendar, zone, here.ends_at)
            known = self._around[key] = Around(before, here, after, joined(here.name), joined(before.name))
        return known

    def counter(self, stem: str, calendar: Calendar, zone: str, wall_ns: int) -> tuple[str, Period]:
        """The name of an ungrouped limit's counter, and its period."""
        known = self._names.get(stem)
        if known is not None and known[1].starts_at <= wall_ns < known[1].ends_at:
            return known
        if len(self._names) >= MOST_NAMES:
            self._names.clear()
        period = self.at(calendar, zone, wall_ns)
        known = self._names[stem] = (stem + joined(period.name), period)
        return known


def _clock_period(calendar: Calendar, here: ZoneInfo, seconds: int, length: int) -> Period:
    """Whole hours of a zone that is off by :30 or :45 begin then; where the offset changes within one, it is cut there."""
    start = _aligned(seconds, here, length)
    end = start + length
    while _aligned(end - 1, here, length) > start:  # the offset changes before the period is over
        end = _aligned(end - 1, here, length)
    name = datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Period(f"{calendar}/{name}", start * _NANOS, end * _NANOS)


def _aligned(seconds: int, here: ZoneInfo, length: int) -> int:
    offset = _offset(seconds, here)
    start = (seconds + offset) // length * length - offset
    if _offset(start, here) == offset:
        return start
    before = start  # the offset has changed since: the period began with the change, at the first second that has the new one
    after = seconds
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if _offset(middle, here) == offset else (middle, after)
    return after


def _offset(seconds: int, here: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(seconds, here).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _dates(calendar: Calendar, today: date) -> tuple[date, date]:
    """The first date of the period that holds `today`, and of the one after."""
    if calendar is Calendar.DAY:
        return today, today + timedelta(days=1)
    if calendar is Calendar.WEEK:
        monday = today - timedelta(days=today.weekday())
        return monday, monday + timedelta(days=7)
    first = today.replace(day=1)
    return first, date(first.year + first.month // _DECEMBER, first.month % _DECEMBER + 1, 1)


def _start_of(day: date, here: ZoneInfo) -> int:
    """The first instant that bears the date, or a later one where the zone leaves it out: seconds since the epoch."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    before = int((midnight - timedelta(hours=26)).timestamp())  # no zone is further than that from UTC
    after = int((midnight + timedelta(hours=26)).timestamp())
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if datetime.fromtimestamp(middle, here).date() >= day else (middle, after)
    return after
