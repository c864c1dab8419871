"""One request's way through the house: made into a call, sent on its journey, its reply handed to a sink that writes it."""

from __future__ import annotations

import asyncio
from typing import Protocol

from headworks.domain.call import Call, Tally
from headworks.domain.ending import Closing
from headworks.domain.errors import Fault, FaultClass
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import HeaderList, Reply
from headworks.domain.snapshot import Snapshot
from headworks.edge import answers
from headworks.edge.answers import Answer
from headworks.edge.heads import CLOSE, CONTINUE, KEEP, head
from headworks.edge.ids import exchange_id
from headworks.edge.reception import WrongMethod, receive
from headworks.edge.request import Request
from headworks.edge.routes import OPENAI, Match, find
from headworks.edge.sinks import StreamSink, WholeSink
from headworks.edge.state import ServerState

CLIENT_GONE = "client_gone"
_NO_LENGTH = (204, 304)


class Line(Protocol):
    """The connection, as its responder sees it."""

    peer: str
    slow: bool
    """The client does not keep up: what is written waits in memory."""

    def write(self, data: bytes) -> None:
        """Send."""
        ...

    def read_on(self) -> None:
        """The body is wanted: read without bound."""
        ...

    def finished(self, *, keep: bool) -> None:
        """The answer is complete: turn to the next request, or close."""
        ...

    def abort(self) -> None:
        """Close at once, so that nobody takes what was sent for a complete answer."""
        ...


