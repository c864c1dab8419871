"""The tables at start: the control process makes them, the gateway waits for them, and neither waits for ever."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from headworks.ports.clock import Clock
from headworks.stores.sql.engine import Database
from headworks.stores.sql.reasons import reason_of
from headworks.stores.sql.version import Behind, check, version_of
from headworks.stores.sql.wanted import WANTED

_GLANCE = 0.1
_PAUSE = 3.0
_PATIENCE = 30.0


async def make_tables(database: Database, clock: Clock, say: Callable[[str], None]) -> None:
    """Bring the tables to this version, as soon as the database answers. Says what was done, and every few seconds what is in the way."""
    while True:
        try:
            before, after = await _brought(database)
        except (SQLAlchemyError, OSError) as trouble:
            say(f"waiting for {database}: {reason_of(trouble)}")
            await clock.sleep(_PAUSE)
            continue
        if after > WANTED:
            say(
                f"{database} has tables of version {after}, of a newer Headworks; this one works with {WANTED}, and should follow"
            )
        elif before != after:
            say(f"{database}: tables brought from version {before or 'none'} to {after}")
        return


async def _brought(database: Database) -> tuple[str, str]:
    """From and to which version; the same where there was nothing to do."""
    found = await version_of(database)
    if found >= WANTED:
        return found, found
    from headworks.stores.sql.migrations import upgrade  # noqa: PLC0415 - 9 MB that only a start with something to migrate pays

    return await upgrade(database)


async def wait_for_tables(database: Database, clock: Clock, patience: float = _PATIENCE) -> bool:
    """Until the tables are there. False where the database does not answer: then what is configured for its loss applies. Raises
    `Behind` where it does, and the tables are not made within `patience` seconds.
    """
    until = clock.now() + patience
    while True:
        try:
            await check(database)
        except Behind:
            if clock.now() >= until:
                raise
            await clock.sleep(_GLANCE)
        except (SQLAlchemyError, OSError):
            return False
        else:
            return True
