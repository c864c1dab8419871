"""How fast a queue drains, and how likely one is shed where it is too slow."""

from __future__ import annotations

_SMOOTHING = 0.1
_STEEP = 5
SHED_ALL = 0.8
"""Saturation from which on all is shed that may be."""


class Drain:
    """Mean seconds between two who are admitted while others wait. Before anybody was, nothing is predicted."""

    def __init__(self) -> None:
        self._interval = 0.0
        self._last: float | None = None

    def admitted(self, now: float, *, others_wait: bool) -> None:
        """One more. Time in which nobody waited says nothing of the pace."""
        if self._last is not None:
            gap = now - self._last
            self._interval = gap if not self._interval else self._interval + _SMOOTHING * (gap - self._interval)
        self._last = now if others_wait else None

    def stands(self, now: float) -> None:
        """Somebody waits who could not be admitted: time counts from now on."""
        if self._last is None:
            self._last = now

    def seconds(self, ahead: int, now: float) -> float:
        """Until so many have been admitted. A queue that has stopped is taken to be slower than it was, more so the longer it stands."""
        gap = now - self._last if self._last is not None else 0.0
        return ahead * (self._interval + _SMOOTHING * max(0.0, gap - self._interval))


def shed_chance(saturation: float) -> float:
    """How likely one that may be shed is: hardly at half, always from 0.8 on, steeply between."""
    return min(1.0, max(0.0, saturation / SHED_ALL) ** _STEEP)