class Responder:
    """One per request; belongs to the loop. Unless the client goes first, it ends by telling its line `finished` or `abort`, once."""

    __slots__ = (
        "_answered",
        "_at",
        "_line",
        "_reply",
        "_sink",
        "_snapshot",
        "_state",
        "_task",
        "front",
        "given_up",
        "id",
        "request",
        "write",
    )

    def __init__(self, line: Line, request: Request, state: ServerState) -> None:
        door = state.door
        self._line = line
        self._state = state
        self._snapshot: Snapshot = door.snapshots()
        self._at = door.clock.wall_ns()
        self._task: asyncio.Task[None] | None = None
        self._reply: Reply | None = None
        self._sink: WholeSink | StreamSink | None = None
        self._answered = False
        self.write = line.write
        self.request = request
        self.front = OPENAI
        self.id = exchange_id(self._at, door.chance)
        self.given_up: Fault | None = None

    def start(self) -> None:
        """Answer at once what needs no journey; begin the journey of the rest."""
        request, state = self.request, self._state
        try:
            found = receive(request, state.rules(self._snapshot.edge.cors), draining=state.draining)
        except Fault as fault:
            lost = find(request.path)
            if lost is not None:
                self.front = lost.route.spoken(request.headers)
            self.refuse(fault)
            return
        if isinstance(found, Answer):
            self.answer(found.status, found.headers, found.body)
            return
        self.front = found.route.spoken(request.headers)
        if not request.body.complete:
            request.body.on_wanted(self._fetch_body)
        self._task = asyncio.get_running_loop().create_task(self._serve(found), name="request")

    # ── The connection calls these ───────────────────────────────────────────────────────────────────────────────────────

    def gone(self) -> None:
        """The client hung up: stop, so that nothing more is paid for."""
        self.given_up = Fault(CLIENT_GONE, "The client hung up.")
        if self._reply is not None:
            self._abandon(self._reply, _ending(self.given_up))
        elif self._task is not None:
            self._task.cancel(CLIENT_GONE)

    def give_up(self, fault: Fault) -> None:
        """The gateway will not go on: the client hears it as the answer, or as the last event of the stream."""
        self.given_up = fault
        if self._reply is not None:
            self._abandon(self._reply, Outcome(Ending.CANCELLED, self._reply.status, fault.code))
            return
        if self._task is not None:
            self._task.cancel(fault.code)
        self.refuse(fault)

    def pause(self) -> None:
        """The client is slow."""
        if self._reply is not None:
            self._reply.source.pause()

    def resume(self) -> None:
        """The client takes more."""
        if self._reply is not None:
            self._reply.source.resume()

    def probe(self) -> None:
        """The client has said all it will: write something harmless, which works only while it still listens."""
        if self._sink is not None and self._sink.probe():
            return
        if not self._answered and self.request.modern:
            self.write(CONTINUE)

    # ── The journey ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _serve(self, match: Match) -> None:
        """The request's one task."""
        call = self._call(match)
        try:
            self._begin(await self._state.door.journey(call))
        except Fault as fault:
            self._failed(call, fault)
        except asyncio.CancelledError:
            if self.given_up is None:  # a stranger's doing: the loop is being torn down
                self._line.abort()
            call.closing.close(_ending(self.given_up or Fault("draining", "The gateway stops.")))
            raise
        except Exception as trouble:  # noqa: BLE001 - whatever a stage does wrong, the client gets an answer
            self._state.door.complain(trouble)
            self._failed(call, Fault("internal_error", f"The gateway failed. Tell its operator the request id {self.id}."))

    def _call(self, match: Match) -> Call:
        request, door = self.request, self._state.door
        return Call(
            id=self.id,
            at=self._at,
            began=door.clock.now(),
            kind=match.route.kind,
            front=self.front.name,
            headers=request.headers,
            body=request.body,
            snapshot=self._snapshot,
            tally=Tally(),
            closing=Closing(door.complain),
            peer=self._line.peer,
            subject=match.subject,
        )

    def _failed(self, call: Call, fault: Fault) -> None:
        call.closing.close(_ending(fault))
        if self.given_up is None:
            self.refuse(fault)

    def _begin(self, reply: Reply) -> None:
        if self.given_up is not None:
            self._abandon(reply, _ending(self.given_up))
            return
        self._reply = reply
        self._sink = sink = WholeSink(self, reply) if reply.whole else StreamSink(self, reply)
        try:
            reply.start(sink)
            sink.begin()
            if self._line.slow:
                reply.source.pause()
        except Exception as trouble:  # noqa: BLE001 - a tap's mistake must not leave an answer hanging
            self._state.door.complain(trouble)
            self._line.abort()
            self._abandon(reply, _ending(Fault("internal_error", "")))

    def _abandon(self, reply: Reply, outcome: Outcome) -> None:
        try:
            reply.abandon(outcome)
        except Exception as trouble:  # noqa: BLE001 - a source that cannot be cancelled must not keep the connection
            self._state.door.complain(trouble)

    def _fetch_body(self) -> None:
        """A stage waits for the body."""
        if self.request.expects and not self.request.body.size and not self._answered:
            self.write(CONTINUE)
        self._line.read_on()

    # ── The sinks call these ─────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def keep(self) -> bool:
        """Whether another request may follow on this connection."""
        return self.request.keep_alive and self.request.body.complete and not self._state.draining

    def lines(self, *, keep: bool) -> bytes:
        """The header lines that every answer has."""
        self._answered = True
        state, request, name = self._state, self.request, self.id.encode()
        lines = b"%bx-request-id: %b\r\n" % (state.date, name)
        if self.front.id_header:
            lines += b"%b: %b\r\n" % (self.front.id_header, name)
        cors = self._snapshot.edge.cors
        if cors.origins:
            lines += state.rules(cors).lines(request.headers)
        if not keep:
            return lines + CLOSE
        return lines if request.modern else lines + KEEP

    def answer(self, status: int, headers: HeaderList, body: bytes) -> None:
        """Write a whole answer and be done."""
        keep = self.keep
        rest = self.lines(keep=keep)
        if status not in _NO_LENGTH:
            rest += b"content-length: %d\r\n" % len(body)
        rest += b"\r\n"
        if self.request.method != b"HEAD":
            rest += body
        self.write(head(status, headers, rest))
        self._line.finished(keep=keep)

    def refuse(self, fault: Fault) -> None:
        """Write a fault as the whole answer and be done."""
        answer = answers.of_fault(fault, self.front, self.id, self._state.door)
        if isinstance(fault, WrongMethod):
            answer.headers.append((b"allow", fault.allow))
        self.answer(answer.status, answer.headers, answer.body)

    def error_event(self, fault: Fault) -> bytes:
        """A fault as the last event of a stream."""
        return answers.error_event(fault, self.front, self.id, self._state.door)

    def done(self, *, keep: bool) -> None:
        """The answer is complete."""
        self._line.finished(keep=keep and self.keep)

    def abort(self) -> None:
        """The answer is broken and cannot say so."""
        self._line.abort()


_ENDINGS = {FaultClass.REFUSED: Ending.REFUSED, FaultClass.CLIENT_GONE: Ending.CLIENT_GONE, FaultClass.UNFIT: Ending.CANCELLED}


def _ending(fault: Fault) -> Outcome:
    if fault.code == "internal_error":
        return Outcome(Ending.FAILED, fault.status, fault.code)
    return Outcome(_ENDINGS.get(fault.kind, Ending.FAILED), fault.status, fault.code)
