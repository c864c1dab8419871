"""Calendar periods: every instant lies in exactly one, whatever clocks do in its zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.domain.limits import Calendar, Periods, period_at

NANOS = 1_000_000_000
ZONES = sorted(
    available_timezones()
    & {
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/Santiago",
        "Asia/Beirut",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "Pacific/Apia",
        "Africa/Casablanca",
        "America/St_Johns",
    }
)
INSTANTS = st.integers(int(datetime(2005, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2035, 1, 1, tzinfo=UTC).timestamp()))
CALENDARS = st.sampled_from(list(Calendar))


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * NANOS


@settings(max_examples=400)
@given(CALENDARS, st.sampled_from(ZONES), INSTANTS)
def test_an_instant_lies_in_its_period_and_its_ends_agree(calendar: Calendar, zone: str, seconds: int) -> None:
    """The first and the last instant of a period are in it, and the ones beside it in others with other names."""
    period = period_at(calendar, zone, seconds * NANOS)
    assert period.starts_at <= seconds * NANOS < period.ends_at
    assert period_at(calendar, zone, period.starts_at) == period
    assert period_at(calendar, zone, period.ends_at - NANOS) == period
    before, after = period_at(calendar, zone, period.starts_at - NANOS), period_at(calendar, zone, period.ends_at)
    assert before.ends_at == period.starts_at
    assert after.starts_at == period.ends_at
    assert len({before.name, period.name, after.name}) == 3


@settings(max_examples=200)
@given(st.sampled_from([Calendar.DAY, Calendar.WEEK, Calendar.MONTH]), st.sampled_from(ZONES), INSTANTS)
def test_a_longer_period_is_named_by_its_first_local_date(calendar: Calendar, zone: str, seconds: int) -> None:
    period = period_at(calendar, zone, seconds * NANOS)
    first = datetime.fromtimestamp(period.starts_at // NANOS, ZoneInfo(zone)).date()
    here = datetime.fromtimestamp(seconds, ZoneInfo(zone)).date()
    assert period.name == f"{calendar}/{first.isoformat()}" or zone == "Pacific/Apia"  # Samoa left out a whole day
    assert first <= here
    if calendar is Calendar.WEEK and zone != "Pacific/Apia":
        assert first.weekday() == 0
    if calendar is Calendar.MONTH:
        assert (first.day, first.month) == (1, here.month)


@pytest.mark.parametrize(
    ("zone", "at", "starts", "ends"),
    [
        ("Europe/Berlin", "2026-10-25T12:00:00+01:00", "2026-10-24T22:00:00+00:00", "2026-10-25T23:00:00+00:00"),
        ("America/Santiago", "2026-09-06T12:00:00-03:00", "2026-09-06T01:00:00-03:00", "2026-09-07T00:00:00-03:00"),
        ("Asia/Kathmandu", "2026-10-25T12:00:00+05:45", "2026-10-25T00:00:00+05:45", "2026-10-26T00:00:00+05:45"),
    ],
)
def test_a_day_is_as_long_as_the_zone_has_it(zone: str, at: str, starts: str, ends: str) -> None:
    """25 hours in Berlin's autumn; 23 in Santiago's spring, and none of them midnight."""
    period = period_at(Calendar.DAY, zone, ns(at))
    assert (period.starts_at, period.ends_at) == (ns(starts), ns(ends))


def test_an_hour_that_is_lived_twice_is_two_periods() -> None:
    first = period_at(Calendar.HOUR, "Europe/Berlin", ns("2026-10-25T00:30:00+00:00"))
    second = period_at(Calendar.HOUR, "Europe/Berlin", ns("2026-10-25T01:30:00+00:00"))
    assert first.ends_at == second.starts_at
    assert first.name != second.name


def test_the_period_under_way_is_remembered_until_it_is_over() -> None:
    periods = Periods()
    midnight = ns("2026-11-01T00:00:00+00:00")
    october = periods.at(Calendar.MONTH, "UTC", midnight - 1)
    assert periods.at(Calendar.MONTH, "UTC", midnight - 10) is october
    assert periods.at(Calendar.MONTH, "UTC", midnight).name == "month/2026-11-01"
    assert periods.at(Calendar.MONTH, "UTC", midnight - 1).name == "month/2026-10-01"
