"""One coarse timer for all connections of a process, instead of one timer per request.

A thing that waits stands in one slot of a ring. Moving its deadline *later* costs an attribute assignment: it is found too early, in its
old slot, and put where it belongs then. Only moving it earlier changes slots. Deadlines are kept to within one tick, never early.
"""

from __future__ import annotations

from typing import Protocol

from headworks.domain.ending import Complain
from headworks.edge.guarded import went_well
from headworks.ports.clock import Clock

TICK = 0.5
"""Seconds between two turns."""
_SLOTS = 128


class Timed(Protocol):
    """Something that waits. `due` and `visit` (monotonic seconds and a tick's number) belong to the wheel."""

    due: float
    visit: int

    def on_due(self, now: float) -> None:
        """The deadline has passed. It may arm itself again."""
        ...


NEVER = 1 << 62
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
        visit = int(due / TICK) + 1
        if visit < timed.visit:
            self._move(timed, visit)

    def disarm(self, timed: Timed) -> None:
        """Forget it."""
        if timed.visit != NEVER:
            self._slots[timed.visit % _SLOTS].discard(timed)
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
        if timed.visit > self._at:
            return  # another one's deadline has disarmed or moved it just now
        timed.visit = NEVER
        if timed.due > now:
            self.arm(timed, timed.due)
            return
        went_well(self._complain, timed.on_due, now)

    def _move(self, timed: Timed, visit: int) -> None:
        if timed.visit != NEVER:
            self._slots[timed.visit % _SLOTS].discard(timed)
        visit = min(max(visit, self._at + 1), self._at + _SLOTS - 1)
        timed.visit = visit
        self._slots[visit % _SLOTS].add(timed)
