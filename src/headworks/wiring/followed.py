"""The configuration of gateways that follow the database: the active revision, whatever stands in the file of the machine."""

from __future__ import annotations

from collections.abc import Callable

from headworks.domain.config import Config
from headworks.domain.revision import Applied
from headworks.ports.clock import Clock
from headworks.ports.revisions import ActiveRevision
from headworks.wiring.compile import Compiled
from headworks.wiring.config_file import ConfigRefused, Problem
from headworks.wiring.kept_revision import KeptRevision
from headworks.wiring.load import ConfigFile, Signature

Say = Callable[[str], None]
EVERY = 1.0
"""Seconds between two questions which revision is active."""


class Followed:
    """Implements `reload.Loads`. As long as no revision was ever applied, the file itself is what runs."""

    def __init__(self, file: ConfigFile, machine: Config, kept: KeptRevision, say: Say) -> None:
        """`machine`: what the file says, of which only what is read at start counts once there is a revision."""
        self.seen: Signature = None
        self.offered: Applied | None = None
        """What is to be run; None: the file."""
        self.running: Applied | None = None
        """What was loaded last."""
        self.file = file
        self.machine = machine
        self.kept = kept
        self._say = say
        self._latest = (0, "")
        self._silent = False
        self._file_seen = file.signature()

    def signature(self) -> Signature:
        """See `Loads`."""
        return self.file.signature() if self.offered is None else (self.offered.number, 0, 0)

    def load(self) -> Compiled:
        """See `Loads`. What can be used is kept."""
        self.seen, offered = self.signature(), self.offered
        if offered is None:
            return self.file.load()
        compiled = self.file.load_revision(offered.document, offered.label, self.machine)
        self._keep(offered)
        self.running = offered
        return compiled

    def renew(self, running: Compiled) -> Compiled:
        """See `Loads`."""
        return self.file.renew(running)

    def begin(self, ask: Callable[[], Applied | None]) -> tuple[Compiled, bool]:
        """What a gateway starts with, and whether that is what it should be. `ask` answers what is active, and raises `OSError` where
        the database does not tell. Raises `ConfigRefused` where there is nothing to start with.
        """
        kept = self.kept.read()
        try:
            active = ask()
        except OSError as trouble:
            if kept is None:
                raise self._nothing(trouble) from None
            self._say(
                f"the database does not tell which revision is active ({trouble}): {kept.label}, used here before, goes on"
            )
            self._silent = True
            active = kept
        else:
            self._tell_beginning(active, kept)
            self._latest = (active.number, active.digest) if active is not None else (0, "")
        self.offered = active or kept
        try:
            return self.load(), True
        except ConfigRefused as trouble:
            if active is None or kept is None or kept == active:
                raise
            self._say(f"{active.label} cannot be used here; {kept.label}, the last that could, goes on:\n{trouble}")
        self.offered = kept
        return self.load(), False

    async def follow(self, revisions: ActiveRevision, clock: Clock, ask: Callable[[], None]) -> None:
        """Until cancelled: offer whatever becomes active, and `ask` for it to be loaded."""
        while True:
            try:
                if await revisions.latest() != self._latest:
                    self._offer(await revisions.active(), ask)
                self._silent = False
            except OSError as trouble:
                if not self._silent:
                    self._say(f"the database does not tell which revision is active ({trouble}): {self._label()} goes on")
                self._silent = True
            self._watch_file()
            await clock.sleep(EVERY)

    def _offer(self, active: Applied | None, ask: Callable[[], None]) -> None:
        if active is None:
            self._latest = 0, ""
            self._say(f"the database has no revision any more: {self._label()} goes on")
            return
        self._latest = active.number, active.digest
        self._say(f"{active.label} is active: it is loaded, to take the place of {self._label()}")
        self.offered = active
        ask()

    def _label(self) -> str:
        return self.running.label if self.running is not None else str(self.file.path)

    def _watch_file(self) -> None:
        """Who edits the file and expects something of it must hear that nothing will come of it."""
        before, self._file_seen = self._file_seen, self.file.signature()
        if self.running is not None and before != self._file_seen:
            self._say(
                f"{self.file.path} was changed, but what runs is {self.running.label}: headworks config apply takes files"
            )

    def _keep(self, revision: Applied) -> None:
        try:
            if self.kept.read() != revision:
                self.kept.write(revision)
        except OSError as trouble:
            self._say(f"{self.kept.path} cannot be written ({trouble.strerror}): while the database is gone there is no start")

    def _tell_beginning(self, active: Applied | None, kept: Applied | None) -> None:
        path = self.file.path
        if active is not None:
            self._say(f"configuration: {active.label} of the database; of {path} only what is read at start")
        elif kept is not None:
            self._say(f"the database has no revision: {kept.label}, used here before, goes on")
        else:
            empty = "" if self.machine.models else " It has no models: nothing can be asked for yet."
            self._say(f"no revision has been applied yet: {path} counts until headworks config apply.{empty}")

    def _nothing(self, trouble: OSError) -> ConfigRefused:
        message = (
            f"What runs is kept in the database, which does not tell it ({trouble}), and no revision has been used here before."
        )
        problem = Problem(path=("database",), message=message, hint="Start it again once the database is there.")
        return ConfigRefused([problem], f"{self.file.path}: {problem.text}")
