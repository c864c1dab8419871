"""The world outside, over HTTP/1.1: one pool of connections per origin, one timer wheel for all of them."""

from __future__ import annotations

import asyncio
from collections import Counter

from headworks.domain.target import Origin
from headworks.ports.clock import Clock
from headworks.ports.upstream import Outgoing, Receiver, SwitchedLine
from headworks.transport import faults
from headworks.transport.connect import Dial, Dialer
from headworks.transport.line import Line
from headworks.transport.pace import Pace
from headworks.transport.pool import Keeping, Pool, PoolStats, Shared
from headworks.transport.switched import Switched
from headworks.transport.tls import Contexts
from headworks.transport.wheel import Deadline, Wheel


class PooledUpstream:
    """The `Upstream` of a process. Made inside its running loop → `open` many times → `drain` → `close`."""

    __slots__ = ("_closing", "_now", "_parted", "_pools", "_shared", "_switched")

    def __init__(self, clock: Clock, keeping: Keeping | None = None, dial: Dial | None = None) -> None:
        """`dial` is for tests that want no sockets."""
        loop = asyncio.get_running_loop()

        def complain(trouble: Exception) -> None:
            loop.call_exception_handler({"message": "a receiver of an upstream's answer failed", "exception": trouble})

        self._now = clock.now
        self._pools: dict[Origin, Pool] = {}
        self._closing = False
        self._switched: set[Switched] = set()
        """Connections that have changed their protocol, or are about to."""
        self._parted = asyncio.Event()
        """Set while closing, once none of them is left."""
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

    async def switch(self, request: Outgoing, receiver: Receiver) -> SwitchedLine:
        """Send `request`, which asks for another protocol, on a connection of its own. Raises as `open`."""
        if self._closing:
            raise faults.draining()
        shared, seconds = self._shared, request.timeouts.connect
        connection = Switched(request, receiver, shared, self._forget)
        self._switched.add(connection)
        try:
            async with Deadline(shared.wheel, self._now() + seconds):
                await shared.dial(request.origin, connection)
            connection.begin(self._now())
        except TimeoutError as error:
            connection.cancel()
            raise faults.connect_timeout(str(request.origin), seconds) from error
        except BaseException:
            connection.cancel()
            raise
        return connection

    async def warm(self, origin: Origin, count: int, seconds: float = 5.0) -> int:
        """Have `count` more idle connections to `origin` ready. Answers how many there are now; failures are not raised."""
        pool = self._pools.get(origin) or self._add(origin)
        await asyncio.gather(*(pool.warm(seconds) for _ in range(count)), return_exceptions=True)
        return pool.stats().idle

    def stats(self) -> list[PoolStats]:
        """Gauges and counters, one row per origin."""
        return [*(pool.stats() for pool in self._pools.values()), *self._switched_stats()]

    async def drain(self) -> None:
        """Close idle connections, open no new ones, and wait until the exchanges under way have ended."""
        self._closing = True
        for pool in self._pools.values():
            pool.drain()
        for pool in list(self._pools.values()):
            await pool.quiet.wait()
        if self._switched:
            await self._parted.wait()

    async def aclose(self) -> None:
        """End every exchange at once, with the fault `draining`, and all connections."""
        self._closing = True
        for pool in self._pools.values():
            pool.close()
        for connection in list(self._switched):
            connection.shut(faults.draining())
        await asyncio.sleep(0)  # the transports say their goodbyes in the loop's next turn

    def __repr__(self) -> str:
        return f"<PooledUpstream {' '.join(map(repr, self._pools.values()))}>"

    def _switched_stats(self) -> list[PoolStats]:
        """One row for each origin that has switched."""
        active = Counter(str(connection.request.origin) for connection in self._switched)
        return [
            PoolStats(origin=f"{origin} (switched)", active=count, idle=0, waiting=0, dials=count, reuses=0, stale_retries=0)
            for origin, count in active.items()
        ]

    def _forget(self, connection: Switched) -> None:
        self._switched.discard(connection)
        if self._closing and not self._switched:
            self._parted.set()

    def _add(self, origin: Origin) -> Pool:
        for known in [known for known, pool in self._pools.items() if pool.abandoned()]:
            del self._pools[known]
        pool = self._pools[origin] = Pool(origin, self._shared)
        pool.draining = self._closing
        return pool
