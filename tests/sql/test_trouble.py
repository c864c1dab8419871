"""A database that is lost is told from a question that has no answer."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from headworks.domain.errors import Fault
from headworks.domain.records import PartyKind
from headworks.identity.gate import Gate
from headworks.stores.sql.engine import Database
from headworks.stores.sql.records import SqlLookups
from headworks.stores.sql.trouble import is_lost
from headworks.testing.clock import FrozenClock
from tests.sql.conftest import Ready
from tests.sql.house import house, organisation


async def trouble_with(database: Database, statement: str, values: dict[str, object]) -> SQLAlchemyError:
    with pytest.raises(SQLAlchemyError) as trouble:
        async with database.writing() as connection:
            await connection.execute(text(statement), values)
    return trouble.value


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("SELECT nothing_of_the_kind FROM parties", {}),
        ("SELECT * FROM parties WHERE name = :name", {"name": object()}),
        ("INSERT INTO audit_head (id, number, mac) VALUES (1, 1, 'x')", {}),
    ],
)
def test_what_is_wrong_with_a_question_is_not_the_databases_loss(
    tables: str, statement: str, values: dict[str, object]
) -> None:
    async def ask() -> None:
        database = Database(tables)
        trouble = await trouble_with(database, statement, values)
        one_name = database.is_sqlite and "nothing" in statement  # SQLite calls this as it calls what passes
        assert is_lost(trouble) == one_name
        await database.close()

    asyncio.run(ask())


def test_a_zero_byte_fails_its_question_alone(tables: str) -> None:
    """PostgreSQL takes none; SQLite finds nobody."""

    async def ask() -> None:
        async with house(tables) as there:
            gate = Gate(SqlLookups(there.database, there.clock), there.clock)
            if there.database.is_sqlite:
                assert await gate.ask(lambda records: records.party_by_name(PartyKind.TEAM, "a\0b", under="org_acme")) is None
                return
            with pytest.raises(Fault) as refused:
                await gate.ask(lambda records: records.party_by_name(PartyKind.TEAM, "a\0b", under="org_acme"))
            assert refused.value.code == "identity_unavailable"
            assert not gate.lost, "nobody else is concerned"
            assert await gate.ask(lambda records: records.lineage(organisation().id)) == ((), 0)

    asyncio.run(ask())


def test_a_database_without_tables_or_without_a_free_connection_is_lost(tmp_path: Path) -> None:
    async def ask() -> None:
        database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        with pytest.raises(ConnectionError):
            await SqlLookups(database, FrozenClock()).head()
        await database.close()

    asyncio.run(ask())
    assert is_lost(NoConnectionFree())


def test_a_server_that_hangs_up_is_lost(ready: Ready) -> None:
    url = ready("postgresql")

    async def ask() -> None:
        database = Database(url)
        hung_up = await trouble_with(database, "SELECT pg_terminate_backend(pg_backend_pid())", {})
        assert is_lost(hung_up)
        await database.close()

    asyncio.run(ask())
