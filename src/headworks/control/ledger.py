"""The ledger: the journal booked in SQL, every exchange exactly once.

What is read from the places that SQL keeps is summed up in a draft, and posted in the same transaction that moves these places on,
provided that nobody has moved them meanwhile. Whatever goes wrong, the draft is thrown away: the next one begins with what SQL says. Who is
killed leaves all of a draft or nothing; of two who book the same one is turned away.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from headworks.control.draft import Draft
from headworks.control.feed import Feed
from headworks.control.unbooked import book_apart
from headworks.ports.clock import Clock
from headworks.stores.journal import Place, unread_bytes
from headworks.stores.journal.segment import START
from headworks.stores.journal.strict import sound_part
from headworks.stores.journal.walk import Piece
from headworks.stores.sql.ledger import LedgerTables, PlacesMovedError, UnbookableError

Say = Callable[[str], None]
EVERY = 0.25
"""Seconds between two looks whether there is something to post."""
LONGEST_PAUSE = 10.0
ROWS_PER_SECOND = 400
"""Written on average: the more there is to post, the longer more is gathered before the next posting."""
SHORTEST_DRAFT, LONGEST_DRAFT = 1.0, 5.0
"""Seconds from one posting to the next."""
LARGEST_DRAFT = 32 << 20
"""Bytes of the journal."""


class Ledger:
    """One per control process: a `Follower`, told of the journal as long as it has a draft. `run` it as a task."""

    def __init__(self, directory: Path, tables: LedgerTables, say: Say) -> None:
        """`directory` is the journal's."""
        self.stopped: dict[str, str] = {}
        """Epochs that cannot be read on, and why: an alarm."""
        self.failures = 0
        """How often in a row the database did not take a draft."""
        self.unbookable = 0
        """Exchanges that no database can hold, since the process began."""
        self.caught_up = False
        self._stopping: dict[str, str] = {}
        self._directory = directory
        self._tables = tables
        self._say = say
        self._draft: Draft | None = None
        self._booked: Mapping[str, Place] = {}
        self._turned_away = 0
        """In a row, by another projector."""
        self._post_at = 0.0  # monotonic seconds
        self._up_to_date_at = self._read_up_at = 0.0

    def booked(self) -> Mapping[str, Place]:
        """How far each epoch is booked, as of the last time that the database was asked or took something; nothing until then."""
        return self._booked

    def lag(self, now: float) -> tuple[int, float]:
        """Bytes of the journal not booked, and for how many seconds there have been some."""
        unbooked = unread_bytes(self._directory, self._booked)
        return unbooked, max(0.0, now - self._up_to_date_at) if unbooked else 0.0

    @property
    def ready(self) -> bool:
        """Whether there is a draft, and room in it."""
        return self._draft is not None and self._draft.size < LARGEST_DRAFT

    def begin(self, stems: Collection[str]) -> None:  # noqa: ARG002 - what is away may come again
        """A look begins."""
        self._stopping = {}

    def place(self, stem: str) -> Place:
        """Where it goes on in an epoch."""
        return self._draft.place(stem) if self._draft is not None else START

    def take(self, stem: str, piece: Piece) -> bool:
        """Add what ended there to the draft. What cannot be read is not passed over."""
        draft = self._draft
        if draft is None:
            return False
        after, ended, stopped = sound_part(piece, draft.place(stem))
        if after != draft.place(stem):
            draft.add(stem, after, ended)
            draft.size += piece.size
        if stopped:
            self._stopping[stem] = stopped
        return not stopped

    def end(self, now: float, *, caught_up: bool) -> None:
        """The look is over: raise the alarm about what stands still."""
        self.caught_up = caught_up
        for epoch, why in self._stopping.items():
            if epoch not in self.stopped:
                self._say(f"the ledger stops booking {epoch}: {why}")
        self.stopped = self._stopping
        if self._draft is not None and caught_up:
            self._read_up_at = now
            if not self._draft.exchanges:
                self._up_to_date_at = now

    async def step(self) -> int:
        """Book what has come, at most a batch of it; how many exchanges that were. Raises what the database does, and then nothing is booked."""
        await self._open()
        Feed(self._directory, (self,)).step(0.0)
        return await self._post()

    async def run(self, clock: Clock) -> None:
        """Post what a `Feed` tells, until cancelled. A database that is away is waited for: the journal keeps everything meanwhile."""
        while True:
            pause = EVERY
            try:
                await self._look(clock)
            except PlacesMovedError:
                pause = _pause_after(self._turned_away)
                self._turned_away += 1
            except (SQLAlchemyError, OSError) as trouble:
                self.failures += 1
                if self.failures == 1:
                    self._say(
                        f"the ledger waits: the database does not take it ({type(trouble).__name__}); the journal keeps all"
                    )
                pause = _pause_after(self.failures)
            await clock.sleep(pause)

    async def _look(self, clock: Clock) -> None:
        draft = await self._open()
        if draft.steps:
            if self.ready and clock.now() < self._post_at:
                return
            await self._post()
            self._post_at = clock.now() + min(max(SHORTEST_DRAFT, draft.rows / ROWS_PER_SECOND), LONGEST_DRAFT)
        elif not self.caught_up:
            return  # who knows whether the database would take it
        if self.failures:
            self._say("the ledger goes on")
        self.failures = self._turned_away = 0

    async def _open(self) -> Draft:
        if self._draft is None:
            self.caught_up = False
            self._draft = Draft(await self._tables.places())
            self._booked = self._draft.places
        return self._draft

    async def _post(self) -> int:
        """Raises what the database does. Then there is no draft, and the next one begins where SQL says."""
        draft, self._draft = self._draft, None
        if draft is None:
            return 0
        read_up_at = self._read_up_at
        if draft.steps:
            try:
                await self._tables.post(draft.steps, draft.sums)
            except UnbookableError:
                self.caught_up = False
                self.unbookable += await book_apart(self._directory, self._tables, draft.size, self._say)
                return 0
        self._up_to_date_at = read_up_at
        self._booked = draft.places
        self._draft = Draft(self._booked)
        return draft.exchanges


def _pause_after(failures: int) -> float:
    """Seconds; none after no failure."""
    return min(LONGEST_PAUSE, EVERY * 2.0**failures) if failures else 0.0
