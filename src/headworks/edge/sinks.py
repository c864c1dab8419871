"""Replies onto the wire: the two ways in which an answer is written.

whole     kept until its end, so that its length and the headers that depend on the outcome can stand in its head
stream    written as it comes: head and first frames in one piece, then a chunk for each frame

A broken answer never looks complete: it ends in an error event, or the connection is cut.
"""

from __future__ import annotations

from typing import Protocol

from headworks.domain.errors import FAULTS, Fault
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Frame, HeaderList, Reply
from headworks.edge.framing import framing_for
from headworks.edge.heads import STREAM, head
from headworks.edge.request import Request

_GOOD = (Ending.FINISHED, Ending.REFUSED)
_TOLD = (Ending.SEVERED, Ending.CANCELLED)
"""Endings of a stream whose source has pushed an error event as its last frame."""
_COMMENT = b":\n\n"
"""A line that clients of an event stream skip."""


class Exit(Protocol):
    """What a sink needs of its responder."""

    request: Request
    given_up: Fault | None
    """Why the edge itself has put an end to the answer."""

    @property
    def keep(self) -> bool:
        """Whether another request may follow on this connection."""
        ...

    def lines(self, *, keep: bool) -> bytes:
        """The header lines that every answer has."""
        ...

    def write(self, data: bytes) -> None:
        """Send."""
        ...

    def answer(self, status: int, headers: HeaderList, body: bytes) -> None:
        """Write a whole answer and be done."""
        ...

    def refuse(self, fault: Fault) -> None:
        """Write a fault as the whole answer and be done."""
        ...

    def error_event(self, fault: Fault) -> bytes:
        """A fault as the last event of a stream."""
        ...

    def done(self, *, keep: bool) -> None:
        """The answer is complete."""
        ...

    def abort(self) -> None:
        """The answer is broken and cannot say so: cut the connection."""
        ...


class WholeSink:
    """One per whole reply."""

    __slots__ = ("_exit", "_pieces", "_reply")

    def __init__(self, way_out: Exit, reply: Reply) -> None:
        self._exit = way_out
        self._reply = reply
        self._pieces: list[bytes] = []

    def on_frame(self, frame: Frame) -> None:
        """Keep it."""
        self._pieces.append(frame.raw)

    def on_end(self, outcome: Outcome) -> None:
        """The record is written: now the answer may leave."""
        way_out, reply, pieces = self._exit, self._reply, self._pieces
        if outcome.ending in _GOOD:
            way_out.answer(reply.status, reply.headers, pieces[0] if len(pieces) == 1 else b"".join(pieces))
        elif outcome.ending is not Ending.CLIENT_GONE:
            way_out.refuse(way_out.given_up or _broken(outcome))

    def begin(self) -> None:
        """Nothing leaves before the end."""

    def probe(self) -> bool:
        """Nothing can be said before the answer."""
        return False


class StreamSink:
    """One per streamed reply. `begin` is called right after the reply has been started: until then frames wait for the head."""

    __slots__ = ("_exit", "_framing", "_last", "_outcome", "_reply", "_waiting", "_wrap", "_write")

    def __init__(self, way_out: Exit, reply: Reply) -> None:
        self._exit = way_out
        self._reply = reply
        self._framing = framing_for(way_out.request)
        self._wrap = self._framing.wrap
        self._write = way_out.write
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
            if outcome.ending is not Ending.CLIENT_GONE:
                self._exit.refuse(_broken(outcome))
            return
        waiting, self._waiting = self._waiting or [], None
        reply, framing = self._reply, self._framing
        lines = framing.header + self._exit.lines(keep=framing.keeps and self._exit.keep) + b"\r\n"
        start = head(reply.status, reply.headers, STREAM + lines if reply.stream else lines)
        start += b"".join([self._wrap(raw) for raw in waiting])
        if outcome is None:
            self._write(start)
        else:
            self._close(outcome, start)

    def probe(self) -> bool:
        """Write something that means nothing, to learn whether the client is still there. False where there is no place for it."""
        place = self._reply.stream and self._waiting is None and self._last.endswith(b"\n\n")
        if place:
            self._write(self._wrap(_COMMENT))
        return place

    def _close(self, outcome: Outcome, start: bytes) -> None:
        way_out, framing = self._exit, self._framing
        if outcome.ending is Ending.CLIENT_GONE:
            return
        if not self._can_tell(outcome):
            way_out.abort()
            return
        if way_out.given_up is not None:
            start += self._wrap(way_out.error_event(way_out.given_up))
        way_out.write(start + framing.end)
        way_out.done(keep=framing.keeps and outcome.ending in _GOOD)

    def _can_tell(self, outcome: Outcome) -> bool:
        return outcome.ending in _GOOD or (self._reply.stream and outcome.ending in _TOLD)


def _broken(outcome: Outcome) -> Fault:
    code = outcome.fault if outcome.fault in FAULTS else "upstream_error"
    return Fault(code, "The model's answer broke off before it was complete. Try again.")
