"""How counters in memory outlive a process: a new gateway starts from the ledger and the journal, and from what a leaving one still holds.

nobody before us        what the ledger has, and what the journal has beyond it
a predecessor died      the same: what it left open is ended first, by recovery
a predecessor serves    likewise, and what is set aside there; it is told to leave, and only when it takes no more requests do we
                        begin (clients wait at the open port for these milliseconds); then its endings are followed to the last
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from headworks.control.gauges import ask_gateways
from headworks.domain.ledger import Standing
from headworks.ports.clock import Clock
from headworks.ports.stores import Counters
from headworks.stores.journal import Recoverer, recover
from headworks.stores.journal.carried import Carried
from headworks.stores.journal.segment import Epoch

Say = Callable[[str], None]
AskLedger = Callable[[], Awaitable[Standing]]
"""Raises `OSError` where it does not answer."""
MOST_SECONDS = 5.0
"""How long a predecessor may take to stop taking requests: whoever was started by hand has none to tell."""
_GLANCE = 0.005
_FOLLOW = 0.05


class Handover:
    """One per gateway process with counters in memory: `learn`, `take_over` unless `alone`, and `follow` as a task."""

    def __init__(self, directory: Path, own: Epoch, counters: Counters, clock: Clock, say: Say) -> None:
        self._directory = directory
        self._own = own
        self._counters = counters
        self._clock = clock
        self._say = say
        self._carried: Carried | None = None
        self._reading = asyncio.Lock()

    async def learn(self, ask_ledger: AskLedger) -> None:
        """Charge the counters with all that is known by now. Where the ledger does not answer, with what the journal has alone."""
        by = Recoverer(self._own.process, self._clock, self._say)
        await asyncio.to_thread(recover, self._directory, by)
        try:
            standing = await ask_ledger()
        except OSError as trouble:
            self._say(
                f"the ledger cannot be asked what was spent ({type(trouble).__name__}): budgets go on from what the journal still has"
            )
            standing = Standing({}, {})
        self._counters.restore(standing.spent)
        self._carried = await asyncio.to_thread(Carried, self._directory, self._own, standing.places)
        await self.catch_up()

    async def catch_up(self) -> None:
        """Charge what has been written since."""
        async with self._reading:  # what two read at once would be charged twice
            if self._carried is not None:
                self._counters.restore(await asyncio.to_thread(self._carried.poll))

    @property
    def alone(self) -> bool:
        """No earlier gateway is alive or has anything open."""
        return self._carried is None or self._carried.settled

    async def take_over(self) -> None:
        """Wait for those who serve to stop, and then know all that they have taken."""
        await self._wait_for_predecessors()
        await self.catch_up()

    async def _wait_for_predecessors(self) -> None:
        """Until those who serve take no more requests, but not for ever."""
        until = self._clock.now() + MOST_SECONDS
        while self._clock.now() < until:
            census = await ask_gateways(self._directory)
            if all(gateway.draining or gateway.process == self._own.process for gateway in census.gateways):
                return
            await self._clock.sleep(_GLANCE)
        self._say(
            "an earlier gateway on this journal takes requests still: until it leaves, limits count what either has spent a moment late"
        )

    async def follow(self) -> None:
        """Charge what predecessors end, until nothing of theirs is left."""
        while not self.alone:
            await self._clock.sleep(_FOLLOW)
            await self.catch_up()
        await self.catch_up()  # what was written last, before the lock was let go
        self._carried = None
