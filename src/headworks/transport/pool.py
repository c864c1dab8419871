"""The connections to one origin: kept, limited, and waited for in order.

A *slot* is the right to use a connection. Whoever opens takes one: with an idle connection (the one used last: the others may age and
close), by dialing, or, where a limit is reached, from the first who gives one back. Nobody overtakes those who wait.

Dials at a time are limited too: of two thousand TLS handshakes begun together, all would end late and many too late.
"""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from headworks.domain.errors import Fault
from headworks.domain.target import Origin
from headworks.ports.upstream import Outgoing
from headworks.transport import faults
from headworks.transport.connect import Dial
from headworks.transport.connection import Connection
from headworks.transport.line import Line
from headworks.transport.wheel import NEVER, Complain, Deadline, Now, Wheel


class Keeping(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How connections are kept and made. Seconds; `queue` is how many may wait for one origin."""

    idle: float = 55.0
    """Below the minute after which many load balancers forget an idle connection."""
    age: float = 900.0
    """Then a connection is closed after its exchange, so that changes of DNS are followed."""
    queue: int = 4096
    dials: int = 128
    """That may be under way at a time, to one origin."""


class PoolStats(msgspec.Struct, frozen=True, kw_only=True):
    """One origin's gauges (`active`, `idle`, `waiting`) and counters since its pool was made. Active includes dials under way."""

    origin: str
    active: int
    idle: int
    waiting: int
    dials: int
    reuses: int
    stale_retries: int

    @property
    def open(self) -> int:
        """Connections there are."""
        return self.active + self.idle


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What every pool of one upstream shares."""

    wheel: Wheel
    now: Now
    dial: Dial
    complain: Complain
    keeping: Keeping


class Waiter:
    """One `open` that waits for a slot. On the wheel while it does."""

    __slots__ = ("due", "fault", "granted", "limit", "visit")

    def __init__(self, limit: int, fault: Fault) -> None:
        self.granted: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        """A connection, or the turn to dial one: with a slot either way."""
        self.limit = limit
        self.fault = fault
        self.due = self.visit = NEVER

    def on_time(self, now: float) -> None:  # noqa: ARG002 - it came for one reason only
        """Too long."""
        if not self.granted.done():
            self.granted.set_exception(self.fault)


class Pool:
    """One per origin, made by the upstream. Belongs to the loop."""

    __slots__ = (
        "_age",
        "_dialing",
        "_everybody",
        "_idle",
        "_shared",
        "_tasks",
        "_waiting",
        "dials",
        "draining",
        "idle_seconds",
        "origin",
        "quiet",
        "reuses",
        "stale_retries",
        "taken",
    )

    def __init__(self, origin: Origin, shared: Shared) -> None:
        self.origin = origin
        self.idle_seconds = shared.keeping.idle
        self._age = shared.keeping.age
        self.taken = 0
        """Slots in use."""
        self._dialing = 0
        self.dials = 0
        self.reuses = 0
        self.stale_retries = 0
        self.draining = False
        self.quiet = asyncio.Event()
        """Set while no slot is in use, once draining has begun."""
        self._shared = shared
        self._idle: list[Connection] = []
        self._waiting: deque[Waiter] = deque()
        self._everybody: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self) -> Connection | None:
        """An idle connection, if there is one. Nobody waits while there is."""
        if not self._idle:
            return None
        self.taken += 1
        self.reuses += 1
        return self._idle.pop()

    async def acquire(self, request: Outgoing) -> Connection:
        """A connection by dialing or waiting. Raises `Fault` (Unreachable). Cancelling it leaves the slot to the next."""
        if self.draining:
            raise faults.draining()
        seconds = request.timeouts.connect
        if not self._waiting and self._may_dial(request.max_connections):
            self.taken += 1
            return await self._dial(seconds)
        connection = await self._wait(request)
        if connection is None:
            return await self._dial(seconds, promised=1)
        if connection.closed:
            return await self._dial(seconds)
        self.reuses += 1
        return connection

    def give_back(self, connection: Connection | None) -> None:
        """A slot, with its connection if that can be used again, to the first who waits."""
        if connection is not None and (self.draining or connection.freed_at - connection.born > self._age):
            connection.close()
            connection = None
        waiter = self._first() if self._waiting else None
        if waiter is not None and connection is not None:
            self._waiting.popleft()
            waiter.granted.set_result(connection)
            return
        self.taken -= 1
        if connection is not None:
            self._idle.append(connection)
            due = connection.freed_at + self.idle_seconds
            if connection.due > due:
                self._shared.wheel.watch(connection, due)
        elif waiter is not None:
            self._let_dial()
        if self.draining and not self.taken:
            self.quiet.set()

    def forget(self, connection: Connection) -> None:
        """It is closed."""
        self._everybody.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def start_over(self, line: Line) -> None:
        """Send a line's request once more, on a fresh connection in the same slot."""
        self.stale_retries += 1
        task = line.retry = asyncio.get_running_loop().create_task(self._start_over(line))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def warm(self, seconds: float) -> None:
        """Dial one connection and keep it. Raises `Fault` (Unreachable)."""
        self.taken += 1
        connection = await self._dial(seconds)
        connection.freed_at = self._shared.now()
        self.give_back(connection)

    def drain(self) -> None:
        """Close what is idle; close the rest as it ends; open nothing new."""
        self.draining = True
        for connection in list(self._idle):
            connection.close()
        for waiter in self._waiting:
            if not waiter.granted.done():
                waiter.granted.set_exception(faults.draining())
        if not self.taken:
            self.quiet.set()

    def close(self) -> None:
        """End everything at once; receivers hear of it."""
        self.drain()
        for connection in list(self._everybody):
            connection.shut(faults.draining())
        for task in self._tasks:
            task.cancel()

    def abandoned(self) -> bool:
        """Nobody uses it, and nobody has for as long as an idle connection lives."""
        return not (self._everybody or self._waiting or self.taken)

    def stats(self) -> PoolStats:
        """How it is doing."""
        return PoolStats(
            origin=str(self.origin),
            active=self.taken,
            idle=len(self._idle),
            waiting=len(self._waiting),
            dials=self.dials,
            reuses=self.reuses,
            stale_retries=self.stale_retries,
        )

    def __repr__(self) -> str:
        return f"<Pool {self.origin} {self.taken} active · {len(self._idle)} idle · {len(self._waiting)} waiting>"

    async def _wait(self, request: Outgoing) -> Connection | None:
        limit, seconds = request.max_connections, request.timeouts.pool
        if len(self._waiting) >= self._shared.keeping.queue:
            raise faults.pool_timeout(str(self.origin), limit, f"and {len(self._waiting)} more wait for one")
        waiter = Waiter(limit, faults.pool_timeout(str(self.origin), limit, f"for {seconds:g} s, timeouts.pool"))
        self._waiting.append(waiter)
        self._shared.wheel.watch(waiter, self._shared.now() + seconds)
        granted = waiter.granted
        try:
            return await granted
        except BaseException:
            if granted.done() and not granted.cancelled() and granted.exception() is None:
                self._decline(granted.result())  # it came together with our cancellation
            elif waiter in self._waiting:
                self._waiting.remove(waiter)
                self._let_dial()  # the next may have a higher limit
            raise
        finally:
            self._shared.wheel.forget(waiter)

    def _decline(self, granted: Connection | None) -> None:
        if granted is None:
            self._dialing -= 1
        self.give_back(granted)

    def _first(self) -> Waiter | None:
        """Who waits longest, not counting those who have just given up."""
        while self._waiting and self._waiting[0].granted.done():
            self._waiting.popleft()
        return self._waiting[0] if self._waiting else None

    def _may_dial(self, limit: int) -> bool:
        return self.taken < limit and self._dialing < self._shared.keeping.dials

    def _let_dial(self) -> None:
        """As many of those who wait as the limits allow, in their order."""
        while (waiter := self._first()) is not None and self._may_dial(waiter.limit):
            self._waiting.popleft()
            self.taken += 1
            self._dialing += 1
            waiter.granted.set_result(None)

    async def _dial(self, seconds: float, promised: int = 0) -> Connection:
        """A fresh connection for a slot already taken; gives the slot back where there is none to be had.

        `promised` is 1 where this dial was counted when its turn was granted.
        """
        shared = self._shared
        connection = Connection(self, shared.wheel, shared.now, shared.complain)
        self._everybody.add(connection)
        self.dials += 1
        self._dialing += 1 - promised
        try:
            await self._connect(connection, seconds)
        except BaseException:
            self._dialing -= 1
            connection.close()
            self.give_back(None)
            raise
        self._dialing -= 1
        self._let_dial()
        return connection

    async def _connect(self, connection: Connection, seconds: float) -> None:
        shared = self._shared
        try:
            async with Deadline(shared.wheel, shared.now() + seconds):
                await shared.dial(self.origin, connection)
        except TimeoutError as error:
            raise faults.connect_timeout(str(self.origin), seconds) from error
        if connection.closed:
            raise faults.draining() if self.draining else faults.closed_at_once(self.origin)

    async def _start_over(self, line: Line) -> None:
        fault: Fault | None = faults.internal_error()  # if the receiver raises what it may not; the loop hears of that
        try:
            connection = await self._dial(line.request.timeouts.connect)
            line.retry = None
            connection.begin(line, self._shared.now())
            fault = None
        except Fault as trouble:
            fault = trouble
        except asyncio.CancelledError:
            fault = faults.draining()  # where it was the line's own cancel, nobody is left to hear it
            raise
        finally:
            line.retry = None
            if fault is not None:
                line.fail(fault)
