"""Stretches of time as the command line takes them: 45s, 30m, 12h, 90d."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from headworks.wiring.clock import SystemClock

_SPAN = re.compile(r"([0-9]{1,5})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
NEVER = "never"


def seconds_of(span: str) -> int:
    """How long it is. Raises `ValueError` with what can be written."""
    found = _SPAN.fullmatch(span)
    if found is None:
        raise ValueError(f"{span!r} is no span of time. Write 45s, 30m, 12h or 90d.")
    return int(found[1]) * _SECONDS[found[2]]


def now() -> int:
    """Seconds since 1970."""
    return SystemClock.wall_ns() // 1_000_000_000


def instant_after(span: str) -> datetime | None:
    """That long from now; None for `never`."""
    return None if span == NEVER else datetime.fromtimestamp(now(), UTC) + timedelta(seconds=seconds_of(span))
