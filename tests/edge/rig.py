"""A front door without a house behind it: a scripted journey, a transport in memory, and a real server on a free port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import h11
import msgspec
import uvloop

from headworks.domain.call import Call
from headworks.domain.errors import Fault
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Frame, HeaderList, Reply
from headworks.domain.snapshot import EdgeSettings, Snapshot
from headworks.edge import Door, Edge
from headworks.edge.connection import Connection
from headworks.edge.state import TICK, ServerState
from headworks.testing import FrozenClock, seeded

JSON_TYPE: tuple[bytes, bytes] = (b"content-type", b"application/json")
SSE_TYPE: tuple[bytes, bytes] = (b"content-type", b"text/event-stream")
Handler = Callable[[Call], Awaitable[Reply]]

DEADLINE = 30.0
"""Seconds after which a test that waits for something has failed."""


def run(job: Coroutine[Any, Any, None]) -> None:
    """Run one test on the loop that the product uses."""

    async def bounded() -> None:
        async with asyncio.timeout(60):
            await job

    uvloop.run(bounded())


async def until(condition: Callable[[], object], what: str = "it") -> None:
    """Let the loop turn until `condition` holds."""
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0)
    assert condition(), what


async def settle(turns: int = 20) -> None:
    """Let everything run that is ready to."""
    for _ in range(turns):
        await asyncio.sleep(0)


class Words:
    """Writes faults as JSON that says what it was asked for."""

    def write_fault(self, front: str, fault: Fault, request_id: str) -> bytes:
        return msgspec.json.encode({"front": front, "code": fault.code, "message": fault.message, "id": request_id})


class PushedReply:
    """A reply pushed by the test. It is its own source and notes what is asked of it."""

    def __init__(
        self, *, stream: bool = True, whole: bool = False, status: int = 200, headers: HeaderList | None = None
    ) -> None:
        self.paused = False
        self.cancelled = 0
        self.asked: list[str] = []
        self.outcomes: list[Outcome] = []
        given = headers if headers is not None else [SSE_TYPE if stream else JSON_TYPE]
        self.reply = Reply(status, given, self, stream=stream, whole=whole)
        self.reply.on_end(self.outcomes.append)

    def pause(self) -> None:
        self.paused = True
        self.asked.append("pause")

    def resume(self) -> None:
        self.paused = False
        self.asked.append("resume")

    def cancel(self) -> None:
        self.cancelled += 1

    def push(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.reply.push(Frame(piece))

    def finish(self, ending: Ending = Ending.FINISHED, fault: str = "") -> None:
        self.reply.finish(Outcome(ending, self.reply.status, fault))


class StubJourney:
    """A journey that does what `handler` says and keeps what it saw. Closes every call as the real one does."""

    def __init__(self, handler: Handler | None = None) -> None:
        self.handler = handler or echo
        self.calls: list[Call] = []
        self.outcomes: list[Outcome] = []
        self.cancelled: list[str] = []

    async def __call__(self, call: Call) -> Reply:
        self.calls.append(call)
        call.closing.conclude(self.outcomes.append)
        try:
            reply = await self.handler(call)
        except asyncio.CancelledError as cancelled:
            self.cancelled.append(str(cancelled))
            raise
        reply.on_end(call.closing.close)
        return reply

    @property
    def call(self) -> Call:
        """The only one."""
        assert len(self.calls) == 1
        return self.calls[0]


async def echo(call: Call) -> Reply:
    """Answer with what was asked."""
    body = call.body.data if call.body.complete else await call.body.read()
    seen = {"kind": call.kind, "front": call.front, "subject": call.where.subject, "body": body.decode("latin-1")}
    return Reply.of(200, [JSON_TYPE], msgspec.json.encode(seen))


async def never(call: Call) -> Reply:  # noqa: ARG001 - a handler's signature
    """Take for ever."""
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


def answering(status: int = 200, body: bytes = b"{}", headers: HeaderList | None = None) -> Handler:
    """A handler that answers everything alike."""

    async def answer(call: Call) -> Reply:  # noqa: ARG001 - a handler's signature
        return Reply.of(status, [JSON_TYPE] if headers is None else list(headers), body)

    return answer


def raising(trouble: Exception) -> Handler:
    """A handler that raises."""

    async def fail(call: Call) -> Reply:  # noqa: ARG001 - a handler's signature
        raise trouble

    return fail


def pushing(pushed: PushedReply) -> Handler:
    """A handler that returns a reply which the test pushes."""

    async def give(call: Call) -> Reply:  # noqa: ARG001 - a handler's signature
        return pushed.reply

    return give


class House:
    """What a door opens to in tests: settings, time, a journey, and whatever was complained about."""

    def __init__(self, handler: Handler | None = None, words: Words | None = None, **settings: Any) -> None:
        self.journey = StubJourney(handler)
        self.clock = FrozenClock()
        self.complaints: list[BaseException] = []
        self.snapshot = Snapshot(revision="test", edge=EdgeSettings(**settings))
        self.door = Door(
            journey=self.journey,
            snapshots=lambda: self.snapshot,
            interpreter=words or Words(),
            clock=self.clock,
            chance=seeded(),
            complain=self.complaints.append,
        )


class MemoryTransport(asyncio.Transport):
    """A transport that keeps what is written. With `takes` false the client takes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = bytearray()
        self.writes = 0
        self.reading = True
        self.ended = False
        self.closed = False
        self.aborted = False
        self.takes = True
        self.high = 65_536
        self._waiting = 0
        self._slow = False
        self.protocol: asyncio.Protocol | None = None

    def write(self, data: Any) -> None:
        assert not self.ended, "written after write_eof"
        self.writes += 1
        self.sent += data
        if not self.takes:
            self._waiting += len(data)
            if self._waiting > self.high and not self._slow and self.protocol is not None:
                self._slow = True
                self.protocol.pause_writing()

    def take(self, size: int) -> None:
        """The client takes so many of the bytes that wait."""
        self._waiting = max(0, self._waiting - size)
        if self._slow and self._waiting <= self.high // 4 and self.protocol is not None:
            self._slow = False
            self.protocol.resume_writing()

    def get_write_buffer_size(self) -> int:
        return self._waiting

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:  # noqa: ARG002 - asyncio's
        self.high = high or 65_536

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("192.0.2.7", 40_000) if name == "peername" else default


