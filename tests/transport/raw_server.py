"""Servers that do on the wire exactly what a test says, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable

from headworks.domain.target import Origin, Tls
from tests.transport.looped import turns

Script = Callable[["Peer"], Awaitable[None]]


class Peer:
    """One accepted connection."""

    def __init__(self, server: RawServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.number = server.accepted
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        """One whole request, or b"" when the client has closed."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        length = 0
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = await self.reader.readexactly(length)
        self.server.requests.append(head + body)
        return head + body

    async def say(self, *pieces: bytes) -> None:
        """Write each piece, one segment each."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await turns(1)

    async def gone(self) -> None:
        """Wait until the client has closed."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65_536):
                pass

    def reset(self) -> None:
        """Close with RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def close(self) -> None:
        self.writer.close()


class RawServer:
    def __init__(self, script: Script) -> None:
        self.script = script
        self.accepted = 0
        self.open = 0
        self.requests: list[bytes] = []
        self.port = 0
        self.tasks: set[asyncio.Task[None]] = set()

    def origin(self, scheme: str = "http", host: str = "127.0.0.1", tls: Tls | None = None, proxy: str = "") -> Origin:
        return Origin(scheme, host, self.port, tls or Tls(), proxy)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self.open += 1
        try:
            with contextlib.suppress(ConnectionError):  # the client may go at any time
                await self.script(Peer(self, reader, writer))
        finally:
            self.open -= 1
            writer.transport.abort()


@contextlib.asynccontextmanager
async def serving(script: Script, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncGenerator[RawServer]:
    """A server on a free port; its connections are closed at the end."""
    raw = RawServer(script)

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(raw.serve(reader, writer))
        raw.tasks.add(task)
        task.add_done_callback(raw.tasks.discard)

    server = await asyncio.start_server(accept, host, 0, ssl=context)
    raw.port = server.sockets[0].getsockname()[1]
    try:
        yield raw
    finally:
        server.close()
        for task in list(raw.tasks):
            task.cancel()
        if raw.tasks:
            await asyncio.wait(raw.tasks)
        await turns(1)


def answering(*answers: bytes) -> Script:
    """Answers each request of each connection with all of `answers`, in one segment each, and keeps the connection."""

    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.say(*answers)

    return script


def closed_port() -> int:
    """A port nobody listens at."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
