"""One engine, asked again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from headworks.balancing.engines.engine import Engine, EngineRow, SourceRow
from headworks.balancing.load import STALE
from headworks.domain.engine_load import EngineLoad
from headworks.domain.errors import Fault
from headworks.domain.gauges import EngineGauges
from headworks.domain.scrape import Scrape
from headworks.domain.target import Origin
from headworks.ports.clock import Chance, Clock
from headworks.ports.upstream import Upstream
from headworks.wiring.engines.page import NoPage, ask

_JITTER = 0.25
"""The part of the time between two questions by which it differs: gateways are not to ask in step."""


class Asking(msgspec.Struct, frozen=True):
    """By what engines are asked, and who hears of it."""

    upstream: Upstream
    clock: Clock
    chance: Chance
    report: Callable[[str, EngineLoad], None]
    """Name of a target, what its engine says."""
    say: Callable[[str], None]


class Poll:
    """Of one origin, for all targets that live there."""

    def __init__(self, origin: Origin, scrape: Scrape, row: EngineRow, asking: Asking) -> None:
        self.scrape = scrape
        self.targets: Sequence[str] = ()
        self._origin = origin
        self._engine = Engine(_with_path(row, scrape.path), dict(scrape.series))
        self._asking = asking
        self._source = 0
        """That answered last."""
        self._heard: EngineLoad | None = None
        self._heard_at = asking.clock.now()
        self._silent = False

    async def run(self) -> None:
        """Until cancelled."""
        asking, every = self._asking, self.scrape.every
        await asking.clock.sleep(every * asking.chance.random())
        while True:
            await self.look()
            await asking.clock.sleep(every * (1.0 - _JITTER + 2.0 * _JITTER * asking.chance.random()))

    async def look(self) -> None:
        """Ask once, where it answered last; where that says nothing, at its other places."""
        asking, sources = self._asking, self._engine.sources
        trouble = ""
        for _ in sources:
            at = asking.clock.now()
            try:
                body = await ask(asking.upstream, self._origin, sources[self._source].path, self.scrape.headers)
            except Fault as fault:
                trouble = fault.message
                break
            except NoPage as refused:
                trouble = str(refused)
            else:
                load = self._engine.read(self._source, body, at)
                if not load.dark:
                    self._hear(load)
                    return
                trouble = "its page says nothing of it"
            self._source = (self._source + 1) % len(sources)
        self._miss(trouble)

    def gauges(self) -> EngineGauges:
        """What it said last, and how long ago."""
        provider = self.targets[0].partition("/")[0] if self.targets else ""
        load = self._heard
        if load is None:
            return EngineGauges(provider=provider)
        age = self._asking.clock.now() - load.at
        return EngineGauges(provider=provider, waiting=load.waiting, running=load.running, memory=load.memory, age=age)

    def _hear(self, load: EngineLoad) -> None:
        self._heard, self._heard_at = load, load.at
        for target in self.targets:
            self._asking.report(target, load)
        if self._silent:
            self._silent = False
            self._asking.say(f"the engine at {self._origin} tells its load again")

    def _miss(self, trouble: str) -> None:
        if not self._silent and self._asking.clock.now() - self._heard_at > STALE:
            self._silent = True
            self._asking.say(f"the engine at {self._origin} does not tell its load ({trouble}): only what is sent to it counts")


def _with_path(row: EngineRow, path: str) -> EngineRow:
    return msgspec.structs.replace(row, sources=(SourceRow(path=path),)) if path else row
