"""`headworks database`: the tables, and bringing them from one version to another."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from headworks.cli.settings import ConfigPath, misuse, tolerant_settings_of
from headworks.stores.sql.address import DatabaseUnusable
from headworks.stores.sql.engine import Database
from headworks.stores.sql.migrations import NEWEST, OLDEST, UnknownVersion, differences
from headworks.stores.sql.migrations import downgrade as bring_down
from headworks.stores.sql.migrations import upgrade as bring_up
from headworks.stores.sql.reasons import reason_of
from headworks.stores.sql.version import version_of
from headworks.stores.sql.wanted import WANTED
from headworks.wiring.database import database_of, written_address
from headworks.wiring.process_exits import Exit

Work = Callable[[Database], Awaitable[int]]


def upgrade(config: ConfigPath = None, *, to: str = NEWEST) -> int:
    """Bring the tables to this version. Headworks does so itself when it starts.

    Args:
        config: Which configuration: it names the database.
        to: A version before the newest.
    """

    async def work(database: Database) -> int:
        _tell(database, *await bring_up(database, to))
        return Exit.OK

    return on_database(config, work)


def downgrade(config: ConfigPath = None, *, to: str, yes: bool = False) -> int:
    """Bring the tables back to an older version, before an older Headworks is installed. What only the newer one kept is lost.

    Args:
        config: Which configuration: it names the database.
        to: Which version, or base: no tables at all.
        yes: Do it, without being asked to repeat yourself.
    """
    if not yes:
        lost = "every key, party, setting and audit record" if to == OLDEST else f"what versions after {to} keep"
        sys.stderr.write(f"This removes {lost}. Stop Headworks, make a backup, and add --yes.\n")
        return Exit.USAGE

    async def work(database: Database) -> int:
        _tell(database, *await bring_down(database, to))
        return Exit.OK

    return on_database(config, work)


def check(config: ConfigPath = None) -> int:
    """Say whether the tables are those that this version works with.

    Args:
        config: Which configuration: it names the database.
    """

    async def work(database: Database) -> int:
        found = await version_of(database)
        print(f"{database}: {f'version {found}' if found else 'no tables'}; this Headworks works with {WANTED}")
        if found != WANTED:
            print("Run: headworks database upgrade" if found < WANTED else "A newer Headworks has been here.")
            return Exit.FAILED
        wrong = await differences(database)
        for each in wrong:
            print(f"  differs: {each}")
        print("NOT SOUND" if wrong else "sound")
        return Exit.FAILED if wrong else Exit.OK

    return on_database(config, work)


def on_database(config: Path | None, work: Work) -> int:
    """Do something with the database that a configuration names. What cannot be reached is told, not thrown."""
    os.umask(0o077)  # what we make is nobody else's to read
    settings = tolerant_settings_of(config)
    base = settings.path.parent if settings.path is not None else Path()

    async def inside() -> int:
        database = database_of(written_address(settings.config.database, base, os.environ), settings.directory)
        _check_place(database, settings.directory.parent)
        try:
            return await work(database)
        except (SQLAlchemyError, OSError) as trouble:
            why = str(reason_of(trouble)).rstrip(".")
            sys.stderr.write(f"The database {database} cannot be used: {why}. headworks doctor looks at it.\n")
            return Exit.UNAVAILABLE
        finally:
            await database.close()

    try:
        return asyncio.run(inside())
    except UnknownVersion as unknown:
        misuse(str(unknown))
    except (DatabaseUnusable, OSError) as refused:
        sys.stderr.write(f"{refused}\n")
        return Exit.CONFIG


def _check_place(database: Database, own: Path) -> None:
    """A file needs a directory: our own is made, another one must be there. Raises `DatabaseUnusable`."""
    if not database.is_sqlite:
        return
    directory = Path(database.url.database or "").absolute().parent
    if directory == own:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not directory.is_dir():
        raise DatabaseUnusable(f"{database} cannot be used: there is no directory {directory}. Make it, or name another file.")


def _tell(database: Database, before: str, after: str) -> None:
    if before == after:
        print(f"{database} is at version {after or 'none'} already.")
    else:
        print(f"{database}: from version {before or 'none'} to {after or 'none'}.")
