"""Whether the database can be used. Nothing is made and nothing is changed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from headworks.cli.doctor_checks import Finding, Severity
from headworks.cli.doctor_keys import key_findings
from headworks.cli.settings import Settings
from headworks.stores.sql.address import DatabaseUnusable
from headworks.stores.sql.engine import Database
from headworks.stores.sql.reasons import reason_of
from headworks.stores.sql.version import version_of
from headworks.stores.sql.wanted import WANTED
from headworks.wiring.database import database_of, written_address

_MAY_WRITE = text(
    "SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'"
    " AND coalesce(has_schema_privilege(current_schema(), :right), false)"
)


def database_findings(settings: Settings, environment: Mapping[str, str]) -> list[Finding]:
    """Whether it answers, has its tables and can be written, and whether pepper and master key fit what it keeps."""
    return asyncio.run(_found(settings, environment))


async def _found(settings: Settings, environment: Mapping[str, str]) -> list[Finding]:
    base = settings.path.parent if settings.path is not None else Path.cwd()
    try:
        database = database_of(written_address(settings.config.database, base, environment), settings.directory)
    except (DatabaseUnusable, OSError) as trouble:
        return [Finding(Severity.BAD, "no database can be used", str(trouble), hinders=True)]
    try:
        return [finding async for finding in _examined(database, settings.directory, environment)]
    finally:
        await database.close()


async def _examined(database: Database, directory: Path, environment: Mapping[str, str]) -> AsyncIterator[Finding]:
    place = _place_of(database)
    try:
        version = await version_of(database) if place is None or place.exists() else ""
        yield _tables(database, version)
        writable = _file_writable(place) if place is not None else await _server_writable(database, version)
    except (
        SQLAlchemyError,
        OSError,
        TypeError,
    ) as trouble:  # TypeError: a parameter of the address that the driver does not know
        yield _unusable(database, trouble)
        return
    if not writable:
        remedy = "Give it to this user; of a server, name the primary and a user who may make tables."
        yield Finding(Severity.BAD, f"{database} cannot be written", remedy, hinders=True)
    async for finding in key_findings(database, directory, environment, version):
        yield finding


def _unusable(database: Database, trouble: Exception) -> Finding:
    reason = reason_of(trouble)
    what = f"{database} cannot be used: {reason.what}"
    if isinstance(trouble, TypeError):
        return Finding(Severity.BAD, what, "Mend the parameters after ? in `database`.", hinders=True)
    if reason.remedy:
        return Finding(Severity.BAD, what, reason.remedy, hinders=True)
    remedy = "Is it running, and is its address right? Until it answers, only keys of the configuration are served."
    return Finding(Severity.BAD, what, remedy)


def _tables(database: Database, version: str) -> Finding:
    if not version:
        return Finding(Severity.FINE, f"{database} has no tables yet: the first start makes them")
    if version == WANTED:
        return Finding(Severity.FINE, f"{database} answers; its tables are at version {version}")
    what = f"{database} has tables of version {version}; this Headworks works with {WANTED}"
    if version < WANTED:
        return Finding(Severity.ODD, what, "The next start brings them there; or run: headworks database upgrade")
    if database.is_sqlite:
        remedy = f"Install the newer Headworks again; or go back by it: headworks database downgrade --to {WANTED} --yes"
        return Finding(Severity.BAD, what, remedy, hinders=True)
    return Finding(Severity.ODD, what, "A newer Headworks has been here: install it here, too.")  # a fleet's, one by one


def _place_of(database: Database) -> Path | None:
    """SQLite's file; None for a server."""
    return Path(database.url.database or "").absolute() if database.is_sqlite else None


def _file_writable(file: Path) -> bool:
    """The file and, for what lies beside it, its directory: of one that is not there yet, the nearest that is."""
    directory = next(path for path in file.parents if path.exists())
    return os.access(directory, os.W_OK | os.X_OK) and (not file.exists() or os.access(file, os.W_OK))


async def _server_writable(database: Database, version: str) -> bool:
    async with database.reading() as connection:
        right = "CREATE" if version < WANTED else "USAGE"
        return bool((await connection.execute(_MAY_WRITE, {"right": right})).scalar())
