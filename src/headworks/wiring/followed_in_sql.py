"""What a machine asks the database whose revisions it follows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from headworks.domain.revision import Applied
from headworks.ports.clock import Clock
from headworks.stores.sql.engine import Database
from headworks.stores.sql.revisions import SqlActiveRevision
from headworks.stores.sql.version import Behind
from headworks.wiring.database import database_of, written_address
from headworks.wiring.followed import Followed
from headworks.wiring.tables import wait_for_tables


def ask_active(followed: Followed, clock: Clock) -> Applied | None:
    """What is active, once the control process has made the tables; in a loop of its own. Raises `OSError`, `DatabaseUnusable`."""
    return asyncio.run(_ask(_database(followed), clock))


async def follow_active(followed: Followed, clock: Clock, ask: Callable[[], None]) -> None:
    """Until cancelled: offer whatever becomes active, and `ask` for it to be loaded."""
    database = _database(followed)
    try:
        await followed.follow(SqlActiveRevision(database), clock, ask)
    finally:
        await database.close()


async def _ask(database: Database, clock: Clock) -> Applied | None:
    try:
        if not await wait_for_tables(database, clock):
            raise ConnectionError("no answer")
        return await SqlActiveRevision(database).active()
    except Behind as behind:
        raise ConnectionError(str(behind)) from None
    finally:
        await database.close()


def _database(followed: Followed) -> Database:
    file = followed.file
    address = written_address(followed.machine.database, file.path.parent, file.env)
    return database_of(address, followed.kept.path.parent)
