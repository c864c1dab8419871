"""Every exchange is booked once: whoever is killed on the way, however many book at once, whatever the database refuses."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from headworks.domain.exchange import Exchange
from headworks.domain.ledger import Bill
from headworks.stores.sql.ledger import PlacesMovedError
from tests.journal.writing import AT
from tests.ledger.booking import BUDGET, Books, spent, with_books, write
from tests.ledger.conftest import made

LATER = 3600 * 10**9


class Killed(SQLAlchemyError):
    """The projector's end, at some statement."""


class Dying:
    """Lets so many statements through, then one dies; with `after` it dies once the database has done it."""

    def __init__(self, books: Books, statements: int, *, after: bool) -> None:
        self.left = statements
        engine = books.database._engine.sync_engine
        event.listen(engine, "after_cursor_execute" if after else "before_cursor_execute", self._statement)
        if after:
            event.listen(engine, "commit", self._commit)

    def _statement(self, *_facts: object) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed

    def _commit(self, _connection: object) -> None:
        self._statement()


def _sum_of(exchanges: list[Exchange]) -> Bill:
    return Bill(len(exchanges), sum(each.cost for each in exchanges), sum(each.price for each in exchanges))


def test_the_sum_of_postings_is_the_sum_of_exchanges(url: str, tmp_path: Path) -> None:
    exchanges = [
        spent(number, 7 * number, lineage=("org_1", f"key_{number % 3}"), at=AT + number * LATER) for number in range(50)
    ]
    write(tmp_path / "journal", exchanges)

    async def body(books: Books) -> None:
        await books.book()
        await books.book()
        assert await books.bill() == _sum_of(exchanges) == await books.places_bill()
        assert await books.counters() == {BUDGET: sum(each.price for each in exchanges)}

    with_books(url, tmp_path / "journal", body)


def test_two_who_book_at_once_book_everything_once(url: str, tmp_path: Path) -> None:
    directory = tmp_path / "journal"
    exchanges = [spent(number, number) for number in range(200)]
    write(directory, exchanges[:100])
    write(directory, exchanges[100:], AT + LATER)

    async def one(books: Books) -> None:
        ledger = books.projector()
        for _ in range(3):
            try:
                await ledger.step()
            except PlacesMovedError:
                continue

    async def body(books: Books) -> None:
        await asyncio.gather(*(one(books) for _ in range(4)))
        assert await books.bill() == _sum_of(exchanges)
        assert (await books.counters())[BUDGET] == sum(range(200))

    with_books(url, directory, body)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_who_is_killed_at_any_statement_leaves_a_whole_batch_or_nothing(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "journal"
        url = made(f"sqlite:///{folder}/headworks.db")
        amounts = data.draw(st.lists(st.integers(0, 10**12), min_size=1, max_size=12), label="amounts")
        cut = data.draw(st.integers(0, len(amounts)), label="written before the first death")
        exchanges = [spent(number, nanos, lineage=("org_1", f"key_{number % 2}")) for number, nanos in enumerate(amounts)]
        deaths = data.draw(
            st.lists(st.tuples(st.integers(1, 8), st.booleans()), min_size=1, max_size=5), label="deaths (statement, after it)"
        )
        write(directory, exchanges[:cut])

        async def dies(books: Books, statement: int, *, after: bool) -> None:
            Dying(books, statement, after=after)
            try:
                await books.book()
            except Killed:
                return

        for place, (statement, after) in enumerate(deaths):
            with_books(url, directory, lambda books, s=statement, a=after: dies(books, s, after=a))
            if not place:
                write(directory, exchanges[cut:], AT + LATER)

        async def whole(books: Books) -> None:
            await books.book()
            assert await books.bill() == _sum_of(exchanges) == await books.places_bill()
            assert (await books.counters()).get(BUDGET, 0) == sum(amounts)

        with_books(url, directory, whole)


def test_a_ledger_that_lost_a_batch_goes_on_with_the_same_life(tmp_path: Path) -> None:
    directory = tmp_path / "journal"
    url = made(f"sqlite:///{tmp_path}/headworks.db")
    exchanges = [spent(number, 5) for number in range(10)]
    write(directory, exchanges)

    async def body(books: Books) -> None:
        for statement in range(1, 7):
            dying = Dying(books, statement, after=False)
            try:
                await books.ledger.step()
            except Killed:
                dying.left = -1
        await books.book()
        assert await books.bill() == _sum_of(exchanges)

    with_books(url, directory, body)


def test_an_epoch_that_is_away_for_a_moment_is_not_booked_again(tmp_path: Path) -> None:
    """A volume that was not mounted for one look."""
    directory = tmp_path / "journal"
    url = made(f"sqlite:///{tmp_path}/headworks.db")
    exchanges = [spent(number, 5) for number in range(10)]
    write(directory, exchanges)

    async def body(books: Books) -> None:
        await books.book()
        (segment,) = directory.glob("*.jsonl")
        segment.rename(tmp_path / "away")
        await books.book()
        (tmp_path / "away").rename(segment)
        await books.book()
        await books.projector().step()
        assert await books.bill() == _sum_of(exchanges)

    with_books(url, directory, body)


def test_two_directories_with_an_epoch_of_one_name_are_both_booked(tmp_path: Path) -> None:
    """Process ids repeat in containers, and clocks can agree."""
    url = made(f"sqlite:///{tmp_path}/headworks.db")
    for name in ("one", "two"):
        write(tmp_path / name, [spent(1, 5)])
        with_books(url, tmp_path / name, lambda books: books.book())

    async def body(books: Books) -> None:
        assert (await books.bill()).exchanges == 2

    with_books(url, tmp_path / "one", body)
