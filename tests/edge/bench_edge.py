"""What the front door costs, beside the throwaway sketch's: `python -m tests.edge.bench_edge`.

Two measurements of each server, interleaved, CPU time of this process's one thread:
in process    a fake transport, no system calls: parsing, the call, the task, the answer
over sockets  loopback connections driven by `wrk` where it is installed: system calls included
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

import httptools
import uvloop

from headworks.domain.call import Call
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Frame, Reply, Still
from headworks.domain.snapshot import Snapshot
from headworks.edge import Door, Edge
from headworks.edge.connection import Connection
from headworks.edge.state import ServerState

QUESTION = b'{"model":"gpt-4o","messages":[{"role":"user","content":"' + b"lorem ipsum " * 195 + b'"}]}'
REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:4455\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n"
    b"Accept: application/json\r\nContent-Type: application/json\r\nUser-Agent: OpenAI/Python 3.54.0\r\nX-Stainless-Lang: python\r\n"
    b"X-Stainless-Package-Version: 3.54.0\r\nAuthorization: Bearer sk-test-1234567890abcdef\r\n"
    b"Content-Length: %d\r\n\r\n" % len(QUESTION)
) + QUESTION
OTHER = REQUEST.replace(b"X-Stainless-Lang: python", b"X-Stainless-Lang: rustic")
ANSWER = b'{"id":"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG","choices":[' + b"x" * 940 + b"]}"
CHUNK = b'data: {"id":"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG","choices":[' + b"x" * 180 + b"]}\n\n"
ROUNDS = 5
REQUESTS = 20_000


class Time:
    """The real clock."""

    now = staticmethod(time.monotonic)
    wall_ns = staticmethod(time.time_ns)
    sleep = staticmethod(asyncio.sleep)


class NoWords:
    def write_fault(self, front: str, fault: BaseException, request_id: str) -> bytes:
        return f"{front} {fault} {request_id}".encode()


async def whole(call: Call) -> Reply:
    if not call.body.complete:
        await call.body.read()
    return Reply.of(200, [(b"content-type", b"application/json")], ANSWER)


class Sketch(asyncio.Protocol):
    """The sketch's server protocol, as it stands in the sketch."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.parser = httptools.HttpRequestParser(self)
        self.loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_begin(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.pieces: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        self.url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value

    def on_body(self, piece: bytes) -> None:
        self.pieces.append(piece)

    def on_message_complete(self) -> None:
        self.body = b"".join(self.pieces)
        self.task = self.loop.create_task(self.handle())

    async def handle(self) -> None:
        status, body = await self.run()
        self.transport.write(
            b"HTTP/1.1 %d OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (status, len(body)) + body
        )

    async def run(self) -> tuple[int, bytes]:
        return 200, ANSWER


class Nowhere(asyncio.Transport):
    """A transport that takes everything and counts it."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = 0

    def write(self, data: Any) -> None:
        self.taken += len(data)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name == "peername" else default


def door(journey: Callable[[Call], Coroutine[Any, Any, Reply]] = whole) -> Door:
    snapshot = Snapshot(revision="bench")
    chance = random.Random(1)  # noqa: S311 - names, not secrets
    return Door(
        journey=journey, snapshots=lambda: snapshot, interpreter=NoWords(), clock=Time(), chance=chance, complain=complain
    )


async def in_process(protocol: asyncio.Protocol, *requests: bytes) -> float:
    """Microseconds of CPU per request; several requests take turns, so that no head follows its like."""
    protocol.connection_made(Nowhere())
    sent = (requests or (REQUEST,)) * (REQUESTS // max(1, len(requests)))
    began = time.process_time()
    for request in sent:
        protocol.data_received(request)
        await asyncio.sleep(0)
    return (time.process_time() - began) / REQUESTS * 1e6


async def idle_loop() -> float:
    """What the measurement itself costs: a turn of the loop."""
    began = time.process_time()
    for _ in range(REQUESTS):
        await asyncio.sleep(0)
    return (time.process_time() - began) / REQUESTS * 1e6


async def chunks() -> float:
    """Microseconds of CPU per streamed chunk, without the system call."""
    replies: list[Reply] = []

    async def stream(call: Call) -> Reply:  # noqa: ARG001 - a journey's signature
        reply = Reply(200, [(b"content-type", b"text/event-stream")], Still(), stream=True)
        replies.append(reply)
        return reply

    connection = Connection(ServerState(door(stream)))
    connection.connection_made(Nowhere())
    connection.data_received(REQUEST)
    await asyncio.sleep(0)
    push, count = replies[0].push, 200_000
    began = time.process_time()
    for _ in range(count):
        push(Frame(CHUNK))
    spent = (time.process_time() - began) / count * 1e6
    replies[0].finish(Outcome(Ending.FINISHED))
    return spent


def serve_alone(kind: str, ready: Any, listener: socket.socket) -> None:
    async def run() -> None:
        if kind == "sketch":
            await asyncio.get_running_loop().create_server(Sketch, sock=listener)
        else:
            await Edge(door()).serve([listener])
        ready.set()
        await asyncio.Event().wait()

    uvloop.run(run())


def over_sockets(kind: str, script: str) -> tuple[float, float]:
    """Microseconds of CPU per request, and requests per second, at saturation."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    server = context.Process(target=serve_alone, args=(kind, ready, listener), daemon=True)
    server.start()
    ready.wait(10)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1/chat/completions"
    before = cpu_seconds(server.pid)
    out = subprocess.run(
        ["wrk", "-t1", "-c32", "-d3s", "-s", script, url], capture_output=True, text=True, check=True, timeout=30
    )
    spent = cpu_seconds(server.pid) - before
    server.terminate()
    server.join()
    done = int(next(line.split()[0] for line in out.stdout.splitlines() if "requests in" in line))
    return spent / done * 1e6, done / 3


def cpu_seconds(pid: int | None) -> float:
    with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 - a kernel file
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def complain(trouble: BaseException) -> None:
    raise trouble


def main() -> None:
    results: dict[str, list[float]] = {"sketch": [], "edge": [], "new head": [], "loop": [], "chunk": []}
    for _ in range(ROUNDS):
        results["loop"].append(uvloop.run(idle_loop()))
        results["sketch"].append(uvloop.run(in_process(Sketch())))
        results["edge"].append(uvloop.run(edge_in_process()))
        results["new head"].append(uvloop.run(edge_in_process(REQUEST, OTHER)))
        results["chunk"].append(uvloop.run(chunks()))
    for name, spent in results.items():
        unit = name if name in ("loop", "chunk") else "request"
        say(f"in process    {name:8} {min(spent):6.2f} … {statistics.median(spent):6.2f} µs CPU per {unit} (least, median)")
    if shutil.which("wrk") is None or len(sys.argv) < 2:
        say("over sockets  left out: needs wrk, and the path of a wrk script (../shared/sketch/post.lua)")
        return
    for _ in range(3):
        for kind in ("sketch", "edge"):
            cost, rate = over_sockets(kind, sys.argv[1])
            say(f"over sockets  {kind:7} {cost:6.1f} µs CPU per request, {rate:7.0f} requests/s")


async def edge_in_process(*requests: bytes) -> float:
    return await in_process(Connection(ServerState(door())), *requests)


if __name__ == "__main__":
    main()
