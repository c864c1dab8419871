"""Whoever waits for a database says so, and says for what."""

from __future__ import annotations

import asyncio

import pytest

from headworks.stores.sql.engine import Database
from headworks.stores.sql.version import version_of
from headworks.stores.sql.wanted import WANTED
from headworks.testing.clock import FrozenClock
from headworks.wiring.tables import make_tables
from tests.sql.house import made_newer, migrate


class EnoughError(Exception):
    """As much was waited as the test wants."""


class ImpatientClock(FrozenClock):
    """Lets sleep so often, and no more."""

    times = 3

    async def sleep(self, seconds: float) -> None:
        """A moment that takes no time."""
        assert seconds <= 5
        self.times -= 1
        if not self.times:
            raise EnoughError


def test_what_a_start_waits_for_is_said_again_and_again() -> None:
    said: list[str] = []

    async def wait() -> None:
        database = Database("postgresql://ann:secret@127.0.0.1:1/headworks")
        with pytest.raises(EnoughError):
            await make_tables(database, ImpatientClock(), said.append)
        await database.close()

    asyncio.run(wait())
    assert len(said) == 3
    for line in said:
        assert "waiting for postgresql://ann:***@127.0.0.1:1/headworks: " in line
        assert "secret" not in line


def test_a_replica_says_that_its_fleet_has_newer_tables_and_leaves_them_as_they_are(url: str) -> None:
    said: list[str] = []

    async def begin() -> None:
        database = Database(url)
        await make_tables(database, FrozenClock(), said.append)
        assert await version_of(database) == "9999"
        await database.close()

    made_newer(migrate(url))
    asyncio.run(begin())
    (line,) = said
    assert f"version 9999, of a newer Headworks; this one works with {WANTED}" in line
