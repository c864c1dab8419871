"""Whether there is anything in the file beside the journal, asked without the libraries that speak SQL for us.

They weigh 22 MB and take a third of a second to load, and a gateway whose callers all stand in its configuration never needs them.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_PATIENCE = 1.0
"""Seconds to wait for a writer."""


def has_records(file: Path) -> bool:
    """Whether anything was ever recorded. Raises `ConnectionError` where the file does not answer."""
    return _finds(file, "change_head", "SELECT 1 FROM change_head WHERE number > 0")


def has_books(file: Path) -> bool:
    """Whether any exchange was ever booked. Raises `ConnectionError` where the file does not answer."""
    return _finds(file, "places", "SELECT 1 FROM places LIMIT 1")


def _finds(file: Path, table: str, question: str) -> bool:
    if not file.exists():
        return False
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=_PATIENCE)) as connection:
            made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone()
            return made is not None and connection.execute(question).fetchone() is not None
    except sqlite3.Error as trouble:
        raise ConnectionError(type(trouble).__name__) from None
