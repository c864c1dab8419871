"""What tests of records are made with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NamedTuple

from sqlalchemy import text

from headworks.domain.records import KeyRecord, Party, PartyKind
from headworks.stores.sql.audit import Acts, Seal
from headworks.stores.sql.engine import Database
from headworks.stores.sql.migrations import upgrade
from headworks.stores.sql.records.store import SqlRecords
from headworks.testing.clock import FrozenClock

AUDIT = {"actor": "admin_1", "operation": "test"}
SEAL = Seal(b"an audit key that only tests have")


class House(NamedTuple):
    database: Database
    acts: Acts
    records: SqlRecords
    clock: FrozenClock


def migrate(url: str) -> str:
    """Make the tables; answers the same address."""

    async def make() -> None:
        database = Database(url)
        await upgrade(database)
        await database.close()

    asyncio.run(make())
    return url


def made_newer(url: str) -> None:
    """As if a Headworks that is yet to come had migrated it."""

    async def change() -> None:
        database = Database(url)
        async with database.writing() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        await database.close()

    asyncio.run(change())


@asynccontextmanager
async def house(url: str) -> AsyncGenerator[House]:
    """Everything on a database that has its tables."""
    database, clock = Database(url), FrozenClock()
    acts = Acts(database, clock, SEAL)
    try:
        yield House(database, acts, SqlRecords(database, clock, acts), clock)
    finally:
        await database.close()


def organisation(name: str = "acme") -> Party:
    return Party(id=f"org_{name}", kind=PartyKind.ORGANISATION, name=name)


def team(name: str, parent: Party) -> Party:
    return Party(id=f"team_{parent.name}_{name}", kind=PartyKind.TEAM, name=name, parent=parent.id)


def project(name: str, parent: Party) -> Party:
    return Party(id=f"proj_{parent.id}_{name}", kind=PartyKind.PROJECT, name=name, parent=parent.id)


def key(number: int, owner: str, **more: object) -> KeyRecord:
    made = KeyRecord(
        id=f"key_{number:032x}", owner=owner, name=f"key {number}", prefix=f"hw-{number:08d}", digest=number.to_bytes(32, "big")
    )
    return KeyRecord(**{name: getattr(made, name) for name in made.__struct_fields__} | more)  # type: ignore[arg-type]
