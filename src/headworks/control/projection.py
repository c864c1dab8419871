"""A projection reads the journal at its own pace and tells an exporter every exchange once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from headworks.control.bookmark import Bookmark
from headworks.domain.exchange import Exchange
from headworks.ports.clock import Clock
from headworks.ports.extension import Exporter
from headworks.stores.journal import Tail

Say = Callable[[str], None]
EVERY = 0.25
"""Seconds between two looks at a journal that has nothing new."""


class Projection:
    """One exporter and how far it has come. `lock` is held while exchanges are told: take it to see a moment when none is."""

    def __init__(self, name: str, exporter: Exporter, tail: Tail, bookmark: Bookmark, say: Say) -> None:
        self.name = name
        self.lock = asyncio.Lock()
        self.failures = 0
        """Exchanges that the exporter did not take."""
        self._exporter = exporter
        self._tail = tail
        self._bookmark = bookmark
        self._say = say
        self._up_to_date_at = 0.0  # monotonic seconds

    @property
    def caught_up(self) -> bool:
        """Whether the last step left nothing unread."""
        return self._tail.caught_up

    @property
    def skipped(self) -> int:
        """Lines of the journal that could not be read."""
        return self._tail.skipped

    def lag(self, now: float) -> tuple[int, float]:
        """Bytes of the journal not yet read, and for how many seconds there have been some."""
        unread = self._tail.lag_bytes()
        return unread, max(0.0, now - self._up_to_date_at) if unread else 0.0

    def step(self, now: float) -> int:
        """Tell what has come, at most a batch of it, and return how many exchanges that were."""
        told = 0
        for record in self._tail.poll():
            if isinstance(record, Exchange):
                self._tell(record)
                told += 1
        if self._tail.caught_up:
            self._up_to_date_at = now
        return told

    def _tell(self, exchange: Exchange) -> None:
        try:
            self._exporter.emit(exchange)
        except Exception as trouble:  # noqa: BLE001 - an exporter's failure on one exchange must not stop the others
            self.fail(1, f"did not take exchange {exchange.id}: {trouble!r}")

    def fail(self, exchanges: int, words: str) -> None:
        """So many exchanges are lost to this exporter."""
        if not self.failures:
            self._say(f"{self.name} {words} (said once; headworks_projection_failures_total counts on)")
        self.failures += exchanges

    def save(self) -> None:
        """What has been told so far is told for good: a later life begins behind it."""
        self._bookmark.save(self._tail.places())


async def follow(projection: Projection, clock: Clock, after: Callable[[], None] | None = None) -> None:
    """Keep a projection up to date until cancelled. `after` runs in a thread after each batch, and then the place is saved; without it
    whoever owns the projection saves.
    """
    while True:
        await advance(projection, clock, after)
        await clock.sleep(EVERY if projection.caught_up else 0)


async def advance(projection: Projection, clock: Clock, after: Callable[[], None] | None = None) -> None:
    """One batch."""
    async with projection.lock:
        told = projection.step(clock.now())
        if told and after is not None:
            try:
                await asyncio.to_thread(after)
            except OSError as trouble:
                projection.fail(told, f"could not hand on what it was told ({trouble.strerror})")
            else:
                projection.save()
