"""Keys by what people know them by, for the command line: never by the key itself."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select

from headworks.ports.records import Found, Lookups
from headworks.stores.sql.engine import Database
from headworks.stores.sql.records.rows import key_of
from headworks.stores.sql.schema import KEYS

MOST = 10


async def keys_named(database: Database, lookups: Lookups, name: str) -> Sequence[Found]:
    """Those with this id, name or shown beginning, each with the levels above it; at most ten."""
    wanted = select(KEYS).where(or_(KEYS.c.id == name, KEYS.c.prefix == name, KEYS.c.name == name)).order_by(KEYS.c.id)
    async with database.reading() as connection:
        keys = [key_of(row) for row in (await connection.execute(wanted.limit(MOST))).mappings()]
    return [Found(key, *await lookups.lineage(key.owner)) for key in keys]
