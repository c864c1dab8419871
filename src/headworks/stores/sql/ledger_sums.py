"""What the ledger's tables come to, for whoever checks them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import RowMapping, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.domain.ledger import Bill
from headworks.stores.sql.engine import Database
from headworks.stores.sql.ledger import PROJECTION, Place
from headworks.stores.sql.schema import COUNTER_SPEND, PLACES, POSTINGS
from headworks.stores.sql.sums import halves_of, sums_of


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """All of one instant."""

    posted: Bill
    noted: Bill
    charged: int
    counters: dict[str, int]
    epochs: dict[str, tuple[Place, Bill]]
    """Of the instance that asks."""
    others: bool
    """Other instances book here, too."""


class LedgerSums:
    """Reads, and changes nothing."""

    def __init__(self, database: Database, instance: str) -> None:
        self._database = database
        self._instance = instance

    async def totals(self) -> Totals:
        """In one snapshot: while the ledger is kept, too."""
        async with self._database.reading() as connection:
            if not self._database.is_sqlite:
                await connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            places = (await connection.execute(select(PLACES).where(PLACES.c.projection == PROJECTION))).mappings().all()
            spend = await connection.execute(select(COUNTER_SPEND.c.counter, COUNTER_SPEND.c.units))
            counters = {row[0]: row[1] for row in spend}
            posted = await _bill(connection, POSTINGS)
        ours = [row for row in places if row["instance"] == self._instance]
        return Totals(
            posted=posted,
            noted=sum_of(places),
            charged=sum(row["charged"] for row in places),
            counters=counters,
            epochs={row["epoch"]: ((row["segment"], row["offset"]), sum_of([row])) for row in ours},
            others=len(ours) != len(places),
        )


def sum_of(rows: Iterable[RowMapping]) -> Bill:
    """Of rows that have a bill's columns."""
    total = Bill()
    for row in rows:
        total = total.plus(Bill(row["exchanges"], row["cost"], row["price"]))
    return total


async def _bill(connection: AsyncConnection, table: Table) -> Bill:
    halves = halves_of(table.c[name] for name in Bill._fields)
    return Bill(**sums_of((await connection.execute(select(*halves))).mappings().one(), Bill._fields))
