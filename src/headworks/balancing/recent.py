"""How soon each target has answered lately, as this gateway has seen it."""

from __future__ import annotations

from math import exp, inf

import msgspec

from headworks.domain.target import Target
from headworks.ports.clock import Clock

MEMORY = 10.0
"""Seconds in which a reading loses most of its weight, where new ones come."""
FORGOTTEN = 60.0
"""Seconds after which the last reading says nothing any more."""
NEWEST = 0.2
"""The least weight of a new reading: where many come at once, each still counts."""
_KNOWN = 4096
"""Targets that are remembered: callers can make up names where a provider's models are open to any."""


class Pace(msgspec.Struct, gc=False):
    """Seconds to an answer: their moving mean, and a peak that rises at once and sinks slowly."""

    at: float
    mean: float
    peak: float

    def hear(self, seconds: float, now: float) -> None:
        """One more reading."""
        kept = exp(-max(now - self.at, 0.0) / MEMORY)
        share = max(1.0 - kept, NEWEST)
        self.mean += (seconds - self.mean) * share
        self.peak = seconds if seconds >= self.peak else seconds + (self.peak - seconds) * kept
        self.at = now


class Recent:
    """One per gateway process. Streams are known by their first token, whole answers by their end: each is compared with its own kind."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._paces: dict[tuple[str, bool], Pace] = {}

    def hear(self, target: Target, seconds: float, *, streamed: bool) -> None:
        """An attempt took so long to its first token, or to the end of a whole answer."""
        now = self._clock.now()
        pace = self._paces.get((target.name, streamed))
        if pace is not None and now - pace.at <= FORGOTTEN:
            pace.hear(seconds, now)
            return
        if pace is None and len(self._paces) >= _KNOWN:
            del self._paces[next(iter(self._paces))]
        self._paces[target.name, streamed] = Pace(now, seconds, seconds)

    def mean(self, target: Target, *, streamed: bool) -> float | None:
        """Seconds; None where nothing was heard lately."""
        pace = self._lately(target, streamed=streamed)
        return None if pace is None else pace.mean

    def peak(self, target: Target, *, streamed: bool) -> float | None:
        """Seconds; None where nothing was heard lately. Sinks by itself towards the mean of what comes after it."""
        pace = self._lately(target, streamed=streamed)
        return None if pace is None else pace.peak

    def heard_at(self, target: Target, *, streamed: bool) -> float:
        """Monotonic seconds of the last reading, minus infinity where there was none."""
        pace = self._paces.get((target.name, streamed))
        return -inf if pace is None else pace.at

    def _lately(self, target: Target, *, streamed: bool) -> Pace | None:
        pace = self._paces.get((target.name, streamed))
        return pace if pace is not None and self._clock.now() - pace.at <= FORGOTTEN else None
