"""Whoever waits for a database says so, and says for what."""

from __future__ import annotations

import asyncio

import pytest

from headworks.stores.sql.engine import Database
from headworks.testing.clock import FrozenClock
from headworks.wiring.tables import make_tables


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
