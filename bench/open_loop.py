"""Requests at a fixed rate, each when it is due and not when the last one is done: what users feel.

An answer's time counts from when its request was written: the timer of our own loop, a millisecond coarse, is nobody's fault.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from http import HTTPStatus
from itertools import cycle

from bench.client import Answering, Plan, connect, quantile, run

_CONNECTIONS = 8
_PATIENCE = 10.0


class _Clients:
    """Connections, made as many as are needed at once, each timing one answer at a time."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._requests = cycle(plan.requests(stream=False))
        self._idle: list[Answering] = []
        self._open = 0
        self.quiet = asyncio.Event()
        """Set while no answer is awaited."""
        self.took: list[float] = []
        self.errors = 0

    async def warm(self) -> None:
        """Have connections ready, and use each once."""
        for _ in range(_CONNECTIONS):
            await self._new()
        for client in [self._idle.pop() for _ in range(_CONNECTIONS)]:
            self._send(client)
        await self.quiet.wait()
        self.took.clear()
        self.errors = 0

    async def send(self) -> None:
        """Send the next request, now."""
        if not self._idle:
            await self._new()
        self._send(self._idle.pop())

    @property
    def unanswered(self) -> int:
        """How many answers are awaited."""
        return self._open

    def _send(self, client: Answering) -> None:
        self._open += 1
        self.quiet.clear()
        sent = time.perf_counter()

        def over(status: int) -> None:
            if status == HTTPStatus.OK:
                self.took.append(time.perf_counter() - sent)
            else:
                self.errors += 1
            self._open -= 1
            if not self._open:
                self.quiet.set()
            if client.transport is not None and not client.transport.is_closing():
                self._idle.append(client)

        client.on_over = over
        client.ask(next(self._requests))

    async def _new(self) -> None:
        client = Answering(lambda _data: None, lambda _status: None)
        await connect(self._plan, client)
        self._idle.append(client)


async def main(plan: Plan) -> dict[str, float]:
    """Send, wait for the last answer, sum up in milliseconds."""
    clients = _Clients(plan)
    await clients.warm()
    start = time.perf_counter()
    for number in range(int(plan.rate * plan.seconds)):
        await asyncio.sleep(max(0.0, start + number / plan.rate - time.perf_counter()))
        await clients.send()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            await clients.quiet.wait()
    took = sorted(1000 * one for one in clients.took)
    errors = clients.errors + clients.unanswered
    return {"p50": quantile(took, 0.5), "p99": quantile(took, 0.99), "requests": len(took), "errors": errors}


if __name__ == "__main__":
    run(main)
