"""New configuration into a running gateway: the new one is up before the old one goes, and a bad one changes nothing but is loud."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec

from headworks.ports.clock import Clock
from headworks.wiring.compile import Compiled
from headworks.wiring.config_file import ConfigRefused
from headworks.wiring.load import Signature, signature_of

_EVERY = 1.0
_NANOSECONDS = 10**9

_DOCUMENT = ""
"""Stands for the document among the names of files."""

Signatures = dict[str, Signature]
Aside = Callable[[Callable[[], Compiled]], Awaitable[Compiled]]


class Loads(Protocol):
    """A configuration file (`load.ConfigFile`), or what takes its place. `load` and `renew` are slow and raise `ConfigRefused`."""

    seen: Signature
    """What it looked like when it was last loaded."""

    def signature(self) -> Signature:
        """What it looks like now."""
        ...

    def load(self) -> Compiled:
        """As it stands there now."""
        ...

    def renew(self, running: Compiled) -> Compiled:
        """What runs, at today's prices."""
        ...


class Hearer(Protocol):
    """Who acts on it. All are called on the loop."""

    def swapped(self, compiled: Compiled) -> None:
        """From now on this one counts."""
        ...

    def refused(self, trouble: ConfigRefused) -> None:
        """The file has become unusable; what runs goes on. Its report is the exception's text."""
        ...

    def mended(self) -> None:
        """A refused file says again what runs."""
        ...


class Reloader:
    """Watches a configuration file and the files it refers to. One per process.

    A change counts once it has stood still for one look, so that a file that is still being written is not read.
    """

    def __init__(self, file: Loads, hearer: Hearer, clock: Clock, aside: Aside = asyncio.to_thread) -> None:
        """`aside` runs a slow function where it cannot hold up the loop."""
        self._file = file
        self._hearer = hearer
        self._clock = clock
        self._aside = aside
        self._asked = False
        self._stale = False
        self.rejected = False
        """Whether what stands in the file is not what runs: the gauge `config_rejected`."""

    def ask(self) -> None:
        """Load at the next look, changed or not (SIGHUP)."""
        self._asked = True

    def renew(self) -> None:
        """Compile what runs again at the next look: what it was compiled with has changed, other than the documents."""
        self._stale = True

    async def watch(self, running: Compiled) -> None:
        """Look once a second, for ever. Cancel to stop."""
        known = moving = self._known(running)
        while True:
            await self._clock.sleep(_EVERY)
            seen = self._signatures(running)
            if self._asked or (seen != known and seen == moving):
                self._asked = False
                taken = await self._take(running, self._file.load)
                if self.rejected and taken is not None and taken.snapshot.revision == running.snapshot.revision:
                    self._hearer.mended()
                self.rejected = taken is None
                running = taken or running
                known = self._known(running)
            elif self._stale or self._prices_change(running):
                self._stale = False
                renewed = await self._take(running, partial(self._file.renew, running))
                running = renewed or msgspec.structs.replace(running, until=None)
            moving = seen

    async def _take(self, running: Compiled, load: Callable[[], Compiled]) -> Compiled | None:
        """What `load` gives, announced if it is not what runs; None where it was refused."""
        try:
            compiled = await self._aside(load)
        except ConfigRefused as trouble:
            self._hearer.refused(trouble)
            return None
        if _differs(compiled, running):
            self._hearer.swapped(compiled)
        return compiled

    def _prices_change(self, running: Compiled) -> bool:
        now = datetime.fromtimestamp(self._clock.wall_ns() // _NANOSECONDS, UTC)
        return running.until is not None and now >= running.until

    def _signatures(self, running: Compiled) -> Signatures:
        return {_DOCUMENT: self._file.signature()} | {name: signature_of(Path(name)) for name in running.files}

    def _known(self, running: Compiled) -> Signatures:
        """What has been taken account of: the document as it was when it was read, not as it is by now."""
        return self._signatures(running) | {_DOCUMENT: self._file.seen}


def _differs(compiled: Compiled, running: Compiled) -> bool:
    """The same document may be compiled with other prices, or with other replicas."""
    one, other = ((each.snapshot.revision, each.until, each.members) for each in (compiled, running))
    return one != other
