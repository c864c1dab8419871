"""Versions of the tables, up and down."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import insert, select

from headworks.ports.records import EVERYWHERE
from headworks.stores.sql import Database
from headworks.stores.sql.audit import verify
from headworks.stores.sql.migrations import differences, downgrade, newest_version, upgrade
from headworks.stores.sql.schema import PLACES
from headworks.stores.sql.version import WANTED, Behind, check, version_of
from tests.sql.house import AUDIT, SEAL, house, key, organisation, project, team


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


async def with_data(url: str) -> None:
    async with house(url) as there:
        await upgrade(there.database, "0001")
        acme = await there.records.add_party(organisation(), reach=EVERYWHERE, audit=AUDIT)
        lab = await there.records.add_party(team("lab", acme), reach=EVERYWHERE, audit=AUDIT)
        chat = await there.records.add_party(project("chat", lab), reach=EVERYWHERE, audit=AUDIT)
        made = [await there.records.add_key(key(n, chat.id), reach=EVERYWHERE, audit=AUDIT) for n in range(5)]
        head = await there.records.head()
        for _ in range(2):
            assert await upgrade(there.database) == ("0001", newest_version())
            async with there.database.writing() as connection:
                await connection.execute(insert(PLACES), {"projection": "ledger", "instance": "i", "epoch": "e"})
            async with there.database.reading() as connection:
                assert len((await connection.execute(select(PLACES))).all()) == 1
            assert await downgrade(there.database, "0001") == (newest_version(), "0001")
        found = await there.records.key_by_digest([made[3].digest])
        assert found is not None
        assert (found.key, found.lineage) == (made[3], (acme, lab, chat))
        assert await there.records.head() == head
        assert (await verify(there.database, [SEAL])).records == 8
        await downgrade(there.database, "base")
        await upgrade(there.database)
        assert await there.records.key_by_digest([made[3].digest]) is None
        assert (await there.records.head()).log != head.log


def test_what_is_kept_survives_versions_up_and_down(url: str) -> None:
    """What a newer version keeps is gone after going down, and nothing else is; another database has another change log."""
    asyncio.run(with_data(url))
