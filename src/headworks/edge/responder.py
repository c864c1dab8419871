"""One request's way through the house: made into a call, sent on its journey, its reply handed to a sink that writes it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine

from headworks.domain.call import Call, Tally
from headworks.domain.ending import Closing
from headworks.domain.errors import Fault, FaultClass
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Duplex, Reply
from headworks.edge.answers import Answer
from headworks.edge.forms.body import FormBody
from headworks.edge.guarded import went_well
from headworks.edge.heads import CONTINUE
from headworks.edge.reception import receive
from headworks.edge.request import Request
from headworks.edge.routes import Match, front_of
from headworks.edge.sinks import DuplexSink, StreamSink, WholeSink
from headworks.edge.state import ServerState
from headworks.edge.writer import AnswerWriter, Line

CLIENT_GONE = "client_gone"


class Responder:
    """One per request, with one task if it travels; belongs to the loop."""

    _task: asyncio.Task[None] | None = None
    _closing: Closing | None = None
    _reply: Reply | None = None
    _stream: StreamSink | None = None

    def __init__(self, line: Line, request: Request, state: ServerState) -> None:
        self.request = request
        self._line = line
        self._state = state
        self._snapshot = state.door.snapshots()
        self._writer = AnswerWriter(line, request, state, self._snapshot.edge.cors)

    def start(self) -> None:
        """Answer at once what needs no journey; begin the journey of the rest."""
        request, state, writer = self.request, self._state, self._writer
        try:
            found = receive(request, state, self._snapshot)
        except Fault as fault:
            writer.front = front_of(request.path, request.headers)
            writer.refuse(fault)
            return
        if isinstance(found, Answer):
            writer.answer(found.status, found.headers, found.body)
            return
        writer.front = found.route.spoken(request.headers)
        if not request.body.complete:
            request.body.on_wanted(self._fetch_body)
        call = self._call(found)
        self._closing = call.closing
        if isinstance(request.body, FormBody):
            call.closing.settle(request.body.let_go)
        self._task = _begun(self._serve(call), self._state.loop())

    @property
    def given_up(self) -> Fault | None:
        """Why the edge has put an end to the answer, if it has."""
        return self._writer.given_up

    # ── The connection calls these ───────────────────────────────────────────────────────────────────────────────────────

    def gone(self) -> None:
        """The client hung up: stop, so that nothing more is paid for."""
        fault = self._writer.given_up = Fault(CLIENT_GONE, "The client hung up.")
        self._writer.over = True
        if self._reply is not None:
            self._abandon(self._reply, _ending(fault))
        elif self._task is not None:
            self._task.cancel(CLIENT_GONE)

    def give_up(self, fault: Fault) -> None:
        """The gateway will not go on: the client hears it as the answer, or as the last event of the stream.

        A journey under way is cancelled, and the answer written once its record is. One that goes on in spite of that is not
        waited for when this is called again.
        """
        writer = self._writer
        if writer.given_up is not None or self._task is None:
            self._end_for(writer.given_up or fault)
            return
        writer.given_up = fault
        if self._reply is not None:
            self._abandon(self._reply, Outcome(Ending.CANCELLED, self._reply.status, fault.code))
        else:
            self._task.cancel(fault.code)

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
        if self._stream is not None:
            self._stream.probe()
        elif not self._writer.answered and self.request.modern:
            self._writer.write(CONTINUE)

    # ── The journey ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _serve(self, call: Call) -> None:
        """The request's one task."""
        try:
            self._begin(await self._state.door.journey(call))
        except Fault as fault:
            self._failed(call, fault)
        except asyncio.CancelledError:
            # Without a reason it is a stranger's doing: the loop is being torn down.
            call.closing.close(_ending(self._writer.given_up or Fault("draining", "The gateway stops. Try again.")))
            self._tell(self._writer.given_up)
            raise
        except Exception as trouble:  # noqa: BLE001 - whatever a stage does wrong, the client gets an answer
            self._state.door.complain(trouble)
            self._failed(call, Fault("internal_error", f"The gateway failed. Tell its operator the request id {call.id}."))

    def _call(self, match: Match) -> Call:
        request, writer, door = self.request, self._writer, self._state.door
        tally = writer.tally = Tally()
        return Call(
            id=writer.id,
            at=writer.at,
            began=writer.began,
            kind=match.route.kind,
            front=writer.front.name,
            headers=request.headers,
            body=request.body,
            snapshot=self._snapshot,
            tally=tally,
            closing=Closing(door.complain),
            peer=self._line.peer,
            where=match.where,
            certificate=self._line.certificate,
        )

    def _begin(self, reply: Reply) -> None:
        given_up = self._writer.given_up
        if given_up is not None:
            self._abandon(reply, _ending(given_up))
            self._end_for(given_up)
            return
        self._reply = reply
        if reply.whole:
            reply.start(WholeSink(self._writer, reply))
            return
        if reply.duplex is not None:
            self._converse(reply, reply.duplex)
        else:
            stream = self._stream = StreamSink(self._writer, reply)
            reply.start(stream)
            stream.begin()
        if self._line.slow:
            reply.source.pause()

    def _converse(self, reply: Reply, duplex: Duplex) -> None:
        sink = DuplexSink(self._writer, reply)
        reply.start(sink)
        sink.begin()
        if reply.outcome is None:
            self._line.switch(duplex)

    def _failed(self, call: Call, fault: Fault) -> None:
        """The journey raised, or the reply could not be begun: the client hears it if it still can."""
        writer = self._writer
        fault = writer.given_up or fault
        outcome = _ending(fault)
        call.closing.close(outcome)
        if self._reply is not None and not writer.over:
            writer.given_up = fault
            self._abandon(self._reply, outcome)
        self._tell(fault)

    def _end_for(self, fault: Fault) -> None:
        """Write the record if it is not written yet, and then the answer."""
        if self._closing is not None:
            self._closing.close(_ending(fault))
        self._tell(fault)

    def _tell(self, fault: Fault | None) -> None:
        """The client hears `fault` if it still can. Without one, and where an answer has begun, the connection is cut."""
        writer = self._writer
        if writer.over:
            return
        if fault is None or writer.answered:
            writer.abort()
        else:
            writer.refuse(fault)

    def _abandon(self, reply: Reply, outcome: Outcome) -> None:
        if not went_well(self._state.door.complain, reply.abandon, outcome) and not self._writer.over:
            self._writer.abort()

    def _fetch_body(self) -> None:
        """A stage waits for the body, or for more of it."""
        if self.request.expects and not self.request.body.size and not self._writer.answered:
            self._writer.write(CONTINUE)
        self._line.read_on()


if sys.version_info >= (3, 12):

    def _begun(journey: Coroutine[None, None, None], loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
        """Its first steps are taken here and now: one turn of the loop less, and none at all where nothing is waited for."""
        return asyncio.Task(journey, loop=loop, name="request", eager_start=True)

else:

    def _begun(journey: Coroutine[None, None, None], loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
        return asyncio.Task(journey, loop=loop, name="request")


_ENDINGS = {FaultClass.REFUSED: Ending.REFUSED, FaultClass.CLIENT_GONE: Ending.CLIENT_GONE}


def _ending(fault: Fault) -> Outcome:
    ending = Ending.CANCELLED if fault.code == "draining" else _ENDINGS.get(fault.kind, Ending.FAILED)
    return Outcome(ending, fault.status, fault.code)
