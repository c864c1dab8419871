"""How others write a time to wait: `20`, `1m30.5s`, a date of HTTP, a timestamp."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_EPOCH = 1_000_000_000.0
"""A larger number of seconds is a point in time, not a pause."""
_EPOCH_MS = 1_000_000_000_000.0


def seconds_until(value: str, date: str) -> float | None:
    """Seconds from `date`, the answer's own header of that name, to what `value` says; None where they do not tell."""
    number = number_of(value)
    if number is not None:
        if number < _EPOCH:
            return number
        now = _point(date)
        at = number / 1e3 if number > _EPOCH_MS else number
        return None if now is None else at - now
    if _DURATION.match(value):
        return sum(float(amount) * _SECONDS[unit] for amount, unit in _DURATION.findall(value))
    at, now = _point(value), _point(date)
    return None if at is None or now is None else at - now


def number_of(value: str) -> float | None:
    """A finite number; None where it is none."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _point(value: str) -> float | None:
    """Seconds since the epoch of a timestamp of RFC 3339, or of an HTTP date."""
    try:
        moment = datetime.fromisoformat(value) if value[:1].isdigit() else parsedate_to_datetime(value)
    except (ValueError, IndexError, TypeError):
        return None
    try:
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except OverflowError:
        return None
