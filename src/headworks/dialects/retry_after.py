"""When an upstream says that it may be asked again."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime

Headers = Sequence[tuple[bytes, bytes]]

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_EPOCH = 1_000_000_000.0
"""A larger number of seconds is a point in time, not a pause."""
_EPOCH_MS = 1_000_000_000_000.0
_LONGEST = 86_400.0
"""A day: nobody waits longer, and what is longer is no pause but nonsense."""
_BUCKETS = ("requests", "tokens")


def read_retry_after(headers: Headers) -> float | None:
    """Seconds to wait, 0 … 86,400, from the first header that says so; points in time count from the answer's own `date`."""
    said = {name.decode("latin-1").lower(): value.decode("latin-1").strip() for name, value in headers}
    milliseconds = _number(said.get("retry-after-ms", ""))
    if milliseconds is not None:
        return _clamped(milliseconds / 1e3)
    for name in ("retry-after", *_exhausted(said), "x-ratelimit-reset", "ratelimit-reset"):
        value = said.get(name)
        seconds = _seconds(value, said.get("date", "")) if value else None
        if seconds is not None:
            return _clamped(seconds)
    return None


def _clamped(seconds: float) -> float:
    return min(max(0.0, seconds), _LONGEST)


def _exhausted(said: Mapping[str, str]) -> list[str]:
    """The reset headers of those buckets that are empty."""
    return [f"x-ratelimit-reset-{bucket}" for bucket in _BUCKETS if said.get(f"x-ratelimit-remaining-{bucket}") == "0"]


def _seconds(value: str, date: str) -> float | None:
    number = _number(value)
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


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _point(value: str) -> float | None:
    """Seconds since the epoch of an HTTP date."""
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, IndexError, TypeError):
        return None
