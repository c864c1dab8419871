"""The kinds of value that the admin API speaks in: money as decimal text, times by RFC 3339. Integers beyond 2⁵³ would not survive JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from msgspec import Meta

PER_UNIT = 10**9
_LAST = (2**63 - 1) // 1000
"""Microseconds: in the year 2262."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern=r"^[^\x00-\x1f\x7f/]+(?!\n)$",
        description="For people; no control characters, no slash.",
    ),
]
"""What things are called by."""
Label = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_.-]*(?!\n)$")]
"""What limits and budgets are called by. (`$` alone would let a last newline pass.)"""
Id = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_*:.-]+(?!\n)$")]
"""Of a record."""
Decimal = Annotated[
    str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?(?!\n)$", description="Money, as decimal text: `12.50`.", examples=["12.50"])
]
"""Money."""
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}(?!\n)$", description="ISO 4217.")]
"""Of money."""
When = Annotated[datetime, Meta(tz=True)]
"""An instant."""
Ends = Annotated[When | None, Meta(description="Its last instant, RFC 3339. Left out or null: none.")]
"""When something expires."""
Text = Annotated[str, Meta(max_length=256, pattern=r"^[^\x00-\x1f\x7f]*(?!\n)$")]
"""One line."""
Words = Annotated[tuple[Annotated[Text, Meta(min_length=1)], ...], Meta(max_length=1000)]
"""Names or patterns."""


def nanos_of(amount: str) -> int:
    """Nano-units of decimal text."""
    whole, _, part = amount.partition(".")
    return int(whole) * PER_UNIT + int(part.ljust(9, "0") or "0")


def decimal_of(nanos: int) -> str:
    """Decimal text of nano-units, without needless zeros."""
    whole, part = divmod(nanos, PER_UNIT)
    return f"{whole}.{part:09d}".rstrip("0").rstrip(".") if part else str(whole)


def wall_of(when: datetime | None) -> int:
    """Wall-clock nanoseconds; None is never. What 64 bits cannot hold becomes the nearest that they can."""
    if when is None:
        return 0
    return min(max((when - _EPOCH) // timedelta(microseconds=1), 1), _LAST) * 1000


def when_of(wall: int) -> datetime | None:
    """The instant, to the microsecond; 0 is never."""
    return _EPOCH + timedelta(microseconds=wall // 1000) if wall else None
