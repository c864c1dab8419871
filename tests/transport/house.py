"""What tests need around an upstream: a clock, requests, fakes for transports and dialing."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, cast

from headworks.domain.target import Origin, Timeouts
from headworks.ports.upstream import Outgoing
from headworks.transport import Keeping, PooledUpstream
from headworks.transport.connection import Connection
from headworks.transport.dialled import Dialled

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
ORIGIN = Origin("http", "upstream.test", 80)


class RealClock:
    def now(self) -> float:
        return time.monotonic()

    def wall_ns(self) -> int:
        return time.time_ns()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class FakeClock(RealClock):
    """Time stands still unless moved."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time


def request(
    origin: Origin,
    body: bytes = b"{}",
    timeouts: Timeouts | None = None,
    max_connections: int = 1024,
    max_head_bytes: int = 65_536,
    method: bytes = b"POST",
) -> Outgoing:
    head = method + b" /v1/chat HTTP/1.1\r\nhost: upstream\r\ncontent-length: %d\r\n\r\n" % len(body)
    return Outgoing(
        origin=origin,
        head=head,
        body=body,
        timeouts=timeouts or Timeouts(),
        max_connections=max_connections,
        max_head_bytes=max_head_bytes,
    )


@contextlib.asynccontextmanager
async def upstream(keeping: Keeping | None = None) -> AsyncGenerator[PooledUpstream]:
    """A real one, closed at the end."""
    made = PooledUpstream(RealClock(), keeping)
    try:
        yield made
    finally:
        await made.aclose()


class FakeTransport:
    """Keeps what is written; `limit` bytes make it ask the protocol to pause writing, as a full socket does."""

    def __init__(self, limit: int = 1 << 60) -> None:
        self.written = b""
        self.aborted = False
        self.reading = True
        self.limit = limit
        self.protocol: asyncio.Protocol | None = None

    def write(self, data: bytes) -> None:
        self.written += bytes(data)
        if len(self.written) > self.limit and self.protocol is not None:
            self.protocol.pause_writing()

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class FakeDial:
    """Connects to fake transports. `before` is awaited first, with the number of the dial (from 0)."""

    def __init__(self, before: Callable[[int], Awaitable[None]] | None = None, limit: int = 1 << 60) -> None:
        self.connections: list[Connection] = []
        self.transports: list[FakeTransport] = []
        self.begun = 0
        self.limit = limit
        self._before = before

    async def __call__(self, origin: Origin, connection: Dialled) -> None:  # noqa: ARG002 - all the same to us
        number = self.begun
        self.begun += 1
        if self._before is not None:
            await self._before(number)
        fake = FakeTransport(self.limit)
        fake.protocol = connection
        transport = cast("asyncio.Transport", cast("Any", fake))
        connection.connection_made(transport)
        connection.ready(transport, transport)
        self.connections.append(cast("Connection", connection))
        self.transports.append(fake)

    @property
    def open(self) -> int:
        return sum(not transport.aborted for transport in self.transports)
