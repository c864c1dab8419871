"""The records as a gateway sees them: none, until somebody has made the tables."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError

from headworks.domain.records import Party, PartyKind
from headworks.ports.clock import Clock
from headworks.ports.records import Change, Found, Head
from headworks.stores.sql.engine import Database
from headworks.stores.sql.records import SqlLookups
from headworks.stores.sql.version import version_of


class RecordsOnceThere:
    """Implements `ports.records.Lookups`. A gateway may start before the control process has made the tables, or without one: then
    nobody has a key in them, which is no trouble of the database.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._lookups = SqlLookups(database, clock)
        self._there = False

    async def key_by_digest(self, digests: Sequence[bytes]) -> Found | None:
        """See the port."""
        async with self._asked() as there:
            return await self._lookups.key_by_digest(digests) if there else None

    async def lineage(self, party: str) -> tuple[tuple[Party, ...], int]:
        """See the port."""
        async with self._asked() as there:
            return await self._lookups.lineage(party) if there else ((), 0)

    async def party_by_name(self, kind: PartyKind, name: str, *, under: str) -> Party | None:
        """See the port."""
        async with self._asked() as there:
            return await self._lookups.party_by_name(kind, name, under=under) if there else None

    async def changes_after(self, number: int, most: int = 1000) -> Sequence[Change]:
        """See the port."""
        async with self._asked() as there:
            return await self._lookups.changes_after(number, most) if there else ()

    async def head(self) -> Head:
        """See the port. Once the tables are there the log has a name, and whoever remembers anything of before forgets it."""
        async with self._asked() as there:
            return await self._lookups.head() if there else Head("", 0)

    @asynccontextmanager
    async def _asked(self) -> AsyncGenerator[bool]:
        """Whether there are tables to ask."""
        try:
            self._there = self._there or bool(await version_of(self._database))
            yield self._there
        except SQLAlchemyError as trouble:
            raise ConnectionError(type(trouble).__name__) from None  # its words hold the statement and its values
