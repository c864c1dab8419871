"""What is booked fits 64 bits; what it sums up to need not. SQLite adds up no further, and says so or goes on in floating point."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import insert

from headworks.control.ledger_audit import audit_ledger
from headworks.control.unbooked import unbooked
from headworks.domain.exchange import Exchange
from headworks.domain.limits import Calendar, period_at
from headworks.domain.records import BudgetRule
from headworks.stores.journal.instance import instance_of
from headworks.stores.sql.ledger_alerts import AlertTables, Owned, Window
from headworks.stores.sql.ledger_sums import LedgerSums
from headworks.stores.sql.ledger_usage import LedgerUsage, Question
from headworks.stores.sql.schema import GRANTS
from tests.journal.writing import AT
from tests.ledger.booking import Books, charge, spent, with_books, write

LARGEST = 2**63 - 1


def own(number: int, nanos: int) -> Exchange:
    """Of a key and a counter of its own, so that only what is summed over all of them is large."""
    key = f"key_{number}"
    return spent(number, nanos, principal=key, lineage=("org_1", "team_1", key), counters=(charge(nanos, key),))


def test_what_all_epochs_come_to_may_pass_64_bits(url: str, tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path, [own(number, LARGEST - number)], AT + number)

    async def body(books: Books) -> None:
        await books.book()
        assert unbooked(tmp_path) == set()
        found = await audit_ledger(tmp_path, LedgerSums(books.database, instance_of(tmp_path)))
        assert found.sound
        assert found.posted == (3, 3 * LARGEST - 3, 3 * LARGEST - 3)
        start = AT // 10**9
        question = Question(start=start - 86_400, end=start + 86_400, width=900 * 200)
        sums = [used.sums for used in await LedgerUsage(books.database).used(question)]
        assert sum(each["price"] for each in sums) == 3 * LARGEST - 3
        assert sum(each["requests"] for each in sums) == 3

    with_books(url, tmp_path, body)


def test_an_epoch_that_would_come_to_more_than_64_bits_has_the_rest_kept_aside(url: str, tmp_path: Path) -> None:
    """Its place notes what all of it came to, and must stay exact for the audit to prove anything."""
    write(tmp_path, [own(1, LARGEST), own(2, 6), own(3, 0)])

    async def body(books: Books) -> None:
        await books.book()
        assert unbooked(tmp_path) == {own(2, 6).id}
        assert await books.places_bill() == (2, LARGEST, LARGEST)
        assert any("unbooked.jsonl" in said for said in books.voice.said)
        assert (await audit_ledger(tmp_path, LedgerSums(books.database, instance_of(tmp_path)))).sound

    with_books(url, tmp_path, body)


def test_what_a_budget_was_given_may_pass_64_bits(url: str, tmp_path: Path) -> None:
    period = period_at(Calendar.MONTH, "UTC", AT)
    budget = Owned("team_1", "research", "monthly", BudgetRule(amount=1, calendar=Calendar.MONTH))
    window = Window(budget, period.name)
    top_up = {"owner": "team_1", "budget": "monthly", "kind": "top_up", "amount": LARGEST, "period": period.name}

    async def body(books: Books) -> None:
        async with books.database.writing() as connection:
            await connection.execute(insert(GRANTS), [{**top_up, "id": each, "once": each} for each in ("a", "b")])
        assert await AlertTables(books.database).added([window]) == [{"": 2 * LARGEST}]

    with_books(url, tmp_path, body)
