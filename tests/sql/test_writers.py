"""Writers of one process take turns: none is overtaken until its patience is at an end."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import text

from headworks.stores.sql.engine import Database

WRITERS = 20


def test_writers_of_one_process_are_served_in_the_order_in_which_they_come(tmp_path: Path) -> None:
    """SQLite itself lets those who wait try again at times of their own, and tells who has no luck that the database is locked."""
    served: list[int] = []

    async def write(database: Database, number: int) -> None:
        async with database.writing() as connection:
            served.append(number)
            await connection.execute(text("INSERT INTO one VALUES (1)"))

    async def come_one_by_one() -> None:
        database = Database(f"sqlite:///{tmp_path / 'one.db'}")
        async with database.writing() as first:
            await first.execute(text("CREATE TABLE one (number INTEGER)"))
            waiting = [asyncio.create_task(write(database, number)) for number in range(WRITERS)]
            async with database.reading() as reader:  # who reads waits for nobody, however many wait to write
                await reader.execute(text("SELECT 1"))
        await asyncio.gather(*waiting)
        await database.close()

    asyncio.run(come_one_by_one())
    assert served == list(range(WRITERS))
