"""Waiting for a model's turn, where its rules say that requests wait here and not at the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from headworks.domain.call import Call
from headworks.domain.dispatch import Choice
from headworks.domain.errors import Fault
from headworks.domain.exchange import milliseconds
from headworks.domain.plan import Plan
from headworks.domain.snapshot import Model
from headworks.domain.target import Target
from headworks.ports.admission import Place, Queues
from headworks.ports.balancing import Balancer
from headworks.ports.clock import Clock

TICK = 0.05
"""Seconds between looks at who has waited too long, and whether engines have room again."""
NOTE = "queue"


class Admission:
    """Takes a call's place in the queue, and waits. One per gateway process."""

    def __init__(self, queues: Queues, balancer: Balancer, clock: Clock) -> None:
        self._queues = queues
        self._balancer = balancer
        self._clock = clock
        self._ticking: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def admitted(self, call: Call, plan: Plan, targets: Sequence[Target]) -> AsyncGenerator[Balancer]:
        """Once its turn has come, whoever chooses for the call's attempts, each under a permit. Raises `Fault` where it does not come in
        time. What was not used is given back at the end; an attempt under way keeps its permit until it has ended.
        """
        came: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def hear(fault: Fault | None) -> None:
            if not came.done():
                came.set_result(None) if fault is None else came.set_exception(fault)

        place = self._queues.join(call, plan, targets, hear)
        try:
            if not place.admitted:
                await self._wait(call, place, came)
            yield _Permitting(self._balancer, place)
        finally:
            place.leave()

    def idle(self, model: Model) -> bool:
        """Whether nobody waits for this model."""
        return not self._queues.waiting_for(model)

    async def _wait(self, call: Call, place: Place, came: asyncio.Future[None]) -> None:
        since = self._clock.now()
        if self._ticking is None or self._ticking.done():
            self._ticking = asyncio.create_task(self._tick(), name="queues")
        try:
            await came
        finally:
            waited = milliseconds(self._clock.now() - since)
            call.tally.queued += waited
            call.tally.notes[NOTE] = f"{place.words}, {'waited' if place.admitted else 'gave up after'} {waited:.0f} ms"

    async def _tick(self) -> None:
        while self._queues.tick():
            await self._clock.sleep(TICK)


class _Permitting:
    """A `Balancer` for one call: among the targets with room, and under a permit."""

    def __init__(self, balancer: Balancer, place: Place) -> None:
        self._balancer = balancer
        self._place = place

    def choose(self, call: Call, plan: Plan, targets: Sequence[Target]) -> Choice:
        """See `Balancer`."""
        return self._place.follow(self._balancer.choose(call, plan, self._place.open(targets)))
