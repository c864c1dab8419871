"""What all processes on one database must agree on."""

from __future__ import annotations

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from headworks.ports.clock import Clock
from headworks.stores.sql.engine import Database
from headworks.stores.sql.schema import INSTALLATION

_VALUE = select(INSTALLATION.c.value)


class Installation:
    """Values by name."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def value(self, name: str) -> str:
        """What is kept; empty where nothing is."""
        async with self._database.reading() as connection:
            return (await connection.execute(_VALUE.where(INSTALLATION.c.name == name))).scalar() or ""

    async def agree(self, name: str, value: str, *, replaces: tuple[str, ...] = ()) -> str:
        """Keep the value where nothing is kept yet, or one of `replaces`. Answers what is kept then."""
        try:
            return await self._agree(name, value, replaces)
        except IntegrityError:  # another process was the first at the same instant
            return await self.value(name)

    async def _agree(self, name: str, value: str, replaces: tuple[str, ...]) -> str:
        at = self._clock.wall_ns()
        async with self._database.writing() as connection:
            before: str | None = (await connection.execute(_VALUE.where(INSTALLATION.c.name == name))).scalar()
            if before is None:
                await connection.execute(insert(INSTALLATION).values(name=name, value=value, at=at))
            elif before in replaces:
                await connection.execute(update(INSTALLATION).where(INSTALLATION.c.name == name).values(value=value, at=at))
            else:
                return before
        return value
