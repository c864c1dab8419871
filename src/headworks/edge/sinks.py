"""Replies onto the wire: the two ways in which an answer is written.

whole     kept until its end, so that its length and the headers that depend on the outcome can stand in its head
stream    written as it comes: head and first frames in one piece, then a chunk for each frame

A broken answer never looks complete: it ends in an error event, or the connection is cut.
"""

from __future__ import annotations

from headworks.domain.errors import FAULTS, Fault
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Frame, Reply
from headworks.edge.framing import framing_for
from headworks.edge.heads import STREAM, head
from headworks.edge.websocket import granted
from headworks.edge.writer import AnswerWriter

_GOOD = (Ending.FINISHED, Ending.REFUSED)
_TOLD = (Ending.SEVERED, Ending.CANCELLED)
"""Endings of a stream whose source has pushed an error event as its last frame."""
_COMMENT = b":\n\n"
"""A line that clients of an event stream skip."""


class WholeSink:
    """One per whole reply."""

    __slots__ = ("_pieces", "_reply", "_writer")

    def __init__(self, writer: AnswerWriter, reply: Reply) -> None:
        self._writer = writer
        self._reply = reply
        self._pieces: list[bytes] = []

    def on_frame(self, frame: Frame) -> None:
        """Keep it."""
        self._pieces.append(frame.raw)

    def on_end(self, outcome: Outcome) -> None:
        """The record is written: now the answer may leave."""
        writer, reply, pieces = self._writer, self._reply, self._pieces
        if outcome.ending in _GOOD:
            try:
                writer.answer(reply.status, reply.headers, pieces[0] if len(pieces) == 1 else b"".join(pieces))
            except Exception as trouble:  # noqa: BLE001 - raised into the source, it would leave the client hanging
                writer.failed(trouble)
        elif outcome.ending is not Ending.CLIENT_GONE:
            writer.refuse(writer.given_up or _broken(outcome))


class StreamSink:
    """One per streamed reply. `begin` is called right after the reply has been started: until then frames wait for the head."""

    __slots__ = ("_framing", "_last", "_outcome", "_reply", "_waiting", "_wrap", "_write", "_writer")

    def __init__(self, writer: AnswerWriter, reply: Reply) -> None:
        self._writer = writer
        self._reply = reply
        self._framing = framing_for(writer.request, reply.length)
        self._wrap = self._framing.wrap
        self._write = writer.write
        self._waiting: list[bytes] | None = []
        self._outcome: Outcome | None = None
        self._last = b""

    def on_frame(self, frame: Frame) -> None:
        """Write it."""
        raw = frame.raw
        if not raw:
            return
        self._last = raw
        if self._waiting is None:
            self._write(self._wrap(raw))
        else:
            self._waiting.append(raw)

    def on_end(self, outcome: Outcome) -> None:
        """Write what says that it is over."""
        if self._waiting is None:
            self._close(outcome, b"")
        else:
            self._outcome = outcome

    def begin(self) -> None:
        """Write the head and what has come by now in one piece, the end included if it has come."""
        outcome = self._outcome
        if outcome is not None and not self._can_tell(outcome):
            self._writer.refuse(_broken(outcome))
            return
        waiting, self._waiting = self._waiting or [], None
        reply, framing = self._reply, self._framing
        lines = framing.header + self._writer.lines(keep=framing.keeps and self._writer.keep) + b"\r\n"
        start = head(reply.status, reply.headers, STREAM + lines if reply.stream else lines)
        start += b"".join([self._wrap(raw) for raw in waiting])
        if outcome is None:
            self._write(start)
        else:
            self._close(outcome, start)

    def probe(self) -> None:
        """Write something that means nothing, to learn whether the client is still there. Only between two events is there room for it."""
        if self._reply.stream and self._last.endswith(b"\n\n"):
            self._write(self._wrap(_COMMENT))

    def _close(self, outcome: Outcome, start: bytes) -> None:
        writer, framing = self._writer, self._framing
        if outcome.ending is Ending.CLIENT_GONE:
            return
        if not self._can_tell(outcome):
            writer.abort()
            return
        if writer.given_up is not None:
            start += self._wrap(writer.error_event(writer.given_up))
        writer.write(start + framing.end)
        writer.done(keep=outcome.ending in _GOOD)

    def _can_tell(self, outcome: Outcome) -> bool:
        return outcome.ending in _GOOD or (self._reply.stream and outcome.ending in _TOLD)


class DuplexSink:
    """One per conversation: the head that switches, then bytes as they come. `begin` is called right after the reply has been started."""

    __slots__ = ("_reply", "_waiting", "_writer")

    def __init__(self, writer: AnswerWriter, reply: Reply) -> None:
        self._writer = writer
        self._reply = reply
        self._waiting: list[bytes] | None = []

    def on_frame(self, frame: Frame) -> None:
        """Write it, unless nobody is there to read it."""
        if self._waiting is None:
            if not self._writer.over:
                self._writer.write(frame.raw)
        else:
            self._waiting.append(frame.raw)

    def on_end(self, outcome: Outcome) -> None:
        """All was said, the goodbye too."""
        if outcome.ending is not Ending.CLIENT_GONE:
            self.begin()
            self._writer.done(keep=False)

    def begin(self) -> None:
        """Write the head and what has come by now."""
        if self._waiting is None:
            return
        waiting, self._waiting = self._waiting, None
        writer, reply = self._writer, self._reply
        lines = writer.lines(keep=True) + granted(writer.request) + b"\r\n"
        writer.write(head(reply.status, reply.headers, lines) + b"".join(waiting))


def _broken(outcome: Outcome) -> Fault:
    code = outcome.fault if outcome.fault in FAULTS else "upstream_error"
    return Fault(code, "The model's answer broke off before it was complete. Try again.")
