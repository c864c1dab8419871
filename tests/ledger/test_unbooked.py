"""An exchange that no database can hold does not stop the books, and is not lost."""

from __future__ import annotations

from pathlib import Path

from headworks.control.ledger_audit import audit_ledger
from headworks.control.unbooked import unbooked
from headworks.stores.journal.instance import instance_of
from headworks.stores.sql.ledger_sums import LedgerSums
from tests.journal.writing import AT
from tests.ledger.booking import BUDGET, Books, spent, with_books, write

LARGEST = 2**63 - 1


def test_an_amount_beyond_64_bits_is_kept_aside_and_all_others_are_booked(url: str, tmp_path: Path) -> None:
    huge = spent(70, 10**30)
    write(tmp_path, [*(spent(number, 5) for number in range(70)), huge, *(spent(number, 5) for number in range(71, 99))])

    async def body(books: Books) -> None:
        await books.book()
        assert await books.bill() == (98, 490, 490) == await books.places_bill()
        assert await books.counters() == {BUDGET: 490}
        assert unbooked(tmp_path) == {huge.id}
        assert books.ledger.unbookable == 1
        assert [said for said in books.voice.said if huge.id in said and "unbooked.jsonl" in said] == books.voice.said
        found = await audit_ledger(tmp_path, LedgerSums(books.database, instance_of(tmp_path)))
        assert found.sound
        assert found.unbooked == 1

    with_books(url, tmp_path, body)


def test_what_would_take_a_sum_beyond_64_bits_is_kept_aside(url: str, tmp_path: Path) -> None:
    """SQLite would go on in floating point, and nobody could say to the nano-unit what was spent."""
    last = spent(2, 6)
    write(tmp_path, [spent(1, LARGEST - 5)])

    async def body(books: Books) -> None:
        await books.book()
        write(tmp_path, [last, spent(3, 5)], AT + 1)
        await books.book()
        assert await books.counters() == {BUDGET: LARGEST}
        assert (await books.bill()).exchanges == 2
        assert unbooked(tmp_path) == {last.id}

    with_books(url, tmp_path, body)


def test_an_exchange_kept_aside_twice_counts_once(url: str, tmp_path: Path) -> None:
    """Who was killed between keeping it and passing its place keeps it again."""
    huge = spent(1, 10**30)
    write(tmp_path, [huge])

    async def body(books: Books) -> None:
        await books.book()

    with_books(url, tmp_path, body)
    kept = (tmp_path / "unbooked.jsonl").read_bytes()
    (tmp_path / "unbooked.jsonl").write_bytes(kept * 2)

    assert unbooked(tmp_path) == {huge.id}


def test_a_line_that_a_power_cut_tore_is_written_again(url: str, tmp_path: Path) -> None:
    """The place was not passed yet, so the exchange comes again: behind whole lines, and the audit goes on reading them."""
    huge = spent(1, 10**30)
    write(tmp_path, [huge])
    (tmp_path / "unbooked.jsonl").write_bytes(b'{"id":"of a line no more th')

    async def body(books: Books) -> None:
        assert unbooked(tmp_path) == set()
        await books.book()
        assert unbooked(tmp_path) == {huge.id}

    with_books(url, tmp_path, body)
