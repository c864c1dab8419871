"""What no waiting mends is told from what may pass, and comes with what to do."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from headworks.stores.sql.address import DatabaseUnusable
from headworks.stores.sql.engine import Database
from headworks.stores.sql.reasons import Reason, reason_of
from headworks.stores.sql.version import version_of
from tests.sql import postgres
from tests.sql.postgres import Postgres


@pytest.fixture(scope="module")
def strict() -> Iterator[Postgres]:
    """A server that asks everybody but its owner for a password."""
    with postgres.running() as server:
        (server.directory / "data/pg_hba.conf").write_text("local all headworks trust\nlocal all ann scram-sha-256\n")
        asyncio.run(_prepared(server))
        yield server


async def _prepared(server: Postgres) -> None:
    connection = await asyncpg.connect(server.url())
    await connection.execute("CREATE ROLE ann LOGIN PASSWORD 'secret'")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()


def reason(url: str) -> Reason:
    async def ask() -> Reason:
        database = Database(url)
        with pytest.raises((SQLAlchemyError, OSError)) as trouble:
            await version_of(database)
        await database.close()
        return reason_of(trouble.value)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("user", "name", "words", "remedy"),
    [
        ("ann:wrong@", "postgres", "password authentication failed", "password"),
        ("bob:x@", "postgres", "bob", "pg_hba.conf"),
        ("headworks@", "nothing", '"nothing" does not exist', "createdb"),
    ],
)
def test_what_the_server_refuses_has_a_remedy(strict: Postgres, user: str, name: str, words: str, remedy: str) -> None:
    found = reason(f"postgresql://{user}/{name}?host={strict.directory}")
    assert words in found.what
    assert remedy in found.remedy
    assert "wrong" not in str(found)
    assert "sqlalchemy" not in str(found)


@pytest.mark.parametrize("url", ["postgresql://ann:x@127.0.0.1:1/headworks", "postgresql://ann@/headworks?host=/nowhere"])
def test_who_is_not_up_may_come_up(url: str) -> None:
    assert reason(url).remedy == ""


def test_a_file_without_a_directory_does_not_come_by_itself() -> None:
    """Made here: where it truly happens, the driver's thread outlives the test."""
    trouble = OperationalError(None, None, sqlite3.OperationalError("unable to open database file"))
    assert "directory" in reason_of(trouble).remedy


def test_a_file_of_something_else_stays_one(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Ann,\n" * 200)
    assert "another file" in reason(f"sqlite:///{tmp_path}/letter.txt").remedy


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(DatabaseUnusable, match="pip install asyncpg"):
        Database("postgresql://ann@db/headworks")
