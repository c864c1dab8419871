"""Who is asked: each engine once, whatever is had from it, as long as the configuration in force names a model there."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable

from headworks.balancing.engines.engine import shipped_engines
from headworks.domain.gauges import EngineGauges
from headworks.domain.scrape import Scrape
from headworks.domain.snapshot import Snapshot
from headworks.domain.target import Origin
from headworks.wiring.engines.poll import Asking, Poll

_EVERY = 0.5
"""Seconds between two looks whether another configuration is in force."""


class EnginePolls:
    """One per gateway process. No engine waits for another: each is asked by a task of its own."""

    def __init__(self, asking: Asking, snapshot: Callable[[], Snapshot], complain: Callable[[BaseException], None]) -> None:
        self._asking = asking
        self._snapshot = snapshot
        self._complain = complain
        self._followed: Snapshot | None = None
        self._polls: dict[Origin, Poll] = {}
        self._tasks: dict[Origin, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled, and then nobody is asked any more."""
        try:
            while True:
                self._follow()
                await self._asking.clock.sleep(_EVERY)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def gauges(self) -> dict[str, EngineGauges]:
        """By address."""
        return {f"{origin.host}:{origin.port}": poll.gauges() for origin, poll in self._polls.items()}

    def _follow(self) -> None:
        snapshot = self._snapshot()
        if snapshot is not self._followed:
            self._followed = snapshot
            self._take(snapshot)
        for origin, task in self._tasks.items():
            if task.done():
                self._revive(origin, task)

    def _take(self, snapshot: Snapshot) -> None:
        scrapes, names = _engines(snapshot)
        kept = {origin: poll for origin, poll in self._polls.items() if scrapes.get(origin) == poll.scrape}
        for origin in self._polls.keys() - kept.keys():
            self._tasks.pop(origin).cancel()
        fresh = scrapes.keys() - kept.keys()
        rows = shipped_engines() if fresh else {}
        self._polls = kept
        for origin in fresh:
            scrape = scrapes[origin]
            self._polls[origin] = Poll(origin, scrape, rows[scrape.engine], self._asking)
            self._tasks[origin] = self._begin(origin)
        for origin, poll in self._polls.items():
            poll.targets = names[origin]

    def _begin(self, origin: Origin) -> asyncio.Task[None]:
        return asyncio.create_task(self._polls[origin].run(), name=f"poll {origin}")

    def _revive(self, origin: Origin, ended: asyncio.Task[None]) -> None:
        """What should not have happened is told, and not the end of it."""
        trouble = None if ended.cancelled() else ended.exception()
        if trouble is not None:
            self._complain(trouble)
        self._tasks[origin] = self._begin(origin)


def _engines(snapshot: Snapshot) -> tuple[dict[Origin, Scrape], dict[Origin, list[str]]]:
    """How each is asked, where several providers differ as the first does, and the names of the targets there."""
    scrapes: dict[Origin, Scrape] = {}
    names: defaultdict[Origin, list[str]] = defaultdict(list)
    for model in snapshot.models.values():
        for target in model.every_target:
            if target.scrape is not None:
                scrapes.setdefault(target.origin, target.scrape)
                if target.name not in names[target.origin]:
                    names[target.origin].append(target.name)
    return scrapes, names
