"""A projection follows the journal at its own pace and tells an exporter every exchange once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from headworks.control.bookmark import Bookmark
from headworks.domain.exchange import Exchange
from headworks.ports.clock import Clock
from headworks.ports.extension import Exporter
from headworks.stores.journal import Place, Tail
from headworks.stores.journal.walk import Piece

Say = Callable[[str], None]
EVERY = 0.25
"""Seconds between two looks whether something is to be handed on."""


class Projection:
    """One exporter and how far it has come: a `Follower`. It is told nothing while `lock` is held."""

    def __init__(self, name: str, exporter: Exporter, tail: Tail, bookmark: Bookmark, say: Say) -> None:
        self.name = name
        self.lock = asyncio.Lock()
        self.failures = 0
        """Exchanges that the exporter did not take."""
        self.fresh = 0
        """Exchanges told since the place was last saved."""
        self._exporter = exporter
        self._tail = tail
        self._bookmark = bookmark
        self._say = say
        self._up_to_date_at = 0.0  # monotonic seconds

    @property
    def skipped(self) -> int:
        """Lines of the journal that could not be read."""
        return self._tail.skipped

    @property
    def ready(self) -> bool:
        """Whether nobody holds the lock."""
        return not self.lock.locked()

    def lag(self, now: float) -> tuple[int, float]:
        """Bytes of the journal not yet read, and for how many seconds there have been some."""
        unread = self._tail.lag_bytes()
        return unread, max(0.0, now - self._up_to_date_at) if unread else 0.0

    def begin(self, stems: Collection[str]) -> None:
        """A look at these epochs begins."""
        self._tail.begin(stems)

    def place(self, stem: str) -> Place:
        """Where it goes on in an epoch."""
        return self._tail.place(stem)

    def take(self, stem: str, piece: Piece) -> bool:
        """Tell what ended there. What cannot be read is passed over."""
        self._tail.take(stem, piece)
        for exchange in piece.exchanges:
            self._tell(exchange)
        self.fresh += len(piece.exchanges)
        return True

    def end(self, now: float, *, caught_up: bool) -> None:
        """The look is over."""
        if caught_up:
            self._up_to_date_at = now

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
        """What has been told so far is told for good: a later life begins behind it. Waits for the disk."""
        self.fresh = 0
        self._bookmark.save(self._tail.places())


async def deliver(projection: Projection, hand_on: Callable[[], None], clock: Clock) -> None:
    """Hand on what was told, until cancelled."""
    while True:
        await deliver_once(projection, hand_on)
        await clock.sleep(EVERY)


async def deliver_once(projection: Projection, hand_on: Callable[[], None]) -> None:
    """`hand_on` runs in a thread, and then the place is saved in one."""
    if not projection.fresh:
        return
    async with projection.lock:
        try:
            await asyncio.to_thread(hand_on)
        except OSError as trouble:
            projection.fail(projection.fresh, f"could not hand on what it was told ({trouble.strerror})")
            projection.fresh = 0
        else:
            await asyncio.to_thread(projection.save)
