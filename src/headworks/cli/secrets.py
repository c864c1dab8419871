"""`headworks secrets`: provider credentials, kept enciphered in the database. `secret:NAME` in headworks.yaml refers to one."""

from __future__ import annotations

import getpass
import os
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from headworks.cli.database import on_database
from headworks.cli.settings import ConfigPath, Settings, directory_of, misuse, tolerant_settings_of
from headworks.cli.telling import tell_rows
from headworks.domain.counted import counted
from headworks.identity.pepper import PepperRefused
from headworks.ports.records import Conflict, Missing
from headworks.secrets import MasterRefused, MasterUnavailable, Secret, SecretUnreadable, Vault
from headworks.stores.sql.engine import Database
from headworks.stores.sql.migrations import upgrade
from headworks.stores.sql.revisions import SqlActiveRevision
from headworks.wiring.clock import SystemClock
from headworks.wiring.config_file.secret_users import users_of
from headworks.wiring.process_exits import Exit
from headworks.wiring.vault import vault_of

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_LONGEST = 65_536
_SECOND = 10**9


def put(name: str, config: ConfigPath = None) -> int:
    """Keep a credential, in place of one of that name. It is asked for without being shown, or read from standard input to its end.

    Args:
        name: What headworks.yaml calls it: secret:NAME.
        config: Which configuration: it names the database.
    """
    if not _NAME.fullmatch(name):
        misuse(f"'{name[:40]}' is no name of a secret: letters, digits, dots, dashes and underscores.")
    value = (getpass.getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.read(_LONGEST + 1)).strip()
    if not value or len(value) > _LONGEST:
        misuse(
            f"There is nothing to keep. Pipe the credential in: headworks secrets put {name} < FILE (up to {_LONGEST} characters)."
        )

    async def work(vault: Vault) -> int:
        version = await vault.put(name, Secret(value), audit=_audit("put"))
        print(
            f"Kept '{name}', version {version}. Write api_key: secret:{name}; a running gateway takes it at its next reload (SIGHUP)."
        )
        return Exit.OK

    return _on_vault(config, work, upgrade)


def list_all(config: ConfigPath = None, *, json: bool = False) -> int:
    """Names, versions and master keys of what is kept; never the credentials.

    Args:
        config: Which configuration: it names the database.
        json: Print it for programs.
    """

    async def work(vault: Vault) -> int:
        kept = await vault.listed()
        rows = [
            {
                "name": secret.ref.name,
                "version": secret.ref.version,
                "master": secret.master,
                "updated_at": _moment(secret.updated_at),
            }
            for secret in kept
        ]
        if json:
            print(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())
        elif rows:
            tell_rows(rows, ("name", "version", "master", "updated_at"))
        else:
            print("There are no secrets.")
        return Exit.OK

    return _on_vault(config, work)


def remove(name: str, config: ConfigPath = None, *, yes: bool = False) -> int:
    """Forget a credential. What in the configuration refers to it is named first.

    Args:
        name: Which.
        config: Which configuration: it names the database, and may refer to the credential.
        yes: Really: what is removed does not come back.
    """

    async def work(vault: Vault) -> int:
        await vault.remove(name, audit=_audit("remove"))
        print(f"Removed '{name}'.")
        return Exit.OK

    return _on_vault(config, work) if yes else on_database(config, lambda database: _warn(name, config, database))


async def _warn(name: str, config: Path | None, database: Database) -> int:
    users = await _users(name, tolerant_settings_of(config), database)
    used = f"'{name}' is in use: {', '.join(users)}. No gateway could start or reload without it. " if users else ""
    sys.stderr.write(f"headworks: {used}'{name}' would be gone for good. To remove it, add --yes\n")
    return Exit.USAGE


async def _users(name: str, settings: Settings, database: Database) -> list[str]:
    """Settings of the file, and of the active revision where that is what runs."""
    documents = {str(settings.path): settings.path.read_text()} if settings.path is not None else {}
    if settings.config.config_from == "database" and (active := await SqlActiveRevision(database).active()):
        documents[f"revision {active.number}"] = active.document
    return [f"{user} ({label})" for label, document in documents.items() for user in users_of(name, document)]


def rotate_master(config: ConfigPath = None) -> int:
    """Wrap all secrets under the first of HEADWORKS_MASTER_KEY, which names the old key after it: NEW,OLD.

    Args:
        config: Which configuration: it names the database.
    """

    async def work(vault: Vault) -> int:
        count = await vault.rotate_master(audit=_audit("rotate-master"))
        if count:
            gone = "The old master key, or its old version, opens none any more, and can go."
        else:
            gone = "All are under this master key already. For another one: HEADWORKS_MASTER_KEY=NEW,OLD."
        print(f"Wrapped {counted(count, 'secret')} again. {gone}")
        return Exit.OK

    return _on_vault(config, work)


async def _as_it_is(_database: Database) -> None:
    """Nothing to prepare: where there are no tables there are no secrets."""


def _on_vault(
    config: Path | None, work: Callable[[Vault], Awaitable[int]], prepare: Callable[[Database], Awaitable[object]] = _as_it_is
) -> int:
    directory = directory_of(config)

    async def inside(database: Database) -> int:
        await prepare(database)
        return await work(vault_of(database, directory, os.environ, SystemClock()))

    try:
        return on_database(config, inside)
    except (Missing, Conflict, SecretUnreadable, MasterUnavailable) as trouble:
        sys.stderr.write(f"headworks: {trouble}\n")
        return Exit.FAILED
    except (MasterRefused, PepperRefused, ValueError) as refused:
        sys.stderr.write(f"headworks: {refused}\n")
        return Exit.CONFIG


def _audit(act: str) -> dict[str, str]:
    return {"actor": "headworks secrets", "operation": f"secret.{act}"}


def _moment(nanos: int) -> str:
    return datetime.fromtimestamp(nanos // _SECOND, UTC).isoformat().replace("+00:00", "Z")
