"""The answer to one request, as bytes: its head, its error forms, and whether another may follow."""

from __future__ import annotations

from typing import Protocol

from headworks.domain.call import Tally
from headworks.domain.errors import Fault
from headworks.domain.reply import Duplex, HeaderList
from headworks.domain.snapshot import Cors
from headworks.edge import answers
from headworks.edge.guarded import went_well
from headworks.edge.heads import CLOSE, KEEP, head
from headworks.edge.ids import exchange_id
from headworks.edge.reception import WrongMethod
from headworks.edge.request import Request
from headworks.edge.routes import OPENAI, Front
from headworks.edge.standings import told
from headworks.edge.state import ServerState

LARGE = 262_144
"""Bytes of a body that would cost more to copy behind its head than a second system call."""
_NO_LENGTH = (204, 304)


class Line(Protocol):
    """The connection, as who answers on it sees it."""

    peer: str
    certificate: bytes
    slow: bool
    """The client does not keep up: what is written waits in memory."""

    def write(self, data: bytes) -> None:
        """Send."""
        ...

    def read_on(self) -> None:
        """The body is wanted: read without bound."""
        ...

    def switch(self, duplex: Duplex) -> None:
        """From now on what the client sends is `duplex`'s."""
        ...

    def finished(self, *, keep: bool) -> None:
        """The answer is complete: turn to the next request, or close."""
        ...

    def abort(self) -> None:
        """Close at once, so that nobody takes what was sent for a complete answer."""
        ...


class AnswerWriter:
    """One per request. Unless the client goes first, it ends by telling its line `finished` or `abort`, once."""

    front: Front = OPENAI
    """The client's dialect, as far as it is known."""
    answered: bool = False
    """The head is written."""
    over: bool = False
    """Nothing of the answer remains to be written."""
    given_up: Fault | None = None
    """Why the edge itself has put an end to it."""
    tally: Tally | None = None
    """What its journey has come to, if it is on one."""
    _kept: bool = False
    """What the head says about another request."""

    def __init__(self, line: Line, request: Request, state: ServerState, cors: Cors) -> None:
        self._line = line
        self._state = state
        self._cors = cors
        self.write = line.write
        self.request = request
        clock = state.door.clock
        self.at, self.began = clock.wall_ns(), clock.now()
        """When its turn came, by both clocks. Read in one breath: a record tells later instants as `at` and what has passed since `began`,
        and whatever held the process up in between would move them all.
        """
        self.id = exchange_id(self.at, state.door.chance)

    @property
    def keep(self) -> bool:
        """Whether another request may follow on this connection."""
        return self.request.keep_alive and self.request.body.complete and not self._state.draining

    def lines(self, *, keep: bool) -> bytes:
        """The header lines that every answer has."""
        self.answered = True
        self._kept = keep
        name = self.id.encode()
        lines = b"%bx-request-id: %b\r\n" % (self._state.date, name)
        if self.front.id_header:
            lines += b"%b: %b\r\n" % (self.front.id_header, name)
        if self.tally is not None and self.tally.standings:
            lines += told(self.tally.standings, self.front, self.at)
        if self._cors.origins:
            lines += self._state.rules(self._cors).lines(self.request.headers)
        if not keep:
            return lines + CLOSE
        return lines if self.request.modern else lines + KEEP

    def answer(self, status: int, headers: HeaderList, body: bytes) -> None:
        """Write a whole answer and be done."""
        keep = self.keep
        lines = self.lines(keep=keep)
        size = len(body)
        if self.request.method == b"HEAD":
            body = b""
        length = b"" if status in _NO_LENGTH else b"content-length: %d\r\n" % size
        if size > LARGE:
            self.write(head(status, headers, b"%b%b\r\n" % (lines, length)))
            self.write(body)
        else:
            self.write(head(status, headers, b"%b%b\r\n%b" % (lines, length, body)))
        self.over = True
        self._line.finished(keep=keep)

    def refuse(self, fault: Fault) -> None:
        """Write a fault as the whole answer and be done. If even that goes wrong, the connection is cut: nobody is left hanging."""
        if not went_well(self._state.door.complain, self._refuse, fault) and not self.over:
            self.abort()

    def failed(self, trouble: Exception) -> None:
        """The answer could not be written: cut the connection."""
        self._state.door.complain(trouble)
        if not self.over:
            self.abort()

    def error_event(self, fault: Fault) -> bytes:
        """A fault as the last event of a stream."""
        return answers.error_event(fault, self.front, self.id, self._state.door)

    def done(self, *, keep: bool) -> None:
        """The answer is complete."""
        self.over = True
        self._line.finished(keep=keep and self._kept and self.keep)

    def abort(self) -> None:
        """The answer is broken and cannot say so: cut the connection."""
        self.over = True
        self._line.abort()

    def _refuse(self, fault: Fault) -> None:
        answer = answers.of_fault(fault, self.front, self.id, self._state.door)
        if isinstance(fault, WrongMethod):
            answer.headers.append((b"allow", fault.allow))
        self.answer(answer.status, answer.headers, answer.body)
