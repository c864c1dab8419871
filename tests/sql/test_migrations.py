"""Versions of the tables, up and down."""

from __future__ import annotations

import asyncio

import pytest

from headworks.stores.sql import Database
from headworks.stores.sql.migrations import differences, downgrade, newest_version, upgrade
from headworks.stores.sql.version import WANTED, Behind, check, version_of


async def up_and_down(url: str) -> None:
    database = Database(url)
    assert await version_of(database) == ""
    with pytest.raises(Behind, match="headworks database upgrade"):
        await check(database)
    assert await upgrade(database) == ("", newest_version())
    assert await upgrade(database) == (newest_version(), newest_version())
    await check(database)
    assert await differences(database) == []
    assert await downgrade(database, "base") == (newest_version(), "")
    assert await upgrade(database) == ("", newest_version())
    await database.close()


def test_the_tables_go_up_and_down_and_are_those_that_are_declared(url: str) -> None:
    asyncio.run(up_and_down(url))


async def all_at_once(url: str) -> None:
    databases = [Database(url) for _ in range(3)]
    assert sorted(await asyncio.gather(*map(upgrade, databases))) == [("", newest_version()), *[(newest_version(),) * 2] * 2]
    for database in databases:
        await database.close()


def test_replicas_that_start_together_upgrade_once(url: str) -> None:
    asyncio.run(all_at_once(url))


def test_what_a_gateway_waits_for_is_the_newest_version() -> None:
    assert newest_version() == WANTED
