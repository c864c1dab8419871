"""One exchange as its taker holds it: what is paused, resumed and cancelled. It outlives the connection's interest in it.

While the taker is paused, what the last read still holds waits in a backlog, so that no call comes after `pause`; the connection
reads nothing more, so the backlog is bounded by one read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Protocol

from headworks.domain.errors import Fault
from headworks.ports.upstream import Outgoing, Receiver
from headworks.transport.answer import NOBODY


class Wire(Protocol):
    """A connection, as far as a line needs it."""

    def hold(self, backlog: Receiver) -> None:
        """Stop reading; what is still to come goes to `backlog`."""
        ...

    def go_on(self, sink: Receiver) -> None:
        """Read on, into `sink`."""
        ...

    def abandon(self) -> None:
        """Close: the answer is not wanted."""
        ...


class Backlog:
    """A receiver that keeps the calls for the one behind it."""

    __slots__ = ("calls", "draining", "tail")

    def __init__(self, tail: Receiver) -> None:
        self.calls: deque[Callable[[], None]] = deque()
        self.tail = tail
        self.draining = False

    def on_sent(self) -> None:
        """Not kept: it tells of now."""
        self.tail.on_sent()

    def on_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Keep it."""
        self.calls.append(partial(self.tail.on_head, status, headers))

    def on_body(self, data: bytes) -> None:
        """Keep it."""
        self.calls.append(partial(self.tail.on_body, data))

    def on_done(self) -> None:
        """Keep it."""
        self.calls.append(self.tail.on_done)

    def on_fault(self, fault: Fault) -> None:
        """Keep it."""
        self.calls.append(partial(self.tail.on_fault, fault))


class Line:
    """The `Line` of one `open`. Belongs to the loop. `tail` is the receiver, or what stands before it to undo a content coding.

    `wire` is the connection while there is one, `retry` the task that looks for another after a stale one. `backlog` is there from a
    `pause` until a `resume` has delivered everything in it.
    """

    __slots__ = ("backlog", "paused", "request", "retry", "tail", "total_at", "wire")

    def __init__(self, request: Outgoing, receiver: Receiver, now: float) -> None:
        self.request = request
        self.tail = receiver
        self.total_at = now + request.timeouts.total
        self.wire: Wire | None = None
        self.backlog: Backlog | None = None
        self.retry: asyncio.Task[None] | None = None
        self.paused = False

    def pause(self) -> None:
        """Nothing more comes until `resume`."""
        if self.tail is NOBODY:
            return
        self.paused = True
        if self.backlog is None:
            self.backlog = Backlog(self.tail)
            if self.wire is not None:
                self.wire.hold(self.backlog)

    def resume(self) -> None:
        """What has waited is delivered before this returns, unless the taker pauses again; then reading goes on."""
        if not self.paused:
            return
        self.paused = False
        backlog = self.backlog
        assert backlog is not None
        if not backlog.draining and self._drain(backlog):
            self.backlog = None
            if self.wire is not None:
                self.wire.go_on(self.tail)

    def cancel(self) -> None:
        """Close the connection unless the answer was complete. No call comes after this."""
        self.tail = NOBODY
        if self.backlog is not None:
            self.backlog.calls.clear()
        wire, self.wire = self.wire, None
        if wire is not None:
            wire.abandon()
        elif self.retry is not None:
            self.retry.cancel()

    def fail(self, fault: Fault) -> None:
        """End at once: what waits in the backlog is dropped. Nothing happens after `cancel`."""
        tail = self.tail
        self.cancel()
        tail.on_fault(fault)

    def let_go(self) -> None:
        """The connection's: the answer has come to its end. The receiver holds on to us; we must not hold on to it for ever."""
        self.wire = None
        if self.backlog is None:
            self.tail = NOBODY

    def interpose(self, tail: Receiver) -> Receiver:
        """Put `tail` before the receiver. Answers where the connection shall push now."""
        self.tail = tail
        if self.backlog is None:
            return tail
        self.backlog.tail = tail
        return self.backlog

    def _drain(self, backlog: Backlog) -> bool:
        """Whether all that waited was delivered."""
        backlog.draining = True
        try:
            while backlog.calls and not self.paused:
                backlog.calls.popleft()()
        finally:
            backlog.draining = False
        return not self.paused
