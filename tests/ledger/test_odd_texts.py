"""What callers write goes into the books as they write it, as far as a database can hold it, and never stops them."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from headworks.domain.limits import Calendar, Limit, Unit
from headworks.domain.limits.claims import Demand, claims_of
from headworks.domain.limits.periods import Periods
from headworks.stores.sql.schema import POSTINGS
from tests.ledger.booking import Books, spent, with_books, write


def test_a_zero_byte_in_a_customer_or_model_does_not_stop_the_books(url: str, tmp_path: Path) -> None:
    """PostgreSQL keeps none in a text: one request with such a `user` would have been the last that was ever booked."""
    write(tmp_path / "journal", [spent(1, 5, customer="a\0b"), spent(2, 6, asked="m\0"), spent(3, 7)])

    async def body(books: Books) -> None:
        await books.book()
        assert await books.bill() == (3, 18, 18) == await books.places_bill()
        async with books.database.reading() as connection:
            rows = (await connection.execute(select(POSTINGS.c.customer, POSTINGS.c.model))).all()
        assert ("a\ufffdb" in {row[0] for row in rows}, "m\ufffd" in {row[1] for row in rows}) == (True, True)

    with_books(url, tmp_path / "journal", body)


def test_no_counter_is_called_by_a_zero_byte_and_it_is_still_a_counter_of_its_own() -> None:
    daily = Limit(
        id="d", owner="o", rule="d", unit=Unit.REQUESTS, amount=1, calendar=Calendar.DAY, group_by=("customer",), seconds=0
    )
    names: list[str] = []
    for customer in ("a\0b", "ab", "a\0c"):
        demand = Demand(models=("m",), value_of={"customer": customer}.__getitem__, input=1, output=1, cost=0)
        names += [claim.counter for claim in claims_of((daily,), demand, 0, Periods())]
    assert len(set(names)) == len(names) == 3
    assert "\0" not in "".join(names)
