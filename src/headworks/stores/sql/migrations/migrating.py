"""Upgrades and downgrades, in one transaction each, one process at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from headworks.stores.sql.engine import Database
from headworks.stores.sql.schema import METADATA

NEWEST = "head"
OLDEST = "base"
_LOCK = 4_455_001
"""Of PostgreSQL's advisory locks: replicas that start together upgrade one after the other."""
_Plan = Callable[[str, MigrationContext], object]


async def upgrade(database: Database, to: str = NEWEST) -> tuple[str, str]:
    """From and to which version; the same where there was nothing to do."""
    return await _migrate(database, to, lambda script: lambda revision, _: script._upgrade_revs(to, revision))  # noqa: SLF001 - what alembic's own command is made of; the command itself wants a script that works at import


async def downgrade(database: Database, to: str) -> tuple[str, str]:
    """As `upgrade`, the other way. What later versions kept is lost; `base` drops everything."""
    return await _migrate(database, to, lambda script: lambda revision, _: script._downgrade_revs(to, revision))  # noqa: SLF001 - see above


async def differences(database: Database) -> list[str]:
    """What of the tables is not as this version declares it, in words of the migration tool."""
    async with database.reading() as connection:
        return await connection.run_sync(_differences)


def newest_version() -> str:
    """The last migration that is shipped."""
    return scripts()[1].get_current_head() or ""


def scripts() -> tuple[Config, ScriptDirectory]:
    """Where the migrations are."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config, ScriptDirectory.from_config(config)


async def _migrate(database: Database, to: str, plan: Callable[[ScriptDirectory], _Plan]) -> tuple[str, str]:
    config, script = scripts()
    _known(script, to)

    def run(connection: Connection) -> tuple[str, str]:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        before = _version(connection)
        with EnvironmentContext(config, script, fn=plan(script), destination_rev=to) as environment:
            environment.configure(connection=connection, target_metadata=METADATA)
            environment.run_migrations()
        return before, _version(connection)

    async with database.writing() as connection:
        return await connection.run_sync(run)


class UnknownVersion(Exception):
    """There is no such version of the tables."""


def _known(script: ScriptDirectory, version: str) -> None:
    versions = sorted(revision.revision for revision in script.walk_revisions())
    if version not in {NEWEST, OLDEST, *versions}:
        raise UnknownVersion(f"There is no version '{version}' of the tables here. There are: {', '.join(versions)}.")


def _version(connection: Connection) -> str:
    return MigrationContext.configure(connection).get_current_revision() or ""


def _differences(connection: Connection) -> list[str]:
    context = MigrationContext.configure(connection, opts={"compare_type": False})
    return [str(difference) for difference in compare_metadata(context, METADATA)]
