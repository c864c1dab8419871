"""How the limits and budgets of one party or key stand, as far as the ledger knows."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import func, or_, select

from headworks.domain.limits.limit import joined
from headworks.stores.sql.engine import Database
from headworks.stores.sql.ledger import PROJECTION
from headworks.stores.sql.schema import COUNTER_SPEND, PLACES

_MOST = 10_000


class Booked(msgspec.Struct, frozen=True):
    """Counter → units used. `through`: when the last exchange ended that is in it, of any owner, wall-clock nanoseconds; 0: none has."""

    units: Mapping[str, int]
    through: int


class LedgerStanding:
    """Reads, and changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, owner: str, now_ns: int) -> Booked:
        """Of the owner's counters that must still be known, the first ten thousand."""
        table, first = COUNTER_SPEND.c, joined(owner)
        last = first[:-1] + chr(ord(first[-1]) + 1)
        counters = (
            select(table.counter, table.units)
            .where(table.counter >= first, table.counter < last, or_(table.ends_at == 0, table.ends_at > now_ns))
            .order_by(table.counter)
            .limit(_MOST)
        )
        async with self._database.reading() as connection:
            through = select(func.max(PLACES.c.through)).where(PLACES.c.projection == PROJECTION)
            booked = (await connection.execute(through)).scalar() or 0
            return Booked({row[0]: int(row[1]) for row in await connection.execute(counters)}, booked)
