"""The configuration in force: read from a file or the database and followed, or made of what was found on this machine."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from headworks.domain.config import Config
from headworks.domain.counted import counted
from headworks.domain.gauges import ReplicaGauges
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
from headworks.wiring.replicas import ReplicaBook, look_up

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

REPLICAS_EVERY = 1.0
"""Seconds between two looks at which pools are due to be looked up."""
CLIENT_KEY_FILE = "client-key"
"""In the journal's directory: the key of a gateway that was started without a configuration."""


class Found(NamedTuple):
    """What a configuration only says where to get."""

    credentials: Book
    replicas: ReplicaBook


class LiveConfig:
    """One per gateway process. Everybody reads `snapshot`; a new one is put there by one assignment."""

    def __init__(
        self,
        compiled: Compiled,
        say: Say,
        document: Loads | None,
        clock: Clock,
        found: Found | None = None,
        *,
        rejected: bool = False,
    ) -> None:
        self.snapshot: Snapshot = compiled.snapshot
        found = found or _found(clock, say)
        self.credentials = found.credentials
        self._replicas = found.replicas
        self._compiled = compiled
        self._members = compiled.members
        self._auths = compiled.auths
        self._say = say
        self._clock = clock
        self._followed: Followed | None = None
        self.on_gone: Callable[[str], None] = _nobody_minds
        """Told of base URLs of replicas that are no more."""
        self._reloader = Reloader(document, self, clock) if document is not None else None
        if self._reloader is not None:
            self._reloader.rejected = rejected

    @classmethod
    def of_file(cls, path: Path, directory: Path, env: Mapping[str, str], clock: Clock, say: Say) -> LiveConfig:
        """What the file says, or the database where the file says that; `directory` is where the journal is. Not to be called in a loop.
        Raises `ConfigRefused` with all that is wrong, and `DatabaseUnusable`.
        """
        found = _found(clock, say)
        file = ConfigFile(path, env, clock, found.credentials.hold, found.replicas.of)
        machine = file.load_machine()
        if machine is not None:
            return cls.of_database(Followed(file, machine, KeptRevision(directory), say), clock, say, found)
        compiled = file.load()
        for warning in compiled.warnings:
            say(f"{path}: {dotted(warning.path)}: {warning.text}")
        return cls(compiled, say, file, clock, found)

    @classmethod
    def of_database(cls, followed: Followed, clock: Clock, say: Say, found: Found | None = None) -> LiveConfig:
        """As `of_file`. `found` keeps what its documents lead to."""
        from headworks.wiring.followed_in_sql import ask_active  # noqa: PLC0415 - only who follows the database has what speaks SQL loaded

        compiled, is_active = followed.begin(lambda: ask_active(followed, clock))
        live = cls(compiled, say, followed, clock, found, rejected=not is_active)
        live._followed = followed
        return live

    @classmethod
    async def found(cls, directory: Path, env: Mapping[str, str], clock: Clock, say: Say) -> LiveConfig:
        """Made of provider keys in the environment and model servers on this machine. Says what it found, and the key to use. Raises
        `ConfigRefused` where there is nothing.
        """
        discovery = await discover_some(env, shipped_catalog(), _client_key(directory))
        _announce(discovery, say)
        found = _found(clock, say)
        return cls(compile_config(discovery.config, givens(env, clock, found.credentials.hold)), say, None, clock, found)

    @property
    def revision(self) -> int:
        """The number of the revision that runs; 0 where that is none."""
        running = self._followed.running if self._followed is not None else None
        return running.number if running is not None else 0

    @property
    def replicas(self) -> dict[str, ReplicaGauges]:
        """Of each pool that is looked up."""
        troubles = self._replicas.troubles()
        return {name: ReplicaGauges(known=len(urls), lost=name in troubles) for name, urls in self._members.items()}

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
            tasks.create_task(self._follow_replicas(self._reloader.renew), name="follow replicas")
            if self._followed is not None:
                tasks.create_task(self._follow_database(self._followed, self._reloader.ask), name="follow revisions")
            while True:
                await asked.wait()
                asked.clear()
                self._reloader.ask()

    async def _follow_replicas(self, renew: Callable[[], None]) -> None:
        while True:
            await self._clock.sleep(REPLICAS_EVERY)
            if self._members and await asyncio.to_thread(self._replicas.look_again):
                renew()

    async def _follow_database(self, followed: Followed, ask: Callable[[], None]) -> None:
        from headworks.wiring.followed_in_sql import follow_active  # noqa: PLC0415 - see `of_database`

        await follow_active(followed, self._clock, ask)

    def swapped(self, compiled: Compiled) -> None:
        """The reloader's: a new configuration counts."""
        self._auths = compiled.auths
        self.keep_credentials()
        before, self.snapshot = self.snapshot, compiled.snapshot
        if not self._took_replicas(compiled.members) or before.revision != compiled.snapshot.revision:
            models = counted(len(compiled.snapshot.models), "model")
            self._say(f"configuration {compiled.snapshot.revision[:12]} in force: {models}")
        if before.principals and not compiled.snapshot.principals:
            self._say(_no_key_left(before))
        began, now = self._compiled.config, compiled.config
        if waiting := _for_the_next_start(began, now):
            self._say(f"{', '.join(waiting)}: changed, but read only at start; stop Headworks and start it again")
        if waiting := changed(began, now, _BY_EACH_GATEWAY):
            self._say(f"{', '.join(waiting)}: changed, but read only by a new gateway: headworks restart")

    def _took_replicas(self, members: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether they are others than before: then they have been told of already."""
        before, self._members = self._members, members
        self._replicas.keep(members)
        for url in {url for urls in before.values() for url in urls} - {url for urls in members.values() for url in urls}:
            self.on_gone(url)
        return before != members

    def refused(self, trouble: ConfigRefused) -> None:
        """The reloader's: what runs goes on."""
        self._say(f"the new configuration was refused, revision {self.snapshot.revision[:12]} goes on:\n{trouble}")

    def mended(self) -> None:
        """The reloader's: a refused file says again what runs."""
        self._say(f"the configuration is in order again, revision {self.snapshot.revision[:12]} goes on")


def _nobody_minds(_url: str) -> None:
    """Until somebody does."""


def _found(clock: Clock, say: Say) -> Found:
    book = Book(clock, random.Random(), say)  # noqa: S311 - it spreads what is tried again, no more
    return Found(book, ReplicaBook(look_up, clock, say))


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
