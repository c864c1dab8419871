"""One coarse timer wheel for all deadlines of one kind, so that no request makes a timer of its own. Both sides of the gateway turn one.

A deadline fires at most one tick late and never early. The wheel is sparse: it holds only the ticks at which somebody is to be
looked at. Moving a deadline later, which every request does, costs an assignment: the timer is found too early, in its old tick, and put
where it belongs then.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from math import inf
from types import TracebackType
from typing import Protocol

NEVER = inf
TICK = 0.1
"""Seconds."""

Now = Callable[[], float]
Later = Callable[[float, Callable[[], None]], asyncio.TimerHandle]
Complain = Callable[[Exception], None]


class Timer(Protocol):
    """What can be put on the wheel. Both times start as `NEVER` and are written by the wheel alone."""

    due: float
    """When it is to be looked at."""
    visit: float
    """When the wheel comes by: perhaps sooner."""

    def on_time(self, now: float) -> float | None:
        """`due` has come. Answers when to come again, or None; it may also ask the wheel itself."""
        ...


class Wheel:
    """One per owner; belongs to its loop. `now` gives monotonic seconds, and `later` is the loop's `call_later`: the wheel asks for one alarm
    at the nearest of its ticks, and for none when there is nothing to wait for. Without it the owner calls `turn` once a tick.
    """

    __slots__ = ("_alarm", "_alarm_at", "_complain", "_later", "_now", "_order", "_slots", "_tick", "_turned")

    def __init__(self, now: Now, later: Later | None, complain: Complain, tick: float = TICK) -> None:
        """`complain` hears what a timer raised: one's failure must not stop the others' deadlines."""
        self._now = now
        self._later = later
        self._complain = complain
        self._tick = tick
        self._slots: dict[float, dict[Timer, None]] = {}
        self._order: list[float] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = NEVER
        self._turned = -NEVER
        """The present of the latest turn: nobody is put where it has been."""

    def watch(self, timer: Timer, at: float) -> None:
        """Look at `timer` once, in the tick after `at`. It is on the wheel at most once: an earlier wish is forgotten."""
        timer.due = at
        if at < timer.visit:
            self._put(timer, at)

    def forget(self, timer: Timer) -> None:
        """Do not look at `timer` any more."""
        slot = self._slots.get(timer.visit)
        if slot is not None:
            slot.pop(timer, None)
        timer.due = timer.visit = NEVER

    def turn(self) -> None:
        """Look at everybody whose tick has come."""
        now = self._turned = self._now()
        while self._order and self._order[0] <= now:
            visit = heapq.heappop(self._order)
            for timer in self._slots.pop(visit):
                if timer.visit == visit:  # not forgotten or moved by one that was looked at before it
                    self._look(timer, now)
        self._alarm_at = NEVER
        if self._order:
            self._set_alarm(self._order[0])

    def __len__(self) -> int:
        return sum(map(len, self._slots.values()))

    def _put(self, timer: Timer, at: float) -> None:
        visit = (int(at / self._tick) + 1) * self._tick
        if visit <= self._turned:
            visit = self._turned + self._tick
        if timer.visit == visit:
            return
        former = self._slots.get(timer.visit)
        if former is not None:
            former.pop(timer, None)
        timer.visit = visit
        slot = self._slots.get(visit)
        if slot is None:
            slot = self._slots[visit] = {}
            heapq.heappush(self._order, visit)
            if visit < self._alarm_at:
                self._set_alarm(visit)
        slot[timer] = None

    def _look(self, timer: Timer, now: float) -> None:
        timer.visit = NEVER
        if timer.due > now:
            self._put(timer, timer.due)
            return
        timer.due = NEVER
        try:
            again = timer.on_time(now)
        except Exception as trouble:  # noqa: BLE001 - one timer's failure must not stop the others' deadlines
            self._complain(trouble)
            return
        if again is not None:
            self.watch(timer, max(again, now))

    def _set_alarm(self, visit: float) -> None:
        if self._later is None:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = visit
        self._alarm = self._later(max(visit - self._now(), 0.0), self.turn)


class Deadline:
    """`asyncio.timeout` on the wheel: cancels the block that it guards at `at` and turns that into `TimeoutError`."""

    __slots__ = ("_cancelling", "_expired", "_task", "_wheel", "at", "due", "visit")

    def __init__(self, wheel: Wheel, at: float) -> None:
        self._wheel = wheel
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._expired = False
        self.at = at
        self.due = self.visit = NEVER

    async def __aenter__(self) -> None:
        task = self._task = asyncio.current_task()
        assert task is not None
        self._cancelling = task.cancelling()
        self._wheel.watch(self, self.at)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wheel.forget(self)
        task = self._task
        assert task is not None
        if self._expired and task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def on_time(self, now: float) -> None:  # noqa: ARG002 - a deadline knows what it is for
        """The wheel's."""
        self._expired = True
        if self._task is not None:
            self._task.cancel()
