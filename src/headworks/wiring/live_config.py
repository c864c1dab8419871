"""The configuration in force: read from a file or the database and followed, or made of what was found on this machine."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from headworks.domain.config import Config
from headworks.domain.counted import counted
from headworks.domain.snapshot import Snapshot
from headworks.files import make_whole
from headworks.ports.clock import Clock
from headworks.providers.catalog import shipped_catalog
from headworks.providers.credentials.book import Book
from headworks.wiring.at_start import changed
from headworks.wiring.compile import Compiled, compile_config
from headworks.wiring.config_file import ConfigRefused
from headworks.wiring.config_file.tree import dotted
from headworks.wiring.discover import Discovery, discover_some
from headworks.wiring.followed import Followed
from headworks.wiring.kept_revision import KeptRevision
from headworks.wiring.load import ConfigFile, givens
from headworks.wiring.reload import Loads, Reloader

Say = Callable[[str], None]

_BY_EACH_GATEWAY = (
    "server.cert_file",
    "server.key_file",
    "server.client_ca_file",
    "server.client_crl_file",
    "journal.segment_bytes",
    "journal.segment_seconds",
    "journal.on_full",
    "cache.max_bytes",
    "cluster",
)

CLIENT_KEY_FILE = "client-key"
"""In the journal's directory: the key of a gateway that was started without a configuration."""


class LiveConfig:
    """One per gateway process. Everybody reads `snapshot`; a new one is put there by one assignment."""

    def __init__(
        self,
        compiled: Compiled,
        say: Say,
        document: Loads | None,
        clock: Clock,
        book: Book | None = None,
        *,
        rejected: bool = False,
    ) -> None:
        self.snapshot: Snapshot = compiled.snapshot
        self.credentials = book or _book(clock, say)
        self._compiled = compiled
        self._auths = compiled.auths
        self._say = say
        self._clock = clock
        self._followed: Followed | None = None
        self._reloader = Reloader(document, self, clock) if document is not None else None
        if self._reloader is not None:
            self._reloader.rejected = rejected

    @classmethod
    def of_file(cls, path: Path, directory: Path, env: Mapping[str, str], clock: Clock, say: Say) -> LiveConfig:
        """What the file says, or the database where the file says that; `directory` is where the journal is. Not to be called in a loop.
        Raises `ConfigRefused` with all that is wrong, and `DatabaseUnusable`.
        """
        book = _book(clock, say)
        file = ConfigFile(path, env, clock, book.hold)
        machine = file.load_machine()
        if machine is not None:
            return cls.of_database(Followed(file, machine, KeptRevision(directory), say), clock, say, book)
        compiled = file.load()
        for warning in compiled.warnings:
            say(f"{path}: {dotted(warning.path)}: {warning.text}")
        return cls(compiled, say, file, clock, book)

    @classmethod
    def of_database(cls, followed: Followed, clock: Clock, say: Say, book: Book | None = None) -> LiveConfig:
        """As `of_file`. `book` keeps what its documents hold."""
        from headworks.wiring.followed_in_sql import ask_active  # noqa: PLC0415 - only who follows the database has what speaks SQL loaded

        compiled, is_active = followed.begin(lambda: ask_active(followed, clock))
        live = cls(compiled, say, followed, clock, book, rejected=not is_active)
        live._followed = followed
        return live

    @classmethod
    async def found(cls, directory: Path, env: Mapping[str, str], clock: Clock, say: Say) -> LiveConfig:
        """Made of provider keys in the environment and model servers on this machine. Says what it found, and the key to use. Raises
        `ConfigRefused` where there is nothing.
        """
        discovery = await discover_some(env, shipped_catalog(), _client_key(directory))
        _announce(discovery, say)
        book = _book(clock, say)
        return cls(compile_config(discovery.config, givens(env, clock, book.hold)), say, None, clock, book)

    @property
    def revision(self) -> int:
        """The number of the revision that runs; 0 where that is none."""
        running = self._followed.running if self._followed is not None else None
        return running.number if running is not None else 0

    @property
    def rejected(self) -> bool:
        """What stands in the file, or is active in the database, is not what runs."""
        return self._reloader is not None and self._reloader.rejected

    def keep_credentials(self) -> None:
        """From now on, those of what runs."""
        self.credentials.keep(self._auths)

    async def follow(self, asked: asyncio.Event) -> None:
        """Until cancelled: take up what the file or the database says. `asked` being set means now; it is cleared."""
        if self._reloader is None:
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._reloader.watch(self._compiled), name="watch configuration")
            if self._followed is not None:
                tasks.create_task(self._follow_database(self._followed, self._reloader.ask), name="follow revisions")
            while True:
                await asked.wait()
                asked.clear()
                self._reloader.ask()

    async def _follow_database(self, followed: Followed, ask: Callable[[], None]) -> None:
        from headworks.wiring.followed_in_sql import follow_active  # noqa: PLC0415 - see `of_database`

        await follow_active(followed, self._clock, ask)

    def swapped(self, compiled: Compiled) -> None:
        """The reloader's: a new configuration counts."""
        self._auths = compiled.auths
        self.keep_credentials()
        before, self.snapshot = self.snapshot, compiled.snapshot
        self._say(
            f"configuration {compiled.snapshot.revision[:12]} in force: {counted(len(compiled.snapshot.models), 'model')}"
        )
        if before.principals and not compiled.snapshot.principals:
            self._say(_no_key_left(before))
        began, now = self._compiled.config, compiled.config
        if waiting := _for_the_next_start(began, now):
            self._say(f"{', '.join(waiting)}: changed, but read only at start; stop Headworks and start it again")
        if waiting := changed(began, now, _BY_EACH_GATEWAY):
            self._say(f"{', '.join(waiting)}: changed, but read only by a new gateway: headworks restart")

    def refused(self, trouble: ConfigRefused) -> None:
        """The reloader's: what runs goes on."""
        self._say(f"the new configuration was refused, revision {self.snapshot.revision[:12]} goes on:\n{trouble}")

    def mended(self) -> None:
        """The reloader's: a refused file says again what runs."""
        self._say(f"the configuration is in order again, revision {self.snapshot.revision[:12]} goes on")


def _book(clock: Clock, say: Say) -> Book:
    return Book(clock, random.Random(), say)  # noqa: S311 - it spreads what is tried again, no more


def _for_the_next_start(began: Config, now: Config) -> list[str]:
    """Changed settings that the supervisor and the control process took when they started: a new gateway changes nothing about them."""
    longer = ["server.drain"] if now.server.drain > began.server.drain else []  # the supervisor kills what drains for longer
    return changed(began, now) + longer


def _no_key_left(before: Snapshot) -> str:
    """It is taken up all the same: whoever removes the last key, a leaked one say, means it."""
    gone = ", ".join(sorted(principal.name for principal in before.principals.values()))
    return (
        f"WARNING: no key is left in the configuration: {gone} are refused from now on. "
        "Where that is not meant, put `keys` back: it counts within seconds"
    )


def _client_key(directory: Path) -> str:
    """The one caller's key: made at the first start, the same at every later one."""
    path = directory / CLIENT_KEY_FILE
    if not path.exists():
        make_whole(path, f"hw-{secrets.token_urlsafe(24)}\n".encode())
    return path.read_text().strip()


def _announce(discovery: Discovery, say: Say) -> None:
    for finding in discovery.findings:
        say(f"found {finding.title} by {finding.by}: models '{finding.provider}/…'")
    say(f"key for your SDK: {discovery.client_key}")
