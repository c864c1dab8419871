"""The ledger in SQL, asked for what it knows. Importing it loads what speaks SQL.

`python -m headworks.wiring.books_in_sql DIRECTORY` asks the file beside the journal in DIRECTORY, and answers as MessagePack.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from headworks.domain.ledger import Standing
from headworks.ports.clock import Clock
from headworks.stores.journal.instance import instance_of
from headworks.stores.sql.address import DatabaseUnusable
from headworks.stores.sql.ledger import LedgerTables
from headworks.stores.sql.version import Behind, version_of
from headworks.wiring.clock import SystemClock
from headworks.wiring.database import database_of
from headworks.wiring.process_exits import Exit
from headworks.wiring.tables import wait_for_tables


async def ask(address: str, data: Path, clock: Clock) -> Standing:
    """Nothing where there has never been a ledger. Raises `OSError` where the database does not answer, `DatabaseUnusable` where its tables
    stay too old.
    """
    database = database_of(address, data)
    try:
        if not await version_of(database):
            return Standing({}, {})
        await wait_for_tables(database, clock)
        return await LedgerTables(database, instance_of(data), clock).standing()
    except SQLAlchemyError as trouble:
        raise ConnectionError(type(trouble).__name__) from None
    except Behind as behind:
        raise DatabaseUnusable(str(behind)) from None
    finally:
        await database.close()


def main(data: Path) -> Exit:
    """Answer on standard output: what is known, or what the trouble is."""
    try:
        told, code = msgspec.msgpack.encode(asyncio.run(ask("", data, SystemClock()))), Exit.OK
    except DatabaseUnusable as trouble:
        told, code = str(trouble).encode(), Exit.CONFIG
    except OSError as trouble:
        told, code = str(trouble).encode(), Exit.UNAVAILABLE
    sys.stdout.buffer.write(told)
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
