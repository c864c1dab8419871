"""CPU per request and per chunk: `python -m tests.transport.bench_transport [rounds]`.

Beside ours runs a floor: a bare protocol over the same parser, with a list as its pool, and no timeouts, limits, headers or errors.
The server is a process of its own. Both take turns in one process, so that a busy machine is unfair to neither; medians are shown.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import cast

import uvloop
from httptools import HttpResponseParser

from headworks.domain.target import Origin
from headworks.ports.upstream import Outgoing
from headworks.transport import PooledUpstream
from tests.transport.house import RealClock

QUESTION = b'{"messages":"' + b"x" * 2386 + b'"}'
STREAMED = b'{"stream":true,' + QUESTION[1:]
HEADERS = b"".join(b"x-header-%d: some value of usual length\r\n" % number for number in range(10)) + b"content-type: a/b\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\n" + HEADERS + b"content-length: 1024\r\n\r\n" + b"y" * 1024
CHUNK = b"100\r\ndata: " + b"z" * 248 + b"\n\n\r\n"
CHUNKS = 100
WORKERS = 16


class Server(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.buffer.endswith(b"}"):
            return
        streamed, self.buffer = b'"stream"' in self.buffer, b""
        if streamed:
            self.transport.write(b"HTTP/1.1 200 OK\r\n" + HEADERS + b"transfer-encoding: chunked\r\n\r\n")
            self.tick(CHUNKS)
        else:
            self.transport.write(WHOLE)

    def tick(self, left: int) -> None:
        if left == 0:
            self.transport.write(b"0\r\n\r\n")
        elif not self.transport.is_closing():
            self.transport.write(CHUNK)
            asyncio.get_running_loop().call_later(0.001, self.tick, left - 1)


class Floor(asyncio.Protocol):
    """The least a client can do."""

    def __init__(self, pool: list[Floor]) -> None:
        self.pool = pool
        self.pieces: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.parser = HttpResponseParser(self)

    def ask(self, head: bytes, body: bytes) -> asyncio.Future[bytes]:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.pieces = []
        self.transport.write(head + body)
        return self.answer

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, data: bytes) -> None:
        self.pieces.append(data)

    def on_message_complete(self) -> None:
        self.pool.append(self)
        self.answer.set_result(b"".join(self.pieces))


class Taker:
    """The receiver of ours, doing the same."""

    __slots__ = ("answer", "pieces")

    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.pieces: list[bytes] = []

    def on_sent(self) -> None:
        pass

    def on_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        pass

    def on_body(self, data: bytes) -> None:
        self.pieces.append(data)

    def on_done(self) -> None:
        self.answer.set_result(b"".join(self.pieces))

    def on_fault(self, fault: Exception) -> None:
        self.answer.set_exception(fault)


Client = Callable[[bytes, bytes], Awaitable[bytes]]


def clients(port: int) -> dict[str, Client]:
    pool: list[Floor] = []
    up, origin = PooledUpstream(RealClock()), Origin("http", "127.0.0.1", port)

    async def floor(head: bytes, body: bytes) -> bytes:
        if pool:
            client = pool.pop()
        else:
            _, client = await asyncio.get_running_loop().create_connection(lambda: Floor(pool), "127.0.0.1", port)
        return await client.ask(head, body)

    async def ours(head: bytes, body: bytes) -> bytes:
        taker = Taker()
        await up.open(Outgoing(origin=origin, head=head, body=body), taker)
        return await taker.answer

    return {"floor": floor, "ours": ours}


async def cost(client: Client, body: bytes, count: int) -> float:
    """CPU µs of this process for each of `count` requests."""
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk\r\ncontent-length: %d\r\n\r\n" % len(
        body
    )

    async def work() -> None:
        for _ in range(count // WORKERS):
            await client(head, body)

    began = time.process_time()
    await asyncio.gather(*(work() for _ in range(WORKERS)))
    return (time.process_time() - began) / (count // WORKERS * WORKERS) * 1e6


async def measure(port: int, rounds: int) -> None:
    running = clients(port)
    figures: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for name, client in running.items():
            await cost(client, QUESTION, 200)
            figures.setdefault((name, "request"), []).append(await cost(client, QUESTION, 8000))
            streams = await cost(client, STREAMED, 64)
            figures.setdefault((name, "chunk"), []).append(streams / CHUNKS)
    for (name, unit), costs in sorted(figures.items()):
        sys.stdout.write(f"{name:6} {statistics.median(costs):6.2f} µs per {unit} (least {min(costs):.2f})\n")


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    if sys.argv[1:] == ["serve"]:
        uvloop.run(serve())
        return
    rounds = int(sys.argv[1]) if sys.argv[1:] else 7
    with subprocess.Popen([sys.executable, "-m", __spec__.name, "serve"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            uvloop.run(measure(int(server.stdout.readline()), rounds))
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
