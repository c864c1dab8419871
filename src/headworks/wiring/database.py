"""The database of this installation, as the configuration names it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from headworks.stores.sql.address import anchored, default_url
from headworks.stores.sql.engine import Database

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def database_of(address: str, journal: Path) -> Database:
    """`address` without references; empty: the file beside the journal. Raises `DatabaseUnusable`. Connects nowhere yet."""
    return Database(address or default_url(journal))


def written_address(written: str, base: Path, environment: Mapping[str, str]) -> str:
    """The setting `database` with its references followed, for who reads no more of a configuration than its settings. `base` is the
    configuration's directory. Raises `OSError` for an unreadable file.
    """
    return anchored(resolved(written, base, environment), base)


def resolved(written: str, base: Path, environment: Mapping[str, str]) -> str:
    """A setting with its references followed. A variable that is not set counts as empty: whether the configuration can be used is the
    gateway's to say. Raises `OSError` for an unreadable file.
    """
    if written.startswith("file:"):
        return (base / written.removeprefix("file:")).read_text().strip()
    return _REFERENCE.sub(lambda found: environment.get(found[1]) or found[2] or "", written)
