"""The world outside, over HTTP/1.1: one pool of connections per origin, one timer wheel for all of them."""

from __future__ import annotations

import asyncio

from headworks.domain.target import Origin
from headworks.ports.clock import Clock
from headworks.ports.upstream import Outgoing, Receiver
from headworks.transport.connect import Dial, Dialer
from headworks.transport.line import Line
from headworks.transport.pace import Pace
from headworks.transport.pool import Keeping, Pool, PoolStats, Shared
from headworks.transport.tls import Contexts
from headworks.transport.wheel import Wheel


class PooledUpstream:
    """The `Upstream` of a process. Made inside its running loop → `open` many times → `drain` → `close`."""

    __slots__ = ("_closing", "_now", "_pools", "_shared")

    def __init__(self, clock: Clock, keeping: Keeping | None = None, dial: Dial | None = None) -> None:
        """`dial` is for tests that want no sockets."""
        loop = asyncio.get_running_loop()

        def complain(trouble: Exception) -> None:
            loop.call_exception_handler({"message": "a receiver of an upstream's answer failed", "exception": trouble})

        self._now = clock.now
        self._pools: dict[Origin, Pool] = {}
        self._closing = False
        self._shared = Shared(
            wheel=Wheel(clock.now, loop.call_later, complain),
            now=clock.now,
            dial=dial or Dialer(Contexts(), Pace(clock)),
            complain=complain,
            keeping=keeping or Keeping(),
        )

    async def open(self, request: Outgoing, receiver: Receiver) -> Line:
        """Send `request`; its answer comes to `receiver`. With an idle connection at hand this does not suspend.

        Raises `Fault` (Unreachable) when no connection could be had, `draining` when shutting down. Cancelling it leaves nothing behind.
        """
        pool = self._pools.get(request.origin)
        if pool is None:
            pool = self._add(request.origin)
        now = self._now()
        line = Line(request, receiver, now)
        connection = pool.take()
        if connection is None:
            connection = await pool.acquire(request)
            now = self._now()
        connection.begin(line, now)
        return line

    async def warm(self, origin: Origin, count: int, seconds: float = 5.0) -> int:
        """Have `count` more idle connections to `origin` ready. Answers how many there are now; failures are not raised."""
        pool = self._pools.get(origin) or self._add(origin)
        await asyncio.gather(*(pool.warm(seconds) for _ in range(count)), return_exceptions=True)
        return pool.stats().idle

    def stats(self) -> list[PoolStats]:
        """Gauges and counters, one row per origin."""
        return [pool.stats() for pool in self._pools.values()]

    async def drain(self) -> None:
        """Close idle connections, open no new ones, and wait until the exchanges under way have ended."""
        self._closing = True
        for pool in self._pools.values():
            pool.drain()
        for pool in list(self._pools.values()):
            await pool.quiet.wait()

    async def aclose(self) -> None:
        """End every exchange at once, with the fault `draining`, and all connections."""
        self._closing = True
        for pool in self._pools.values():
            pool.close()
        await asyncio.sleep(0)  # the transports say their goodbyes in the loop's next turn

    def __repr__(self) -> str:
        return f"<PooledUpstream {' '.join(map(repr, self._pools.values()))}>"

    def _add(self, origin: Origin) -> Pool:
        for known in [known for known, pool in self._pools.items() if pool.abandoned()]:
            del self._pools[known]
        pool = self._pools[origin] = Pool(origin, self._shared)
        pool.draining = self._closing
        return pool
