"""One session, relayed message by message between two WebSockets: what the client may not ask for stays here, what answers used is counted."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from websockets.exceptions import InvalidState
from websockets.frames import DATA_OPCODES, OP_CLOSE, Close, CloseCode, Frame
from websockets.protocol import OPEN, Protocol, Side

from headworks.dialects.openai_realtime.client_events import (
    HEAVY,
    capped,
    keep_to,
    nameless,
    read_event,
    refuse_foreign,
    type_of,
    uses,
)
from headworks.dialects.openai_realtime.pieces import Pieces, frames
from headworks.dialects.openai_realtime.server_events import (
    BEGUN,
    CREATED,
    DONE,
    TRANSCRIBED,
    Response,
    ServerEvent,
    read_server_event,
    read_usage,
)
from headworks.dialects.openai_realtime.unended import Unended
from headworks.domain.errors import Fault, FaultClass
from headworks.domain.usage import NO_USAGE, Usage
from headworks.ports.conversation import Judge, Passed

LARGEST_MESSAGE = 20_971_520
"""Bytes. OpenAI takes 15 MiB of sound in one event."""
MOST_FRAMES = 2_000
"""That a client may send in one read: each takes time on the loop that all share, however small. Sound comes in far fewer."""
_UNSAID = frozenset((CloseCode.NO_STATUS_RCVD, CloseCode.ABNORMAL_CLOSURE, CloseCode.TLS_HANDSHAKE))
"""Codes that stand for what was not said, and are never sent."""
_CODES = {FaultClass.REFUSED: CloseCode.POLICY_VIOLATION, FaultClass.UNFIT: CloseCode.TRY_AGAIN_LATER}
_LONGEST_REASON = 120


class RealtimeSession:
    """Implements `Conversation`. `model` is what the caller calls it; `cap` is how many tokens each answer may have, None for as many as it
    likes.
    """

    def __init__(self, model: str, judge: Judge, write_fault: Callable[[Fault], bytes], cap: int | None = None) -> None:
        self._client = Protocol(Side.SERVER, max_size=LARGEST_MESSAGE)
        self._upstream = Protocol(Side.CLIENT, max_size=LARGEST_MESSAGE)
        self._of_client, self._of_upstream = Pieces(), Pieces()
        self._model = model
        self._judge = judge
        self._write_fault = write_fault
        self._cap = cap
        self.usage = NO_USAGE
        self.answers = 0
        self.over = False
        self.fault: Fault | None = None
        self.served_model = ""
        self.upstream_id = ""
        self._unended = Unended()

    def from_client(self, data: bytes) -> Passed:
        """Its events, those that it may send."""
        for count, frame in enumerate(frames(self._client, data)):
            if count == MOST_FRAMES:
                return self._flooded()
            if frame.opcode is OP_CLOSE:
                self._part(self._upstream, frame)
            elif frame.opcode in DATA_OPCODES and (message := self._of_client.whole(frame)) is not None:
                self._asked(message, binary=self._of_client.binary)
        return self._passed(self._client)

    def from_upstream(self, data: bytes) -> Passed:
        """Its events, all of them."""
        for frame in frames(self._upstream, data):
            if frame.opcode is OP_CLOSE:
                self._part(self._client, frame)
            elif frame.opcode in DATA_OPCODES and (message := self._of_upstream.whole(frame)) is not None:
                _say(self._client, message)
                self._note(message)
        return self._passed(self._upstream)

    def end(self, fault: Fault, request_id: str) -> Passed:
        """An error event for the client, and goodbye to both."""
        self.fault = self.fault or fault
        _say(self._client, self._write_fault(fault))
        _leave(self._client, _CODES.get(fault.kind, CloseCode.INTERNAL_ERROR), f"{fault.code} {request_id}".strip())
        _leave(self._upstream, CloseCode.NORMAL_CLOSURE, "")
        self.over = True
        return self._passed(None)

    def unended(self) -> Usage:
        """Of the answers under way."""
        return self._unended.estimate()

    def ping(self) -> Passed:
        """To the client; providers send their own."""
        if self._client.state is OPEN:
            self._client.send_ping(b"")
        return self._passed(None)

    # ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _asked(self, message: bytes, *, binary: bool) -> None:
        try:
            _say(self._upstream, self._permitted(message, binary=binary))
        except Fault as refused:
            _say(self._client, self._write_fault(refused))

    def _permitted(self, message: bytes, *, binary: bool) -> bytes:
        """The event as the upstream may have it. Raises `Fault`."""
        if binary:
            raise Fault("invalid_request", "Events are text, and this message is binary. Send sound as base64 in an event.")
        if type_of(message) in HEAVY:
            self._unended.spoken(len(message))
            return message
        event = read_event(message)
        features = uses(event)
        if features:
            self._judge(features)
        refuse_foreign(event)
        sent = nameless(event, (self._model, self.served_model))
        if self._cap is not None:
            sent = capped(sent, self._cap)
        self._unended.asked(len(message), features)
        return message if sent is event else msgspec.json.encode(sent)

    def _note(self, message: bytes) -> None:
        event = read_server_event(message)
        if event.type.startswith("response.") and event.type.endswith(".delta"):
            self._unended.heard(event.response_id, len(message), sound=event.type.endswith("audio.delta"))
        elif event.type == BEGUN:
            self._unended.begun(event.response.id if event.response is not None else "")
        elif event.type in CREATED:
            self._begun(event)
        elif event.type == DONE:
            self._answered(event)
        elif event.type == TRANSCRIBED and event.usage is not None:
            self.usage += read_usage(event.usage)

    def _begun(self, event: ServerEvent) -> None:
        if event.session is not None:
            self.upstream_id, self.served_model = event.session.id, event.session.model
        if self._cap is not None:
            _say(self._upstream, keep_to(self._cap))

    def _answered(self, event: ServerEvent) -> None:
        self.answers += 1
        response = event.response or Response()
        usage = read_usage(response.usage) if response.usage is not None else NO_USAGE
        self.usage += usage
        self._unended.ended(response.id, usage)

    def _part(self, other: Protocol, frame: Frame) -> None:
        """One side says goodbye: tell the other in the same words."""
        said = Close.parse(bytes(frame.data))
        _leave(other, said.code if said.code not in _UNSAID else CloseCode.NORMAL_CLOSURE, said.reason)
        self.over = True

    def _flooded(self) -> Passed:
        """A client that sends next to nothing as often as it can."""
        fault = Fault("malformed_request", f"More than {MOST_FRAMES} frames came at once. Send fewer and larger messages.")
        return self.end(fault, "")

    def _passed(self, read: Protocol | None) -> Passed:
        if read is not None and read.parser_exc is not None and not self.over:
            self._broken(read, read.parser_exc)
        return Passed(b"".join(self._client.data_to_send()), b"".join(self._upstream.data_to_send()))

    def _broken(self, read: Protocol, trouble: Exception) -> None:
        """One side spoke no proper WebSocket, and was told so already."""
        self.over = True
        other = self._client if read is self._upstream else self._upstream
        code = "upstream_garbage" if read is self._upstream else "malformed_request"
        self.fault = Fault(code, f"The connection's messages could not be read: {trouble}. Make another one.")
        _leave(other, CloseCode.INTERNAL_ERROR if other is self._client else CloseCode.NORMAL_CLOSURE, "")


def _say(side: Protocol, message: bytes) -> None:
    if side.state is OPEN:
        side.send_text(message)


def _leave(side: Protocol, code: int, reason: str) -> None:
    try:
        if side.state is OPEN:
            side.send_close(code, reason.encode()[:_LONGEST_REASON].decode(errors="ignore"))
    except InvalidState:
        return
