"""The records in SQL, for a gateway. Importing it loads what speaks SQL."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from headworks.identity import Pepper
from headworks.ports.clock import Clock
from headworks.ports.records import Lookups
from headworks.stores.sql.engine import Database
from headworks.stores.sql.records import SqlLookups
from headworks.stores.sql.version import version_of
from headworks.wiring.database import database_of
from headworks.wiring.peppers import check_pepper
from headworks.wiring.records import Find


async def open_records(address: str, data: Path, peppers: Sequence[Pepper], clock: Clock, stack: AsyncExitStack) -> Find:
    """Closed with the stack. Raises `PepperRefused`, and `DatabaseUnusable`."""
    database = database_of(address, data)
    stack.push_async_callback(database.close)
    await check_pepper(database, peppers, clock)
    return once_made(database, clock)


def once_made(database: Database, clock: Clock) -> Find:
    """Nothing until the tables are there."""
    lookups = SqlLookups(database, clock)

    async def find() -> Lookups | None:
        try:
            return lookups if await version_of(database) else None
        except SQLAlchemyError as trouble:
            raise ConnectionError(type(trouble).__name__) from None  # its words hold the statement and its values

    return find
