"""The tables at start: the control process makes them, the gateway waits for them, and neither waits for ever."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy.exc import SQLAlchemyError

from headworks.identity.pepper import Pepper
from headworks.ports.clock import Clock
from headworks.stores.sql import Database
from headworks.stores.sql.audit import Seal
from headworks.stores.sql.version import Behind, check

AUDIT_KEY = "HEADWORKS_AUDIT_KEY"
_GLANCE = 0.1
_PAUSE = 2.0
_PATIENCE = 30.0


async def make_tables(database: Database, clock: Clock, say: Callable[[str], None]) -> None:
    """Bring the tables to this version, as soon as the database answers. Says what was done, and once what is in the way."""
    from headworks.stores.sql.migrations import upgrade  # noqa: PLC0415 - the gateway imports this file, and shall not carry the migrations

    said = ""
    while True:
        try:
            before, after = await upgrade(database)
        except (SQLAlchemyError, OSError) as trouble:
            if said != (said := type(trouble).__name__):
                say(f"{database!r} cannot be used yet ({said}): trying again until it answers")
            await clock.sleep(_PAUSE)
            continue
        if before != after:
            say(f"{database!r}: tables brought from version {before or 'none'} to {after}")
        return


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


def seals_of(environment: Mapping[str, str], peppers: Sequence[Pepper]) -> tuple[Seal, ...]:
    """The audit's key, and older ones that verify only. Made from the pepper unless HEADWORKS_AUDIT_KEY says it: one to start with
    and, separated by commas, those that it replaced. Raises `ValueError` for one that is too short.
    """
    written = [text.strip().encode() for text in environment.get(AUDIT_KEY, "").split(",") if text.strip()]
    return tuple(Seal(secret) for secret in (*written, *(pepper.digest(b"headworks audit") for pepper in peppers)))
