"""The ledger posts what it is told when it is time, and waits where it has to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from headworks.control.feed import Feed
from headworks.control.ledger import LONGEST_DRAFT, LONGEST_PAUSE, ROWS_PER_SECOND, SHORTEST_DRAFT, Ledger
from headworks.domain.ledger import Sums
from headworks.stores.journal import SegmentedJournal
from headworks.stores.sql.ledger import LedgerTables, PlacesMovedError, Step
from headworks.testing import FrozenClock
from tests.journal.writing import journal_in
from tests.ledger.booking import Books, spent, with_books
from tests.ledger.conftest import made


class Over(Exception):
    """Enough has been seen."""


class PassingClock(FrozenClock):
    """Nobody waits: time moves on with each sleep, and meanwhile the journal is told."""

    def __init__(self, sleeps: int) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self.meanwhile: Callable[[], object] = list
        self._sleeps = sleeps

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if len(self.pauses) == self._sleeps:
            raise Over
        self.meanwhile()
        self.advance(seconds)


class Tables(LedgerTables):
    """Refuses the first so many postings, and tells when each of the others came and how much it was."""

    def refuse(self, trouble: Exception, times: int, clock: FrozenClock) -> None:
        self.trouble, self.times, self.clock = trouble, times, clock
        self.posted: list[tuple[float, int]] = []
        self.lags: list[float] = []

    async def post(self, steps: Sequence[Step], sums: Sums) -> None:
        if self.times:
            self.times -= 1
            raise self.trouble
        await super().post(steps, sums)
        self.posted.append((self.clock.now(), sums.bill.exchanges))


def run(
    tmp_path: Path, clock: PassingClock, trouble: Exception, times: int, journal: SegmentedJournal
) -> tuple[Tables, list[str]]:
    """A ledger over a journal to which one exchange is added at each turn; the tables, and what was said."""
    directory = tmp_path / "journal"

    async def body(books: Books) -> tuple[Tables, list[str]]:
        tables = Tables(books.database, "here", clock)
        tables.refuse(trouble, times, clock)
        ledger = Ledger(directory, tables, books.voice)
        feed = Feed(directory, [ledger])

        def meanwhile() -> None:
            journal.end(spent(len(clock.pauses), 5, lineage=("org_1", f"key_{len(clock.pauses)}")))
            feed.step(clock.now())
            tables.lags.append(ledger.lag(clock.now())[1])

        clock.meanwhile = meanwhile
        try:
            await ledger.run(clock)
        except Over:
            return tables, books.voice.said
        raise AssertionError

    try:
        return with_books(made(f"sqlite:///{tmp_path}/headworks.db"), directory, body)
    finally:
        journal.close()


def test_who_is_turned_away_again_and_again_waits(tmp_path: Path) -> None:
    clock = PassingClock(16)

    run(tmp_path, clock, PlacesMovedError(), 99, journal_in(tmp_path / "journal"))

    turned_away = clock.pauses[1::2]
    assert turned_away == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, LONGEST_PAUSE, LONGEST_PAUSE]


def test_a_database_that_is_away_is_waited_for_and_said_once(tmp_path: Path) -> None:
    clock = PassingClock(20)

    tables, said = run(tmp_path, clock, SQLAlchemyError(), 3, journal_in(tmp_path / "journal"))

    assert len(said) == 2
    assert "waits" in said[0]
    assert said[1] == "the ledger goes on"
    assert tables.posted


def test_little_is_posted_every_second(tmp_path: Path) -> None:
    clock = PassingClock(30)

    tables, _ = run(tmp_path, clock, SQLAlchemyError(), 0, journal_in(tmp_path / "journal"))

    times = [at for at, _ in tables.posted]
    assert {later - earlier for earlier, later in pairwise(times)} == {SHORTEST_DRAFT}


def test_the_more_is_posted_the_longer_more_is_gathered(tmp_path: Path) -> None:
    journal = journal_in(tmp_path / "journal")
    for number in range(3000):
        journal.end(spent(1000 + number, 5, lineage=("org_1", f"key_{number}")))
    clock = PassingClock(60)

    tables, _ = run(tmp_path, clock, SQLAlchemyError(), 0, journal)

    many = next(place for place, (_, exchanges) in enumerate(tables.posted) if exchanges > 1.2 * ROWS_PER_SECOND)
    waited = tables.posted[many + 1][0] - tables.posted[many][0]
    assert SHORTEST_DRAFT < waited <= LONGEST_DRAFT


def test_a_ledger_that_keeps_up_does_not_lag_however_long_there_is_always_something_new(tmp_path: Path) -> None:
    clock = PassingClock(400)
    began = clock.now()

    tables, _ = run(tmp_path, clock, SQLAlchemyError(), 0, journal_in(tmp_path / "journal"))

    assert clock.now() - began > 10 * LONGEST_DRAFT
    assert max(tables.lags[10:]) <= LONGEST_DRAFT + 1.0
