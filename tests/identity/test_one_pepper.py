"""Whoever shares a database shares its pepper, or hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from headworks.identity import Pepper, PepperRefused
from headworks.stores.sql.engine import Database
from headworks.wiring.clock import SystemClock
from headworks.wiring.peppers import check_pepper, keep_pepper
from tests.sql.house import migrate

OWN, OTHER, NEXT = Pepper(b"a" * 32), Pepper(b"b" * 32), Pepper(b"c" * 32)


class Shared(Database):
    """What several gateways would share, kept in a file for the test."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.is_sqlite = False


def on(database: Database, act: Callable[[Database, SystemClock], Awaitable[None]]) -> None:
    async def whole() -> None:
        try:
            await act(database, SystemClock())
        finally:
            await database.close()

    asyncio.run(whole())


@pytest.fixture
def url(tmp_path: Path) -> str:
    return migrate(f"sqlite:///{tmp_path / 'headworks.db'}")


def test_a_replica_with_another_pepper_does_not_start(url: str) -> None:
    async def act(database: Database, clock: SystemClock) -> None:
        await keep_pepper(database, [OWN], clock)
        await check_pepper(database, [OWN], clock)
        with pytest.raises(PepperRefused, match="HEADWORKS_PEPPER"):
            await check_pepper(database, [OTHER], clock)

    on(Shared(url), act)


def test_on_one_machine_a_lost_pepper_is_said_and_others_are_served(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    async def act(database: Database, clock: SystemClock) -> None:
        await keep_pepper(database, [OWN], clock)
        await check_pepper(database, [OTHER], clock)

    on(Database(url), act)
    assert OWN.fingerprint in capfd.readouterr().err


def test_a_pepper_gives_way_to_its_successor_alone(url: str) -> None:
    async def act(database: Database, clock: SystemClock) -> None:
        await keep_pepper(database, [OWN], clock)
        await keep_pepper(database, [OTHER], clock)
        await check_pepper(database, [OWN], clock)
        await keep_pepper(database, [NEXT, OWN], clock)
        await check_pepper(database, [NEXT], clock)
        with pytest.raises(PepperRefused):
            await check_pepper(database, [OWN], clock)

    on(Shared(url), act)


def test_processes_that_begin_together_agree(url: str) -> None:
    async def act(database: Database, clock: SystemClock) -> None:
        await asyncio.gather(*(keep_pepper(database, [OWN], clock) for _ in range(5)))
        await check_pepper(database, [OWN], clock)

    on(Shared(url), act)


def test_a_database_without_tables_says_nothing_yet(tmp_path: Path) -> None:
    async def act(database: Database, clock: SystemClock) -> None:
        await check_pepper(database, [OWN], clock)

    on(Database(f"sqlite:///{tmp_path / 'new.db'}"), act)
