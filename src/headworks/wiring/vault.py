"""The secrets of this installation, as configurations refer to them and commands keep them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from headworks.identity.pepper import PepperRefused, peppers_of
from headworks.ports.clock import Clock
from headworks.secrets import Envelope, MasterRefused, MasterUnavailable, SecretUnreadable, Vault, masters_of
from headworks.stores.sql.address import DatabaseUnusable
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.secrets import SqlSecrets
from headworks.wiring.database import database_of
from headworks.wiring.fetch import post
from headworks.wiring.seals import seals_of


def vault_of(database: Database, directory: Path, env: Mapping[str, str], clock: Clock, owner: str = "") -> Vault:
    """`directory` is where the journal is; `owner` whose the secrets are, empty for the installation. Raises `MasterRefused`, `PepperRefused`, and `ValueError` for a bad audit key."""
    shared = not database.is_sqlite
    acts = Acts(database, clock, seals_of(env, peppers_of(directory, env, shared=shared))[0])
    return Vault(SqlSecrets(database, acts), Envelope(masters_of(directory, env, shared=shared, post=post)), owner)


def reveal(name: str, address: str, directory: Path, env: Mapping[str, str], clock: Clock) -> str:
    """A secret of the database at `address`, asked for from anywhere: in a thread and a loop of its own, for whoever compiles a
    configuration may run in a loop. Raises `LookupError`, whose text says what to do and holds nothing of the secret.
    """
    try:
        database = database_of(address, directory)
    except DatabaseUnusable as trouble:
        raise LookupError(str(trouble)) from None

    async def ask() -> str:
        try:
            found = await vault_of(database, directory, env, clock).get(name)
        finally:
            await database.close()
        if found is None:
            raise LookupError(f"There is no secret '{name}'. Put it there with: headworks secrets put {name}")
        return found.reveal()

    try:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, ask()).result()
    except (MasterRefused, MasterUnavailable, PepperRefused, SecretUnreadable, ValueError) as trouble:
        raise LookupError(str(trouble)) from None
    except (SQLAlchemyError, OSError) as trouble:
        reason = type(trouble).__name__
        raise LookupError(
            f"The secret '{name}' cannot be read: {database!r} cannot be used ({reason}). Mend it, or run: headworks database upgrade"
        ) from None
