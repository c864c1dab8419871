"""Time that stands still until a test moves it."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count

_NS = 1_000_000_000
_SETTLING_TURNS = 50


class FrozenClock:
    """A `ports.clock.Clock` moved by hand: sleeps end when time is advanced past them, never by themselves.

    Both clocks move together, counted in whole nanoseconds, so a thousand small steps end where one large one does.
    Belongs to one event loop.
    """

    def __init__(self, *, now: float = 1_000.0, wall_ns: int = 1_767_225_600 * _NS) -> None:
        """`now` is the monotonic start in seconds, `wall_ns` the start in nanoseconds since the epoch (2026-01-01 UTC)."""
        self._now_ns = round(now * _NS)
        self._wall_ns = wall_ns
        self._order = count()
        self._sleeping: list[tuple[int, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        """Monotonic seconds."""
        return self._now_ns / _NS

    def wall_ns(self) -> int:
        """Nanoseconds since the epoch."""
        return self._wall_ns

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been advanced by `seconds`. Zero or less only lets others run."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        wake = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleeping, (self._now_ns + round(seconds * _NS), next(self._order), wake))
        await wake

    @property
    def sleepers(self) -> int:
        """How many sleeps are under way."""
        return sum(not wake.done() for _, _, wake in self._sleeping)

    def advance(self, seconds: float) -> None:
        """Move time and wake whoever is due, in order. The woken run when the loop next turns."""
        end = self._now_ns + round(seconds * _NS)
        while self._sleeping and self._sleeping[0][0] <= end:
            due, _, wake = heapq.heappop(self._sleeping)
            self._move_to(due)
            if not wake.done():
                wake.set_result(None)
        self._move_to(end)

    async def run(self, seconds: float) -> None:
        """Move time from one sleep's end to the next and let the woken act at each, so that repeated sleeps are served."""
        end = self._now_ns + round(seconds * _NS)
        await _settle()
        while self._sleeping and self._sleeping[0][0] <= end:
            self.advance((self._sleeping[0][0] - self._now_ns) / _NS)
            await _settle()
        self._move_to(end)

    async def until_sleeping(self, sleepers: int = 1, *, turns: int = 10_000) -> None:
        """Let the loop turn until so many sleeps are under way. Raises `TimeoutError` after `turns` turns."""
        for _ in range(turns):
            if self.sleepers >= sleepers:
                return
            await asyncio.sleep(0)
        raise TimeoutError(f"{self.sleepers} of {sleepers} expected sleepers after {turns} turns of the loop")

    def _move_to(self, instant: int) -> None:
        step = max(0, instant - self._now_ns)
        self._now_ns += step
        self._wall_ns += step

    def __repr__(self) -> str:
        return f"<FrozenClock {self.now():.3f} s · {self.sleepers} sleeping>"


async def _settle() -> None:
    for _ in range(_SETTLING_TURNS):
        await asyncio.sleep(0)
