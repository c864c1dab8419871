"""Both databases: a file, and a server that all tests of the run share."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sql import postgres
from tests.sql.house import migrate
from tests.sql.postgres import Postgres

Ready = Callable[[str], str]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A real PostgreSQL."""
    with postgres.running() as server:
        yield server


@pytest.fixture(scope="session")
def templates() -> dict[str, str]:
    """Databases that have their tables: kind to address. One is copied for each test, the other emptied."""
    return {}


@pytest.fixture
def ready(request: pytest.FixtureRequest, templates: dict[str, str], tmp_path: Path) -> Ready:
    """Answers a database with empty tables, of the wanted kind."""

    def sqlite() -> str:
        if "sqlite" not in templates:
            original: Path = request.getfixturevalue("tmp_path_factory").mktemp("template") / "headworks.db"
            templates["sqlite"] = migrate(f"sqlite:///{original}")
        fresh = tmp_path / "headworks.db"
        shutil.copy(templates["sqlite"].removeprefix("sqlite:///"), fresh)
        return f"sqlite:///{fresh}"

    def postgresql() -> str:
        server: Postgres = request.getfixturevalue("postgres_server")
        if "postgresql" not in templates:
            templates["postgresql"] = migrate(server.database())
        return server.emptied(templates["postgresql"])

    return lambda kind: sqlite() if kind == "sqlite" else postgresql()


@pytest.fixture(params=["sqlite", "postgresql"])
def tables(request: pytest.FixtureRequest, ready: Ready) -> str:
    """The address of a database with empty tables, once of each kind."""
    return ready(request.param)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'headworks.db'}"
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.database()
