"""When an upstream says that it may be asked again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headworks.domain.pause import number_of, seconds_until

Headers = Sequence[tuple[bytes, bytes]]

_LONGEST = 86_400.0
"""A day: nobody waits longer, and what is longer is no pause but nonsense."""
_BUCKETS = ("requests", "tokens")


def read_retry_after(headers: Headers) -> float | None:
    """Seconds to wait, 0 … 86,400, from the first header that says so; points in time count from the answer's own `date`."""
    said = {name.decode("latin-1").lower(): value.decode("latin-1").strip() for name, value in headers}
    milliseconds = number_of(said.get("retry-after-ms", ""))
    if milliseconds is not None:
        return _clamped(milliseconds / 1e3)
    for name in ("retry-after", *_exhausted(said), "x-ratelimit-reset", "ratelimit-reset"):
        value = said.get(name)
        seconds = seconds_until(value, said.get("date", "")) if value else None
        if seconds is not None:
            return _clamped(seconds)
    return None


def _clamped(seconds: float) -> float:
    return min(max(0.0, seconds), _LONGEST)


def _exhausted(said: Mapping[str, str]) -> list[str]:
    """The reset headers of those buckets that are empty."""
    return [f"x-ratelimit-reset-{bucket}" for bucket in _BUCKETS if said.get(f"x-ratelimit-remaining-{bucket}") == "0"]
