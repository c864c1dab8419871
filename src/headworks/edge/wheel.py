"""One coarse timer for all connections of a process, instead of one timer per request.

A thing that waits stands in one slot of a ring. Moving its deadline *later* costs an attribute assignment: it is found too early, in its
old slot, and put where it belongs then. Only moving it earlier changes slots. Deadlines are kept to within one tick, never early.
"""

from __future__ import annotations

import math
from typing import Protocol

from headworks.domain.ending import Complain
from headworks.edge.guarded import went_well
from headworks.ports.clock import Clock

TICK = 0.5
"""Seconds between two turns."""
_SLOTS = 128


class Timed(Protocol):
    """Something that waits. `due` and `visit` belong to the wheel: when it is to be called, and when it is looked at (monotonic seconds)."""

    due: float
    visit: float

    def on_due(self, now: float) -> None:
        """The deadline has passed. It may arm itself again."""
        ...


NEVER = math.inf
"""The `visit` of what does not stand in the wheel."""


class Wheel:
    """One per process; belongs to the loop. `turn` must be called about every `TICK` seconds."""

    def __init__(self, clock: Clock, complain: Complain) -> None:
        self._clock = clock
        self._complain = complain
        self._slots: list[set[Timed]] = [set() for _ in range(_SLOTS)]
        self._at = int(clock.now() / TICK)

    def arm(self, timed: Timed, due: float) -> None:
        """Call `on_due` at the first turn after `due`. A deadline set before is forgotten."""
        timed.due = due
        if due < timed.visit:
            self._move(timed)

    def disarm(self, timed: Timed) -> None:
        """Forget it."""
        self._remove(timed)
        timed.visit = NEVER

    def turn(self) -> None:
        """Look at everything whose time may have come since the last turn."""
        now = self._clock.now()
        to = int(now / TICK)
        steps = min(to - self._at, _SLOTS)
        self._at = to
        for tick in range(to - steps + 1, to + 1):
            slot = self._slots[tick % _SLOTS]
            if slot:
                self._slots[tick % _SLOTS] = set()
                for timed in slot:
                    self._look(timed, now)

    def _look(self, timed: Timed, now: float) -> None:
        if timed.visit > self._at * TICK:
            return  # another one's deadline has disarmed or moved it just now
        timed.visit = NEVER
        if timed.due > now:
            self.arm(timed, timed.due)
            return
        went_well(self._complain, timed.on_due, now)

    def _move(self, timed: Timed) -> None:
        self._remove(timed)
        tick = min(max(int(timed.due / TICK) + 1, self._at + 1), self._at + _SLOTS - 1)
        timed.visit = tick * TICK
        self._slots[tick % _SLOTS].add(timed)

    def _remove(self, timed: Timed) -> None:
        if timed.visit != NEVER:
            self._slots[int(timed.visit / TICK) % _SLOTS].discard(timed)
