"""One connection to one origin, and the one exchange it may be carrying. Push: bytes go from `data_received` to the receiver."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf
from typing import Protocol, cast

from headworks.domain.body import BodySource
from headworks.domain.errors import Fault
from headworks.domain.target import Origin, Timeouts
from headworks.ports.upstream import Receiver
from headworks.transport import faults
from headworks.transport.answer import NOBODY, AnswerReader
from headworks.transport.dialled import Dialled
from headworks.transport.flow import PIECE, Flow
from headworks.transport.inflate import Inflater
from headworks.transport.line import Line
from headworks.transport.wheel import NEVER, Complain, Now, Wheel

FIRST_REFUSAL = 300
STALE_SECONDS = 0.2
"""How long after the first byte was sent a kept connection's end still means that it had been closed before: a round trip, hardly
more. Whoever closes later may have worked on the request, and billed it: that it is asked again must be seen, so it is a fault.
"""


class Home(Protocol):
    """The pool, as far as a connection needs it."""

    origin: Origin
    idle_seconds: float

    def give_back(self, connection: Connection | None) -> None:
        """An exchange has ended. None: its connection is not to be used again."""
        ...

    def forget(self, connection: Connection) -> None:
        """Closed."""
        ...

    def start_over(self, line: Line) -> None:
        """The connection was stale: send the request once more, on a fresh one."""
        ...


class Connection(Dialled):
    """Made by a pool and connected by the dialer. Idle (in the pool) → `begin` → carrying a line → idle, or closed for good.

    It is also its own timer: on the wheel from its first exchange to its end, at a time no later than any deadline it could have, so
    that an exchange costs no timer of its own.
    """

    __slots__ = (
        "_absolute",
        "_begun_at",
        "_complain",
        "_flow",
        "_heard",
        "_home",
        "_line",
        "_now",
        "_patience",
        "_raw",
        "_reader",
        "_sent_at",
        "_timeouts",
        "_transport",
        "_wheel",
        "_write_paused",
        "born",
        "closed",
        "due",
        "freed_at",
        "served",
        "visit",
    )

    def __init__(self, home: Home, wheel: Wheel, now: Now, complain: Complain) -> None:
        self._home = home
        self._wheel = wheel
        self._now = now
        self._complain = complain
        self._reader = AnswerReader(str(home.origin), self._decode)
        self._transport: asyncio.Transport | None = None
        self._raw: asyncio.Transport | None = None
        self._line: Line | None = None
        self._flow: Flow | None = None
        self._timeouts: Timeouts | None = None
        self._patience = 0.0
        self._write_paused = False
        self._heard = self._sent_at = self._begun_at = self.born = self.freed_at = now()
        self._absolute: tuple[bytes, bytes] | None = None
        self.closed = False
        self.due = self.visit = NEVER
        self.served = 0

    # ── The dialer calls these ───────────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP stands."""
        self._transport = self._raw = cast("asyncio.Transport", transport)  # uvloop's are none by inheritance

    def ready(self, transport: asyncio.Transport, raw: asyncio.Transport) -> None:
        """All layers stand. `raw` is the TCP under `transport`: reading is paused there, where the peer's end can't overtake its data."""
        self._transport = transport
        self._raw = raw
        if self.closed:
            raw.abort()

    def through_proxy(self, origin: bytes, authorization: bytes) -> None:
        """A plain forward proxy relays our requests: it wants `origin` before the path, and `authorization` (a header line, or nothing)."""
        self._absolute = (origin, authorization)
        self._reader.proxied = True

    # ── The pool and the line call these ─────────────────────────────────────────────────────────────────────────────────

    def begin(self, line: Line, now: float) -> None:
        """Send the line's request and push its answer. What `on_sent` raises goes to the caller, and nothing has been sent."""
        request = line.request
        self._line = line
        self._heard = self._sent_at = self._begun_at = now
        line.wire = self
        self._reader.expect(line.tail, request.head, request.max_head_bytes)
        if request.timeouts is not self._timeouts:
            self._learn(request.timeouts)
        if self.due > now + self._patience or self.due > line.total_at:
            self._wheel.watch(self, min(now + self._patience, line.total_at))
        try:
            line.tail.on_sent()
        except BaseException:
            if self._line is line:
                self._line = line.wire = None
                self.freed_at = now
                self._home.give_back(self)
            raise
        if self._line is line:
            self._send(request.head, request.body)
            if line.backlog is not None:
                self.hold(line.backlog)

    def hold(self, backlog: Receiver) -> None:
        """Read no more; what the current read still holds goes to `backlog`."""
        self._reader.sink = backlog
        if self._raw is not None:
            self._raw.pause_reading()

    def go_on(self, sink: Receiver) -> None:
        """Read on. The server is not to blame for the silence so far."""
        self._reader.sink = sink
        self._heard = self._now()
        if not self._reader.begun:
            self._sent_at = self._heard
        if self._raw is not None:
            self._raw.resume_reading()

    def abandon(self) -> None:
        """The answer is not wanted: close, so that the server stops making it."""
        self._line = None
        self.close()
        self._home.give_back(None)

    def close(self) -> None:
        """For good, at once. Idempotent."""
        if self.closed:
            return
        self.closed = True
        self._reader.sink = NOBODY
        self._flow = None
        self._wheel.forget(self)
        self._home.forget(self)
        if self._transport is not None:
            self._transport.abort()
        if self._raw is not None and self._raw is not self._transport:
            self._raw.abort()

    def shut(self, fault: Fault) -> None:
        """Close, and tell whoever is waiting for an answer."""
        if self._line is not None:
            self._line.fail(fault)
        else:
            self.close()

    # ── The loop calls these ─────────────────────────────────────────────────────────────────────────────────────────────

    def data_received(self, data: bytes) -> None:
        """Bytes of the answer. On an idle connection nothing can be meant for us."""
        line = self._line
        if line is None:
            self.close()
            return
        self._heard = self._now()
        reader = self._reader
        fault = trouble_in(reader.feed, data, self._complain)
        if fault is not None:
            self._fail(line, fault)
        else:
            if self._flow is not None and reader.status >= FIRST_REFUSAL:
                self._flow.stop()
            if reader.complete and self._line is line:
                self._finish(line)

    def eof_received(self) -> None:
        """The server's end, properly announced (over TLS too: without close_notify this is not called)."""
        self._end(None, complete=self._reader.ends_with_connection())

    def connection_lost(self, exc: Exception | None) -> None:
        """The end, announced or not."""
        self._end(exc, complete=False)
        self._reader.close()

    def pause_writing(self) -> None:
        """The server takes the request more slowly than it could be sent."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """It has taken most of what it was given."""
        self._write_paused = False
        self._pump()

    # ── The wheel calls this ─────────────────────────────────────────────────────────────────────────────────────────────

    def on_time(self, now: float) -> float | None:
        """Look whether a deadline has passed, and say when the next one could."""
        line = self._line
        if line is None:
            due, code = self.freed_at + self._home.idle_seconds, ""
        else:
            due, code = self._deadline(line)
        if now < due:
            return due if line is None else min(due, now + line.request.timeouts.idle)
        if line is None:
            self.close()
        else:
            line.fail(faults.timed_out(code, str(self._home.origin), line.request.timeouts))
        return None

    # ── Within ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _deadline(self, line: Line) -> tuple[float, str]:
        timeouts = line.request.timeouts
        if line.paused or (self._flow is not None and self._flow.waiting):
            due, code = inf, ""
        elif self._reader.begun:
            due, code = self._heard + timeouts.idle, "idle_timeout"
        else:
            due, code = self._sent_at + timeouts.first_byte, "first_byte_timeout"
        return (due, code) if due < line.total_at else (line.total_at, "total_timeout")

    def _learn(self, timeouts: Timeouts) -> None:
        """Requests to one origin mostly share their timeouts: the shortest is found once."""
        self._timeouts = timeouts
        self._patience = min(timeouts.first_byte, timeouts.idle, timeouts.total)

    def _send(self, head: bytes, body: bytes | BodySource) -> None:
        transport = self._transport
        assert transport is not None
        if self._absolute is not None:
            head = absolute_form(head, *self._absolute)
        if isinstance(body, bytes) and len(body) <= PIECE:
            transport.write(head + body)  # one piece: cheaper than a gathering write
        else:
            transport.write(head)
            self._flow = Flow(body, self._pump)
            self._pump()

    def _pump(self) -> None:
        """Send what there is of a body that is not sent at once."""
        transport, flow, line = self._transport, self._flow, self._line
        if transport is None or flow is None or line is None:
            return
        try:
            while not self._write_paused and (piece := flow.next()):
                transport.write(piece)
        except Fault as fault:
            line.fail(fault)
        self._sent_at = self._now()

    def _decode(self, coding: bytes) -> None:
        line = self._line
        if line is not None:
            self._reader.sink = line.interpose(Inflater(line, line.tail, coding, str(self._home.origin)))

    def _finish(self, line: Line) -> None:
        """The answer is complete: let go of it first, so that whoever hears of it can use the connection again."""
        reader = self._reader
        sink, reader.sink = reader.sink, NOBODY
        self._line = None
        if line.paused and self._raw is not None:
            self._raw.resume_reading()
        line.let_go()
        self.served += 1
        sent, self._flow = self._flow is None or self._flow.over, None
        if reader.reusable and sent:
            self.freed_at = self._heard
            self._home.give_back(self)
        else:
            self.close()
            self._home.give_back(None)
        sink.on_done()

    def _fail(self, line: Line, fault: Fault) -> None:
        """The answer can't be read on: what came before goes out first."""
        if self._line is not line:
            return
        sink = self._reader.sink
        self._line = None
        self.close()
        line.let_go()
        self._home.give_back(None)
        sink.on_fault(fault)

    def _end(self, error: Exception | None, *, complete: bool) -> None:
        line = self._line
        if line is None:
            self.close()
        elif complete:
            self._reader.reusable = False
            self._finish(line)
        elif self._is_stale():
            self._line = line.wire = None
            self.close()
            self._home.start_over(line)
        else:
            self._fail(line, faults.lost(str(self._home.origin), error, begun=self._reader.begun))

    def _is_stale(self) -> bool:
        # A fresh connection has served nobody, so that a request is sent again only once.
        young = self.served > 0 and self._reader.silent and self._now() - self._begun_at <= STALE_SECONDS
        return young and (self._flow is None or self._flow.rewind())


def trouble_in(take: Callable[[bytes], None], data: bytes, complain: Complain) -> Fault | None:
    """Let somebody take what has come. What goes wrong, a bug of the taker's too, must end the exchange, and is answered here."""
    try:
        take(data)
    except Fault as fault:
        return fault
    except Exception as trouble:  # noqa: BLE001 - a receiver's bug must not leave the exchange without an ending
        complain(trouble)
        return faults.internal_error()
    return None


def absolute_form(head: bytes, origin: bytes, authorization: bytes) -> bytes:
    """A request as a plain forward proxy wants it."""
    method, _, rest = head.partition(b" ")
    line, _, headers = rest.partition(b"\r\n")
    return b"".join((method, b" ", origin, line, b"\r\n", authorization, headers))
