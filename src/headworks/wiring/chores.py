"""What the control process does for the database now and then: forget what is old, and keep the audit's head beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from headworks.domain.config import Config
from headworks.ports.clock import Clock
from headworks.stores.sql.audit import Seal
from headworks.stores.sql.audit.witness import Witness
from headworks.stores.sql.engine import Database
from headworks.stores.sql.schema import KEYS
from headworks.stores.sql.tidying import tidy
from headworks.wiring.load import names_no_caller

EVERY = 60.0


async def keep_house(database: Database, directory: Path, seal: Seal, clock: Clock, say: Callable[[str], None]) -> None:
    """Until cancelled. `directory` takes the audit's head. A database that does not answer has other watchers."""
    witness, said = Witness(directory, database, seal), ""
    while True:
        try:
            trouble = await witness.look(clock.wall_ns())
            await tidy(database, clock.wall_ns())
        except (SQLAlchemyError, OSError, msgspec.MsgspecError) as failure:
            trouble = f"the audit's head cannot be compared ({type(failure).__name__})"
        if trouble not in {"", said}:
            say(f"ALARM: {trouble}. headworks audit verify tells more.")
        said = trouble
        await clock.sleep(EVERY)


async def tell_of_missing_keys(database: Database, config: Config, say: Callable[[str], None]) -> None:
    """Once, where neither the configuration nor the database has a key and no other way in is open: nobody can call yet."""
    if not names_no_caller(config):
        return
    try:
        async with database.reading() as connection:
            found = (await connection.execute(select(KEYS.c.id).limit(1))).first()
    except (SQLAlchemyError, OSError):
        return  # a database that does not answer is told of elsewhere
    if found is None:
        say(
            "nobody can call yet: there is no key. The first administrator is made by the link that is printed at the start; "
            "then: headworks keys create NAME --owner team:TEAM"
        )
