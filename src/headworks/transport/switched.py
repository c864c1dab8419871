"""A connection that changes its protocol: one request as HTTP, and after a 101 both sides write what they like."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from headworks.domain.errors import Fault
from headworks.ports.upstream import Outgoing, Receiver
from headworks.transport import faults
from headworks.transport.answer import NOBODY, AnswerReader
from headworks.transport.connection import absolute_form, trouble_in
from headworks.transport.dialled import Dialled
from headworks.transport.line import Backlog
from headworks.transport.pool import Shared
from headworks.transport.wheel import NEVER

_SWITCHING = b"101"
LINGER = 5.0
"""Seconds that last words may take to leave."""
HIGH_WATER = 262_144
"""Bytes for a slow upstream from which on it is said to be slow."""
UNHEARD = 33_554_432
"""Bytes for an upstream that takes nothing, from which on it is given up. A client's largest message fits; then the client is made to wait,
and what comes beside it answers the upstream's own pings.
"""


class Switched(Dialled):
    """Implements `SwitchedLine`. Dialed for one request, closed with it. Belongs to the loop."""

    __slots__ = (
        "_absolute",
        "_backlog",
        "_complain",
        "_forget",
        "_head",
        "_now",
        "_paused",
        "_raw",
        "_reader",
        "_receiver",
        "_slow",
        "_switched",
        "_transport",
        "_wheel",
        "closed",
        "due",
        "request",
        "visit",
    )

    def __init__(self, request: Outgoing, receiver: Receiver, shared: Shared, forget: Callable[[Switched], None]) -> None:
        self.request = request
        self._receiver = receiver
        self._wheel = shared.wheel
        self._now = shared.now
        self._complain = shared.complain
        self._forget = forget
        self._reader = AnswerReader(str(request.origin), self._coded)
        self._head: bytes | None = b""
        """What has come of the answer's head; None once it is known to be no 101."""
        self._switched = False
        self._absolute: tuple[bytes, bytes] | None = None
        self._transport: asyncio.Transport | None = None
        self._raw: asyncio.Transport | None = None
        self._backlog: Backlog | None = None
        """There from a `pause` until a `resume` has delivered everything in it: no more is read as long."""
        self._paused = False
        self._slow: Callable[[bool], None] | None = None
        self.closed = False
        self.due = self.visit = NEVER

    # ── The dialer calls these ───────────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP stands."""
        self._transport = self._raw = cast("asyncio.Transport", transport)

    def ready(self, transport: asyncio.Transport, raw: asyncio.Transport) -> None:
        """All layers stand."""
        self._transport, self._raw = transport, raw
        if self.closed:
            raw.abort()

    def through_proxy(self, origin: bytes, authorization: bytes) -> None:
        """The request goes to a forward proxy."""
        self._absolute = (origin, authorization)
        self._reader.proxied = True

    # ── The upstream calls this ──────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, now: float) -> None:
        """Send the request. The head of the answer is waited for as long as a first byte."""
        request, transport = self.request, self._transport
        assert transport is not None
        transport.set_write_buffer_limits(high=HIGH_WATER)
        self._reader.expect(self._receiver, request.head, request.max_head_bytes)
        self._wheel.watch(self, now + request.timeouts.first_byte)
        self._receiver.on_sent()
        head = request.head if self._absolute is None else absolute_form(request.head, *self._absolute)
        assert isinstance(request.body, bytes)  # it asks for another protocol
        transport.write(head + request.body)

    # ── The taker calls these ────────────────────────────────────────────────────────────────────────────────────────────

    def send(self, data: bytes) -> None:
        """Bytes for the upstream."""
        if not self.closed and self._transport is not None:
            self._transport.write(data)

    def on_slow(self, step: Callable[[bool], None]) -> None:
        """Who is to stop sending for a while."""
        self._slow = step

    def pause(self) -> None:
        """Nothing more comes until `resume`."""
        self._paused = True
        if not self.closed and self._backlog is None:
            self._backlog = self._reader.sink = Backlog(self._receiver)
            if self._raw is not None:
                self._raw.pause_reading()

    def resume(self) -> None:
        """What has waited is delivered, unless the taker pauses again; then reading goes on."""
        self._paused = False
        backlog = self._backlog
        if backlog is None or backlog.draining:
            return
        backlog.draining = True
        try:
            while backlog.calls and not self._paused:
                backlog.calls.popleft()()
        finally:
            backlog.draining = False
        if not self._paused:
            self._read_on()

    def cancel(self) -> None:
        """Close, once what was sent has left. No call comes after this."""
        self._receiver = self._reader.sink = NOBODY
        if self._backlog is not None:
            self._backlog.calls.clear()
            self._backlog = None
        self._close(at_once=False)
        self._wheel.watch(self, self._now() + LINGER)

    def shut(self, fault: Fault) -> None:
        """Close at once, and tell whoever listens."""
        self._fail(fault)

    # ── The loop calls these ─────────────────────────────────────────────────────────────────────────────────────────────

    def data_received(self, data: bytes) -> None:
        """Bytes of the answer, or of what came after it."""
        fault = trouble_in(self._take, data, self._complain)
        if fault is not None:
            self._fail(fault)

    def connection_lost(self, exc: Exception | None) -> None:
        """The end."""
        self._wheel.forget(self)
        begun = self._switched or self._reader.begun
        if exc is None and (self._switched or self._reader.ends_with_connection()):
            self._finish()
        else:
            self._fail(faults.lost(str(self.request.origin), exc, begun=begun))
        self._reader.close()

    def pause_writing(self) -> None:
        """The upstream takes less than there is for it."""
        if self._slow is not None:
            self._slow(True)  # noqa: FBT003 - there is one thing to say

    def resume_writing(self) -> None:
        """It has caught up."""
        if self._slow is not None:
            self._slow(False)  # noqa: FBT003 - likewise

    # ── The wheel calls this ─────────────────────────────────────────────────────────────────────────────────────────────

    def on_time(self, now: float) -> None:  # noqa: ARG002 - what it came for is plain
        """No head in time, a refusal without an end, or last words that nobody takes."""
        if self.closed and self._transport is not None:
            self._transport.abort()
        else:
            code = "idle_timeout" if self._reader.begun else "first_byte_timeout"
            self._fail(faults.timed_out(code, str(self.request.origin), self.request.timeouts))

    # ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _sink(self) -> Receiver:
        return self._backlog or self._receiver

    def _read_on(self) -> None:
        self._backlog = None
        self._reader.sink = self._receiver
        if self._raw is not None and not self.closed:
            self._raw.resume_reading()

    def _take(self, data: bytes) -> None:
        if self._switched:
            assert self._transport is not None
            if self._transport.get_write_buffer_size() > UNHEARD:
                raise faults.deaf(str(self.request.origin))
            self._sink.on_body(data)
        elif self._head is None:
            self._read(data)
        else:
            self._look(self._head + data)

    def _look(self, come: bytes) -> None:
        """Whether the answer is a 101, as soon as that can be said."""
        status = come.partition(b"\r\n")[0].split(b" ")[1:2]
        if b"\r\n" in come and status != [_SWITCHING]:
            self._head = None
            self._read(come)
            return
        head, blank, rest = come.partition(b"\r\n\r\n")
        if len(head) > self.request.max_head_bytes:
            raise faults.garbage(str(self.request.origin), f"more than {self.request.max_head_bytes} bytes of headers")
        self._head = come
        if blank:
            self._head = b""
            self._switched = True
            self._wheel.forget(self)
            self._sink.on_head(101, _headers(head))
            if rest:
                self._sink.on_body(rest)

    def _read(self, data: bytes) -> None:
        """Of a refusal, all of which has to come within the time of one silence: it is small."""
        begun = self._reader.begun
        self._reader.feed(data)
        if self._reader.complete:
            self._finish()
        elif self._reader.begun and not begun:
            self._wheel.forget(self)
            self._wheel.watch(self, self._now() + self.request.timeouts.idle)

    def _coded(self, coding: bytes) -> None:
        raise faults.garbage(str(self.request.origin), f"a refusal in the coding {coding.decode('latin-1')[:20]}")

    def _finish(self) -> None:
        sink = self._sink
        self._receiver = NOBODY
        self._close(at_once=True)
        sink.on_done()

    def _fail(self, fault: Fault) -> None:
        sink = self._sink
        self._receiver = NOBODY
        self._close(at_once=True)
        sink.on_fault(fault)

    def _close(self, *, at_once: bool) -> None:
        if self.closed:
            return
        self.closed = True
        self._slow = None
        self._wheel.forget(self)
        self._forget(self)
        if self._transport is None:
            return
        if at_once:
            self._transport.abort()
        else:
            self._transport.close()


def _headers(head: bytes) -> list[tuple[bytes, bytes]]:
    """Of a head, names lower-case."""
    pairs = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return [(name.strip().lower(), value.strip()) for name, _, value in pairs]
