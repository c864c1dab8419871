"""A database with empty tables, copied from one that was made once."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.admin.house import House, run
from tests.sql.house import migrate

Story = Callable[[House], Awaitable[None]]
Telling = Callable[[Story], None]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("admin") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def database(template: Path, tmp_path: Path) -> str:
    """The address of a database with empty tables."""
    path = tmp_path / "headworks.db"
    shutil.copy(template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def tell(database: str) -> Telling:
    """Runs a story on a house of its own."""
    return lambda story: run(database, story)
