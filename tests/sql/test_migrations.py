"""Versions of the tables, up and down."""

from __future__ import annotations

import asyncio
import hashlib
import io
from typing import Any

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, insert, inspect, select

from headworks.ports.records import EVERYWHERE
from headworks.stores.sql.audit import verify
from headworks.stores.sql.engine import Database
from headworks.stores.sql.migrations import differences, downgrade, newest_version, scripts, upgrade
from headworks.stores.sql.schema import CUSTOMERS, METADATA, PLACES, POSTINGS
from headworks.stores.sql.version import Behind, check, version_of
from headworks.stores.sql.wanted import WANTED
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
        await upgrade(there.database)
        acme = await there.records.add_party(organisation(), reach=EVERYWHERE, audit=AUDIT)
        lab = await there.records.add_party(team("lab", acme), reach=EVERYWHERE, audit=AUDIT)
        chat = await there.records.add_party(project("chat", lab), reach=EVERYWHERE, audit=AUDIT)
        made = [await there.records.add_key(key(n, chat.id), reach=EVERYWHERE, audit=AUDIT) for n in range(5)]
        head = await there.records.head()
        assert await downgrade(there.database, "0001") == (newest_version(), "0001")
        for _ in range(2):
            assert await upgrade(there.database) == ("0001", newest_version())
            async with there.database.writing() as connection:
                await connection.execute(insert(PLACES), {"projection": "ledger", "instance": "i", "epoch": "e"})
            async with there.database.reading() as connection:
                assert len((await connection.execute(select(PLACES))).all()) == 1
            assert await downgrade(there.database, "0001") == (newest_version(), "0001")
        await upgrade(there.database)
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


ANN = "cus_" + 24 * "a"


async def posted_before(url: str) -> None:
    """Customers that postings tell by reference are listed after coming up; names of before references are not. Down, postings stay."""
    database = Database(url)
    await upgrade(database, "0005")
    for bucket, customer in ((900, ANN), (2700, ANN), (900, "ann@example.com"), (900, "cus_short"), (900, "")):
        row = {"bucket": bucket, "dimension": customer, "organisation": "org_a", "customer": customer}
        async with database.writing() as connection:
            await connection.execute(insert(POSTINGS), row)
    for _ in range(2):
        await upgrade(database)
        async with database.reading() as connection:
            (ann,) = (await connection.execute(select(CUSTOMERS))).all()
        assert tuple(ann) == (ANN, "org_a", b"", 900 * 10**9, 2700 * 10**9, 0)
        await downgrade(database, "0005")
        async with database.reading() as connection:
            assert len((await connection.execute(select(POSTINGS.c.bucket))).all()) == 5
    await database.close()


def test_customers_of_postings_are_taken_over(url: str) -> None:
    asyncio.run(posted_before(url))


def described(connection: Connection) -> dict[str, Any]:
    """All that a database says of its tables, but for the order of columns: one that is added later comes last."""
    found, tables = inspect(connection), {}
    for table in sorted(set(found.get_table_names()) - {"alembic_version"}):
        columns = [{**column, "type": repr(column["type"])} for column in found.get_columns(table)]
        keys = found.get_pk_constraint(table), found.get_foreign_keys(table)
        indexes = [{**index, "dialect_options": _said(index.get("dialect_options", {}))} for index in found.get_indexes(table)]
        rules = indexes, found.get_unique_constraints(table)
        tables[table] = (*(sorted(map(str, rows)) for rows in (columns, *rules)), *map(str, keys))
    return tables


def _said(options: dict[str, Any]) -> dict[str, str]:
    """The words of conditions: what holds them is another object each time."""
    return {name: str(option) for name, option in options.items()}


async def made_twice(url: str) -> None:
    database = Database(url)
    async with database.writing() as connection:
        await connection.run_sync(METADATA.create_all)
        declared = await connection.run_sync(described)
        await connection.run_sync(METADATA.drop_all)
    await upgrade(database)
    async with database.reading() as connection:
        assert await connection.run_sync(described) == declared
    await database.close()


def test_what_the_migrations_make_is_to_the_last_default_what_is_declared(url: str) -> None:
    asyncio.run(made_twice(url))


SHIPPED = {
    ("0001", "sqlite"): "f771b90ad0b6ee9e",
    ("0001", "postgresql"): "e942c10ca722bf4c",
    ("0002", "sqlite"): "dc8ab1ab2009f194",
    ("0002", "postgresql"): "3300784402f1ce1e",
    ("0003", "sqlite"): "c7bc8d9099f43fdd",
    ("0003", "postgresql"): "0ed8a74aebe569d9",
    ("0004", "sqlite"): "544445ef7977e1ee",
    ("0004", "postgresql"): "10233b9583b981ce",
    ("0005", "sqlite"): "10053da306bc0c9e",
    ("0005", "postgresql"): "b72be2d31d2e837a",
    ("0006", "sqlite"): "168e5ed541b028ce",
    ("0006", "postgresql"): "4ccbc16e3eb1aa47",
    ("0007", "sqlite"): "c94a93f12f982028",
    ("0007", "postgresql"): "477c5d95a77cfc6b",
    ("0008", "sqlite"): "7bc87bfc77033b84",
    ("0008", "postgresql"): "7bc87bfc77033b84",
}


@pytest.mark.parametrize(("version", "kind"), SHIPPED)
def test_a_migration_that_has_shipped_makes_what_it_always_made(version: str, kind: str) -> None:
    """Others have tables by it. A table is changed by a migration of its own; one that is new gets its line here."""
    said = io.StringIO()
    settings = {"as_sql": True, "output_buffer": said, "target_metadata": METADATA}
    with Operations.context(MigrationContext.configure(dialect_name=kind, opts=settings)):
        scripts()[1].get_revision(version).module.upgrade()
    made = sorted(each.split() for each in said.getvalue().split(";") if "INSERT" not in each)
    assert hashlib.sha256(repr(made).encode()).hexdigest()[:16] == SHIPPED[version, kind]
