"""Which version the tables have, told without the migrations themselves: they weigh too much for a gateway."""

from __future__ import annotations

from sqlalchemy import column, inspect, select, table
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.stores.sql.engine import Database
from headworks.stores.sql.wanted import WANTED

_VERSIONS = table("alembic_version", column("version_num"))


class Behind(Exception):
    """The tables are older than what this version works with."""


async def version_of(database: Database) -> str:
    """The version of the tables that are there; empty where there are none."""
    async with database.reading() as connection:
        return await _version_at(connection)


async def check(database: Database) -> None:
    """Raises `Behind` where the tables lack something. Newer ones will do: replicas are brought to a new version one by one, and
    migrations first add what a new version needs, and remove what an old one needed a version later.
    """
    found = await version_of(database)
    if found < WANTED:
        at = f"at version {found}" if found else "empty"
        raise Behind(f"{database} is {at}; this Headworks works with {WANTED}. Run: headworks database upgrade")


async def _version_at(connection: AsyncConnection) -> str:
    if not await connection.run_sync(_has_versions):
        return ""
    found = await connection.execute(select(_VERSIONS.c.version_num))
    return found.scalar() or ""


def _has_versions(connection: Connection) -> bool:
    return inspect(connection).has_table(_VERSIONS.name)
