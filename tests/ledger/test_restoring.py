"""What a new life of the gateway knows of the earlier ones: nothing is forgotten, and nothing counted twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from headworks.domain.exchange import Begin
from headworks.domain.ledger import Standing
from headworks.stores.journal import SegmentedJournal, recover
from headworks.stores.journal.carried import Carried
from headworks.stores.journal.segment import Epoch
from headworks.stores.sql.address import default_url
from headworks.stores.sql.ledger import LedgerTables
from headworks.testing import FrozenClock
from headworks.wiring.books import standing_of
from tests.journal.writing import AT, abandon, begin, journal_in, recoverer
from tests.ledger.booking import BUDGET, Books, charge, spent, with_books, write
from tests.ledger.conftest import made
from tests.limits.rolling import Life, daily

OWN = Epoch(AT + 10**15, "gateway")
UNDER_WAY = "4:team4:many10:concurrent"


def _opened(number: int, nanos: int = 1000) -> Begin:
    return begin(number, counters=(charge(nanos), charge(1, UNDER_WAY, "concurrent")))


def _go_on(journal: SegmentedJournal, number: int, nanos: int) -> None:
    journal.begin(_opened(number))
    journal.end(spent(number, nanos))


def test_what_is_booked_and_what_is_not_yet_come_to_all(url: str, tmp_path: Path) -> None:
    write(tmp_path, [spent(number, 10) for number in range(5)])

    async def body(books: Books) -> None:
        await books.book()
        write(tmp_path, [spent(number, 1) for number in range(5, 8)], AT + 10**9)
        standing = await books.tables.standing()
        carried = Carried(tmp_path, OWN, standing.places)
        assert carried.poll() == {BUDGET: 3}
        assert carried.poll() == {}
        assert standing.spent == {BUDGET: 50}
        assert len(standing.through) == 1

    with_books(url, tmp_path, body)


def test_a_gateway_asks_in_another_process_and_hears_the_same(tmp_path: Path) -> None:
    """Where nothing is recorded but the books: none of what speaks SQL stays in it."""
    journal, clock = tmp_path / "journal", FrozenClock(wall_ns=AT)
    write(journal, [spent(number, 10) for number in range(5)])

    async def body(books: Books) -> None:
        await books.book()
        assert await standing_of("", journal, clock) == await books.tables.standing()

    with_books(made(default_url(journal)), journal, body)


def test_nothing_is_known_where_nothing_was_booked(tmp_path: Path) -> None:
    nothing = Standing({}, {})
    assert asyncio.run(standing_of("", tmp_path / "journal", FrozenClock())) == nothing
    made(default_url(tmp_path / "journal"))
    assert asyncio.run(standing_of("", tmp_path / "journal", FrozenClock())) == nothing


def test_a_file_that_is_no_database_does_not_answer(tmp_path: Path) -> None:
    (tmp_path / "headworks.db").write_bytes(b"no database" * 100)
    with pytest.raises(ConnectionError):
        asyncio.run(standing_of("", tmp_path / "journal", FrozenClock()))


def test_periods_that_are_over_are_not_restored(url: str, tmp_path: Path) -> None:
    over, under_way = charge(5, "over", ends_at=AT), charge(7, "under way", ends_at=AT + 1)
    write(tmp_path, [spent(1, 0, counters=(over, under_way))])

    async def body(books: Books) -> None:
        await books.book()
        assert (await books.tables.standing()).spent == {"under way": 7}

    with_books(url, tmp_path, body)


def test_what_is_known_longer_by_now_is_restored_for_as_long(url: str, tmp_path: Path) -> None:
    """As after a rollover was set; and what is said later of less does not shorten it."""

    async def body(books: Books) -> None:
        for number, ends in enumerate(((AT,), (AT + 1, AT), (AT,))):
            taken = [spent(number, 0, counters=(charge(5, "c", ends_at=ends_at),)) for ends_at in ends]
            write(tmp_path, taken, AT + number)
            await books.book()
        assert (await books.tables.standing()).spent == {"c": 20}

    with_books(url, tmp_path, body)


def test_a_budget_that_rolls_over_has_as_much_after_a_restart_as_before(url: str, tmp_path: Path) -> None:
    """By the ledger alone, by the journal alone, and by both: on each day of a week on which not all is used."""
    life = Life(daily(10, 10, since=AT), FrozenClock(wall_ns=AT))

    async def body(books: Books) -> None:
        for number in range(7):
            if number % 3:
                await books.book()
            standing = await LedgerTables(books.database, books.tables.instance, life.clock).standing()
            reborn = Life(life.budget, FrozenClock(wall_ns=life.clock.wall_ns()))
            reborn.counters.restore(standing.spent)
            reborn.counters.restore(Carried(tmp_path, OWN, standing.places).poll())
            assert reborn.free() == life.free()
            left.append(life.free())
            cost = (2, 18, 0, 15, 9, 1, 1)[number]
            charges = life.spend(cost)
            write(tmp_path, [spent(number, cost, at=life.clock.wall_ns(), counters=charges)], life.clock.wall_ns())
            life.turn()

    left = list[int]()
    with_books(url, tmp_path, body)

    assert left == [10, 18, 10, 20, 10, 11, 19]


def test_what_a_living_predecessor_holds_counts_until_it_ends(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    _go_on(journal, 1, 30)
    journal.begin(_opened(2))
    carried = Carried(tmp_path, OWN, {})
    counted = Counter(carried.poll())
    assert counted == {BUDGET: 30 + 1000, UNDER_WAY: 1}
    assert not carried.settled

    journal.begin(_opened(3))
    counted.update(carried.poll())
    assert counted[BUDGET] == 30 + 2000
    journal.end(spent(2, 7))
    journal.end(spent(3, 5))
    journal.close()
    counted.update(carried.poll())

    assert counted == {BUDGET: 42, UNDER_WAY: 0}
    assert carried.settled


def test_what_a_living_predecessor_began_before_it_was_booked_is_held_too(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin(_opened(1))
    _go_on(journal, 2, 30)
    stem = journal.chain.epoch.stem
    carried = Carried(tmp_path, OWN, {stem: (1, journal.chain.current.size)})

    assert carried.poll() == {BUDGET: 1000, UNDER_WAY: 1}
    journal.end(spent(1, 8))
    assert carried.poll() == {BUDGET: 8 - 1000, UNDER_WAY: -1}
    journal.close()


def test_what_a_killed_predecessor_left_open_is_charged_by_estimate(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin(_opened(1, 5_000_000))
    abandon(journal)
    recover(tmp_path, recoverer())

    assert Carried(tmp_path, OWN, {}).poll() == {BUDGET: 200_000}


def test_who_comes_later_is_not_the_past(tmp_path: Path) -> None:
    carried = Carried(tmp_path, OWN, {})
    write(tmp_path, [spent(1, 5)])

    assert carried.poll() == {}
    assert carried.settled
