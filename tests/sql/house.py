"""What tests of records are made with."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NamedTuple

from headworks.domain.records import KeyRecord, Party, PartyKind
from headworks.stores.sql import Database
from headworks.stores.sql.audit import Acts, Seal
from headworks.stores.sql.migrations import upgrade
from headworks.stores.sql.records import SqlRecords

AUDIT = {"actor": "admin_1", "operation": "test"}
SEAL = Seal(b"an audit key that only tests have")


class Wall:
    """A wall clock that stands until it is moved."""

    def __init__(self) -> None:
        self.ns = 1_800_000_000_000_000_000

    def now(self) -> float:
        return self.ns / 1e9

    def wall_ns(self) -> int:
        return self.ns

    async def sleep(self, seconds: float, /) -> None:
        self.ns += int(seconds * 1e9)


class House(NamedTuple):
    database: Database
    acts: Acts
    records: SqlRecords
    clock: Wall


@asynccontextmanager
async def house(url: str) -> AsyncGenerator[House]:
    """A database with the tables in it."""
    database, clock = Database(url), Wall()
    await upgrade(database)
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
