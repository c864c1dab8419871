"""The proof of the books finds what is wrong with them, and nothing where nothing is."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Table, update

from headworks.control.ledger_audit import audit_ledger
from headworks.domain.ledger import Bill
from headworks.stores.journal.instance import instance_of
from headworks.stores.sql.ledger_sums import LedgerSums
from headworks.stores.sql.schema import COUNTER_SPEND, POSTINGS
from tests.journal.writing import AT
from tests.ledger.booking import BUDGET, Books, spent, with_books, write

LATER = 10**9


def test_books_that_agree_are_sound(url: str, tmp_path: Path) -> None:
    write(tmp_path, [spent(number, number) for number in range(20)])

    async def body(books: Books) -> None:
        await books.book()
        write(tmp_path, [spent(99, 5)], AT + LATER)
        found = await audit_ledger(tmp_path, LedgerSums(books.database, instance_of(tmp_path)))
        assert found.sound
        assert found.journal == found.booked == found.posted == found.noted == Bill(20, 190, 190)
        assert found.charged == found.counted == 190
        assert found.waiting == Bill(1, 5, 5)

    with_books(url, tmp_path, body)


def test_a_posting_that_somebody_changed_is_found(url: str, tmp_path: Path) -> None:
    write(tmp_path, [spent(1, 7)])

    async def change(books: Books, table: Table, column: str) -> None:
        async with books.database.writing() as connection:
            await connection.execute(update(table).values({column: table.c[column] + 1}))

    async def body(books: Books) -> None:
        await books.book()
        sums = LedgerSums(books.database, instance_of(tmp_path))
        await change(books, COUNTER_SPEND, "units")
        assert (await audit_ledger(tmp_path, sums)).wrong_counters == [BUDGET]
        await change(books, POSTINGS, "price")
        found = await audit_ledger(tmp_path, sums)
        assert not found.sound
        assert found.posted.price == found.noted.price + 1

    with_books(url, tmp_path, body)


def test_an_exchange_that_somebody_changed_is_found(url: str, tmp_path: Path) -> None:
    write(tmp_path, [spent(1, 7)])
    (segment,) = tmp_path.glob("*.jsonl")

    async def body(books: Books) -> None:
        await books.book()
        segment.write_bytes(segment.read_bytes().replace(b'"price":7', b'"price":8'))
        found = await audit_ledger(tmp_path, LedgerSums(books.database, instance_of(tmp_path)))
        assert not found.sound
        assert found.wrong_epochs == [segment.name.rpartition("-")[0]]

    with_books(url, tmp_path, body)