class Client:
    """A connection to a door in memory, from the client's side. Made inside a running loop."""

    def __init__(self, house: House, state: ServerState | None = None) -> None:
        self.house = house
        self.state = state or ServerState(house.door)
        self.transport = MemoryTransport()
        self.connection = Connection(self.state)
        self.transport.protocol = self.connection
        self.connection.connection_made(self.transport)
        self.gone = False

    async def send(self, *pieces: bytes) -> None:
        """Send, each piece as one read, as far as the server reads; and let it act."""
        for piece in pieces:
            if not self.transport.closed:
                self.connection.data_received(piece)
            await settle()
        await settle()
        self.follow()

    async def wait(self, seconds: float) -> None:
        """Let time pass, tick by tick."""
        left = seconds
        while left > 0:
            self.house.clock.advance(min(TICK, left))
            left -= TICK
            self.state.tick()
            await settle()
        self.follow()

    async def shut_down(self) -> bool:
        """Send no more. Whether the server keeps the connection open."""
        stays = bool(self.connection.eof_received())
        if not stays:
            self.transport.close()
        await settle()
        self.follow()
        return stays

    async def hang_up(self) -> None:
        """Be gone, whatever is still on its way."""
        self.transport.closed = self.transport.aborted = True
        self.follow()
        await settle()

    def follow(self) -> None:
        """Do what a transport does once it is closed."""
        if self.transport.closed and not self.gone and (self.transport.aborted or not self.transport.get_write_buffer_size()):
            self.gone = True
            self.connection.connection_lost(None)

    @property
    def open(self) -> bool:
        return not self.transport.closed and not self.transport.ended

    def answers(self, *methods: str) -> list[Answered]:
        """What was sent, as an independent parser reads it; `methods` are those of the requests, GET or POST unless said."""
        return read_answers(bytes(self.transport.sent), methods, closed=not self.open)

    @property
    def answered(self) -> Answered:
        """The only answer."""
        answers = self.answers()
        assert len(answers) == 1, answers
        return answers[0]


class Answered(msgspec.Struct):
    """One answer as h11 reads it. `complete` is false if it broke off."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    complete: bool = False

    @property
    def said(self) -> dict[str, Any]:
        """The body as JSON."""
        return msgspec.json.decode(self.body)


def read_answers(data: bytes, methods: tuple[str, ...] = (), *, closed: bool = False) -> list[Answered]:
    """All answers in `data`, interim ones left out."""
    answers: list[Answered] = []
    while data:
        method = methods[len(answers)] if len(answers) < len(methods) else "POST"
        parser = h11.Connection(h11.CLIENT)
        parser.send(h11.Request(method=method, target="/", headers=[("host", "x"), ("content-length", "0")]))
        parser.send(h11.EndOfMessage())
        parser.receive_data(data)
        if closed:
            parser.receive_data(b"")
        answer = _read_one(parser)
        if answer is None:
            break
        answers.append(answer)
        data = parser.trailing_data[0] if answer.complete else b""
    return answers


def _read_one(parser: h11.Connection) -> Answered | None:
    answer: Answered | None = None
    while True:
        try:
            event = parser.next_event()
        except h11.RemoteProtocolError:
            return answer
        match event:
            case h11.Response():
                headers = {name.decode(): value.decode("latin-1") for name, value in event.headers}
                answer = Answered(event.status_code, headers)
            case h11.Data() if answer is not None:
                answer.body += event.data
            case h11.EndOfMessage() if answer is not None:
                answer.complete = True
                return answer
            case h11.InformationalResponse():
                continue
            case _:
                return answer


@asynccontextmanager
async def serving(house: House) -> AsyncGenerator[tuple[Edge, int]]:
    """A real server on a free port: the edge and its port. Time is the house's: `house.clock.run` lets it pass."""
    edge = Edge(house.door)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    await edge.serve([listener])
    try:
        yield edge, port
    finally:
        closing = asyncio.ensure_future(edge.drain(0.0))
        await settle()
        await house.clock.run(5.0)
        await closing


def post(path: bytes = b"/v1/chat/completions", body: bytes = b"{}", *headers: bytes, version: bytes = b"1.1") -> bytes:
    """A request with a body of known length. `headers` are whole lines without their ends."""
    lines = b"".join(line + b"\r\n" for line in headers)
    return b"POST %b HTTP/%b\r\nhost: gateway\r\ncontent-length: %d\r\n%b\r\n%b" % (path, version, len(body), lines, body)


def get(path: bytes, *headers: bytes, method: bytes = b"GET", version: bytes = b"1.1") -> bytes:
    """A request without a body."""
    lines = b"".join(line + b"\r\n" for line in headers)
    return b"%b %b HTTP/%b\r\nhost: gateway\r\n%b\r\n" % (method, path, version, lines)
