"""Both databases, with today's tables in them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from headworks.stores.sql.engine import Database
from headworks.stores.sql.migrations import upgrade
from tests.sql import postgres
from tests.sql.postgres import Postgres


@pytest.fixture(scope="session")
def ledger_server() -> Iterator[Postgres]:
    """A real PostgreSQL."""
    with postgres.running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without rows, once of each kind."""
    if request.param == "sqlite":
        return made(f"sqlite:///{tmp_path / 'headworks.db'}")
    server: Postgres = request.getfixturevalue("ledger_server")
    return made(server.database())


def made(url: str) -> str:
    """With tables in it."""

    async def make() -> None:
        database = Database(url)
        await upgrade(database)
        await database.close()

    asyncio.run(make())
    return url
