"""How a request leaves the house and how its answer comes in: pushed, not pulled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from headworks.domain.body import BodySource
from headworks.domain.errors import Fault
from headworks.domain.target import Origin, Timeouts


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One request, ready for the wire. `head` is everything before the body: request line, headers, content-length, blank line.

    A body that is taken piece by piece and has no length goes in chunks: then the head says so.
    """

    origin: Origin
    head: bytes
    body: bytes | BodySource
    timeouts: Timeouts = Timeouts()
    max_connections: int = 1024
    """To this origin."""
    max_head_bytes: int = 65_536


class Receiver(Protocol):
    """Takes one answer. All calls are synchronous and come in this order: `on_sent`? `on_head`? `on_body`* then one of `on_done`, `on_fault`.

    No call comes after `Line.cancel`.
    """

    def on_sent(self) -> None:
        """The first byte of the request is about to leave. May come again when a stale connection made the transport start over."""
        ...

    def on_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Status and headers (names lower-case). Interim 1xx answers are not shown."""
        ...

    def on_body(self, data: bytes) -> None:
        """A piece of the body, transfer coding removed."""
        ...

    def on_done(self) -> None:
        """The body ended as its framing says."""
        ...

    def on_fault(self, fault: Fault) -> None:
        """It ended otherwise: a fault of kind Unreachable, Broken or Severed (after the head)."""
        ...


class Line(Protocol):
    """The connection's side of one exchange. It is a `domain.reply.Source`."""

    def pause(self) -> None:
        """Read no more from the upstream for now."""
        ...

    def resume(self) -> None:
        """Read on."""
        ...

    def cancel(self) -> None:
        """Forget it: the connection is closed unless its answer was complete. Idempotent."""
        ...


class SwitchedLine(Line, Protocol):
    """A line of which both sides are to be written on, once the upstream has switched protocols (its head is a 101)."""

    def send(self, data: bytes) -> None:
        """Bytes for the upstream. Never waits: see `on_slow`."""
        ...

    def on_slow(self, step: Callable[[bool], None]) -> None:
        """Tell `step` when the upstream does not keep up with what is sent, and when it does again."""
        ...


class Upstream(Protocol):
    """The world outside."""

    async def switch(self, request: Outgoing, receiver: Receiver) -> SwitchedLine:
        """As `open`, for a request that asks for another protocol. After a 101 `on_body` gets what comes, as it comes, and `on_done` tells
        that the upstream has closed. What else it answers comes as usual.
        """
        ...

    async def open(self, request: Outgoing, receiver: Receiver) -> Line:
        """Get a connection, send the request, return while the answer is coming to `receiver`.

        Raises `Fault` (Unreachable) when no connection could be had. Cancelling it leaves nothing behind.
        """
        ...
