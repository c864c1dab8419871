"""Whether there is anything in the file beside the journal, asked without the libraries that speak SQL for us.

They weigh 22 MB and take a third of a second to load, and a gateway whose callers all stand in its configuration never needs them.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_PATIENCE = 1.0
"""Seconds to wait for a writer."""


def version_in(file: Path) -> str:
    """The version of the tables; empty where there are none. Raises `ConnectionError` where the file does not answer."""
    return str(_found(file, "alembic_version", "SELECT version_num FROM alembic_version") or "")


def has_records(file: Path) -> bool:
    """Whether anything was ever recorded. Raises `ConnectionError` where the file does not answer."""
    return _found(file, "change_head", "SELECT 1 FROM change_head WHERE number > 0") is not None


def has_books(file: Path) -> bool:
    """Whether any exchange was ever booked. Raises `ConnectionError` where the file does not answer."""
    return _found(file, "places", "SELECT 1 FROM places LIMIT 1") is not None


def _found(file: Path, table: str, question: str) -> object:
    """The first column of the first row of the answer; None where there is no row, no table or no file."""
    if not file.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=_PATIENCE)) as connection:
            made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone()
            row = connection.execute(question).fetchone() if made is not None else None
    except sqlite3.Error as trouble:
        raise ConnectionError(type(trouble).__name__) from None
    return row[0] if row is not None else None
