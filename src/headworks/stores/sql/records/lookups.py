"""What the data plane asks. The change number that an answer is «as of» is read no later than the answer itself."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.domain.records import KeyRecord, Party, PartyKind
from headworks.ports.clock import Clock
from headworks.ports.records import Change, Found, Head, Unanswerable
from headworks.stores.sql.engine import Database
from headworks.stores.sql.reach import below
from headworks.stores.sql.records.rows import key_of, party_of
from headworks.stores.sql.records.top_ups import Given, top_ups_of
from headworks.stores.sql.schema import CHANGE_HEAD, CHANGES, KEYS, PARTIES, PARTY_PATHS
from headworks.stores.sql.trouble import is_lost

_AS_OF = select(CHANGE_HEAD.c.number).scalar_subquery().label("as_of")
_Record = TypeVar("_Record", KeyRecord, Party)


class SqlLookups:
    """Implements `ports.records.Lookups`. Give it the primary, never a replica of the database that may lag behind."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """The clock tells which keys are still valid where several match."""
        self.database = database
        self._clock = clock

    async def key_by_digest(self, digests: Sequence[bytes]) -> Found | None:
        """See the port."""
        async with self._reading() as connection:
            rows = (await connection.execute(select(KEYS, _AS_OF).where(KEYS.c.digest.in_(digests)))).mappings().all()
            if not rows:
                return None
            key = _least_valid([key_of(row) for row in rows], self._clock.wall_ns())
            lineage = await _lineage(connection, key.owner)
            given = await top_ups_of(connection, (key, *lineage), self._clock.wall_ns())
        return Found(_with(given, key), tuple(_with(given, party) for party in lineage), rows[0]["as_of"])

    async def lineage(self, party: str) -> tuple[tuple[Party, ...], int]:
        """See the port."""
        async with self._reading() as connection:
            as_of = (await connection.execute(select(CHANGE_HEAD.c.number))).scalar_one()
            lineage = await _lineage(connection, party)
            given = await top_ups_of(connection, lineage, self._clock.wall_ns())
        return tuple(_with(given, party) for party in lineage), as_of

    async def party_by_name(self, kind: PartyKind, name: str, *, under: str) -> Party | None:
        """See the port."""
        wanted = select(PARTIES).where(PARTIES.c.name == name, PARTIES.c.kind == kind.value, below(PARTIES.c.id, under))
        async with self._reading() as connection:
            rows = (await connection.execute(wanted.limit(2))).mappings().all()
        return party_of(rows[0]) if len(rows) == 1 else None

    async def changes_after(self, number: int, most: int = 1000) -> Sequence[Change]:
        """See the port."""
        wanted = select(CHANGES).where(CHANGES.c.number > number).order_by(CHANGES.c.number).limit(most)
        async with self._reading() as connection:
            return [Change(row.number, row.at, row.entity, row.entity_id) for row in await connection.execute(wanted)]

    async def head(self) -> Head:
        """See the port."""
        async with self._reading() as connection:
            row = (await connection.execute(select(CHANGE_HEAD))).one()
        return Head(row.log, row.number, row.pruned_to)

    @asynccontextmanager
    async def _reading(self) -> AsyncGenerator[AsyncConnection]:
        try:
            async with self.database.reading() as connection:
                yield connection
        except SQLAlchemyError as trouble:
            name = type(trouble).__name__  # its words hold the statement and its values
            raise (ConnectionError(name) if is_lost(trouble) else Unanswerable(name)) from None


def _with(given: Given, record: _Record) -> _Record:
    """With what was added to its budgets."""
    whose = record.counted_as
    return msgspec.structs.replace(record, top_ups=given[whose]) if whose in given else record


def _least_valid(keys: Sequence[KeyRecord], now: int) -> KeyRecord:
    """One key under two digests (its own, and as it was imported): revoked or expired once is enough."""
    return next((key for key in keys if not key.valid_at(now)), keys[0])


async def _lineage(connection: AsyncConnection, party: str) -> tuple[Party, ...]:
    steps = select(PARTIES).join(PARTY_PATHS, PARTY_PATHS.c.ancestor == PARTIES.c.id)
    found = await connection.execute(steps.where(PARTY_PATHS.c.descendant == party).order_by(PARTY_PATHS.c.depth.desc()))
    return tuple(party_of(row) for row in found.mappings())
