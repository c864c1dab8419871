"""What the tests of the ledger are made of: journals with exchanges in them, and a ledger that books them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import func, select

from headworks.control.ledger import Ledger
from headworks.domain.exchange import Charge, Exchange
from headworks.domain.ledger import Bill
from headworks.domain.limits import group_named
from headworks.domain.limits.limit import joined
from headworks.stores.journal.instance import instance_of
from headworks.stores.sql.engine import Database
from headworks.stores.sql.ledger import LedgerTables
from headworks.stores.sql.schema import COUNTER_SPEND, PLACES, POSTINGS
from headworks.testing import FrozenClock
from tests.journal.writing import AT, Voice, begin, end, journal_in

T = TypeVar("T")
BUDGET = "4:team6:budget4:cost"


def charge(units: int, counter: str = BUDGET, unit: str = "cost", ends_at: int = 0) -> Charge:
    """Taken of a budget."""
    return Charge(counter, units, unit, ends_at)


def budget_counter(owner: str, name: str, group: tuple[str, ...] = (), period: str = "") -> str:
    """What the counter of a budget is called."""
    return joined(owner, "budget", name, "cost") + group_named(group) + (joined(period) if period else "")


def spent(number: int, nanos: int, **changes: Any) -> Exchange:
    """An exchange that cost so much, of a key in a tree."""
    fields: dict[str, Any] = {
        "principal": "key_1",
        "lineage": ("org_1", "team_1", "user_1", "key_1"),
        "cost": nanos,
        "price": nanos,
        "counters": (charge(nanos),),
    }
    return end(number, **fields | changes)


def write(directory: Path, exchanges: Sequence[Exchange], wall_ns: int = AT, **settings: Any) -> None:
    """One life of a gateway in which these were begun and ended."""
    journal = journal_in(directory, FrozenClock(wall_ns=wall_ns), **settings)
    for exchange in exchanges:
        journal.begin(begin(id=exchange.id, at=exchange.at))
        journal.end(exchange)
    journal.close()


class Books:
    """A database, and a ledger on it for one journal."""

    def __init__(self, database: Database, directory: Path) -> None:
        self.database = database
        self.directory = directory
        self.voice = Voice()
        self.tables = LedgerTables(database, instance_of(directory), FrozenClock(wall_ns=AT))
        self.ledger = self.projector()

    def projector(self) -> Ledger:
        """One more process that books the same journal."""
        return Ledger(self.directory, self.tables, self.voice)

    async def book(self) -> None:
        """All there is."""
        await self.ledger.step()
        while not self.ledger.caught_up:
            await self.ledger.step()

    async def bill(self) -> Bill:
        """What all postings come to."""
        return await self._sums(POSTINGS)

    async def places_bill(self) -> Bill:
        """What all places say was booked."""
        return await self._sums(PLACES)

    async def _sums(self, table: Any) -> Bill:
        columns = (func.coalesce(func.sum(table.c[name]), 0) for name in ("exchanges", "cost", "price"))
        async with self.database.reading() as connection:
            row = (await connection.execute(select(*columns))).one()
        return Bill(*(int(value) for value in row))

    async def counters(self) -> dict[str, int]:
        """Units used of each counter."""
        async with self.database.reading() as connection:
            rows = await connection.execute(select(COUNTER_SPEND.c.counter, COUNTER_SPEND.c.units))
            return {row[0]: row[1] for row in rows}


@asynccontextmanager
async def books(url: str, directory: Path) -> AsyncGenerator[Books]:
    """Closed at the end."""
    database = Database(url)
    try:
        yield Books(database, directory)
    finally:
        await database.close()


def with_books(url: str, directory: Path, body: Callable[[Books], Awaitable[T]]) -> T:
    """Run `body` on them."""

    async def run() -> T:
        async with books(url, directory) as kept:
            return await body(kept)

    return asyncio.run(run())
