"""One connection to the server, pipelined: commands leave at once, answers come back in the same order.

Parsing and packing are hiredis's. The connection is our own, because an awaited command costs a third of what it does through
redis-py, and because nobody else may send a script a second time: what is sent again, and when, is decided by `link.py`.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import hiredis

from headworks.stores.valkey.address import Address

DEAF = 3.0
"""Seconds without an answer after which a connection is good for nothing."""


class Severed(Exception):
    """The connection has ended; what was under way may or may not have been done."""


class Denied(Exception):
    """The server refuses: the wrong password, a role that can't write, a script that is not there."""


class Wire(asyncio.Protocol):
    """Connected by `dial`. Lives until either side closes it; every call under way then ends with `Severed`."""

    __slots__ = ("_pushed", "_reader", "_transport", "_waiting", "ended")

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(notEnoughData=_MORE)
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[Answered] = deque()
        self._pushed: Answered | None = None
        self.ended: asyncio.Future[None] = loop.create_future()

    def send(self, answered: Answered, *command: str | bytes | int) -> None:
        """Send a command. `answered` is called once, later: with its answer, or with `Denied` or `Severed`."""
        if self._transport is None or self.ended.done():
            asyncio.get_running_loop().call_soon(answered, Severed())
            return
        self._waiting.append(answered)
        self._transport.write(hiredis.pack_command(command))  # pyright: ignore[reportArgumentType] - its stub says one word

    async def call(self, *command: str | bytes | int) -> Any:
        """Send a command and wait for its answer. Raises `Denied`, `Severed`, `TimeoutError` after `DEAF` seconds."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def answered(answer: object) -> None:
            if not future.done():
                future.set_result(answer)

        self.send(answered, *command)
        async with asyncio.timeout(DEAF):
            answer = await future
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def subscribe(self, channel: str, pushed: Answered) -> None:
        """From here on `pushed` hears of everything that is said there, and the wire is good for nothing else. Raises as `call`."""
        await self.call("SUBSCRIBE", channel)
        self._pushed = pushed

    def close(self) -> None:
        """At once: whoever waits gets `Severed`."""
        if self._transport is not None:
            self._transport.abort()
        self.connection_lost(None)

    # ── asyncio calls these ──────────────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It stands. What waits a millisecond for company would wait for nothing: `NODELAY`."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are none by inheritance
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Answers, whole or in pieces."""
        self._reader.feed(data)
        try:
            while (answer := self._reader.gets()) is not _MORE:
                self._deliver(answer)
        except hiredis.ProtocolError:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Nothing more comes."""
        if not self.ended.done():
            self.ended.set_result(None)
        while self._waiting:
            self._waiting.popleft()(Severed())

    def _deliver(self, answer: object) -> None:
        if self._pushed is not None:
            self._pushed(answer)
        elif self._waiting:
            self._waiting.popleft()(Denied(str(answer)) if isinstance(answer, hiredis.ReplyError) else answer)


Answered = Callable[[object], None]
_MORE = object()


async def dial(address: Address, seconds: float) -> Wire:
    """A connection that has logged in and chosen its database. Raises `OSError` (`TimeoutError` too), `Severed`, `Denied`."""
    async with asyncio.timeout(seconds):
        loop = asyncio.get_running_loop()
        if address.path:
            _, wire = await loop.create_unix_connection(Wire, address.path)
        else:
            context = ssl.create_default_context() if address.tls else None
            _, wire = await loop.create_connection(Wire, address.host, address.port, ssl=context)
        try:
            await _enter(wire, address)
        except BaseException:
            wire.close()
            raise
    return wire


async def _enter(wire: Wire, address: Address) -> None:
    if address.password:
        await wire.call("AUTH", *([address.user] if address.user else []), address.password)
    if address.database:
        await wire.call("SELECT", address.database)
