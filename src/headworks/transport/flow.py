"""A request's body that goes onto the wire piece by piece, as fast as the server takes it and no faster."""

from __future__ import annotations

from collections.abc import Callable

from headworks.domain.body import BodySource

PIECE = 131_072
"""Bytes that are handed to the socket at once; more follows when it has taken them."""
_END = b"0\r\n\r\n"
_NOTHING = b""


class Flow:
    """One per request that is sent so. Where the length is not known the body goes in chunks.

    `over` tells that all of it has been given out, `waiting` that there is nothing to send: whoever makes the body is slower than the server.
    """

    __slots__ = ("_ready", "_source", "_stopped", "over", "waiting")

    def __init__(self, body: bytes | BodySource, ready: Callable[[], None]) -> None:
        """`ready` is run when there is more after there was nothing."""
        self._source: BodySource = _Whole(body) if isinstance(body, bytes) else body
        self._ready = ready
        self._stopped = self.over = self.waiting = False

    def next(self) -> bytes | memoryview:
        """The next bytes of the wire: none while waiting, and at the end. Raises the `Fault` for which the rest will not come."""
        if self.over or self._stopped:
            return _NOTHING
        piece = self._source.take(PIECE)
        if piece is None:
            self.over = True
            return _END if self._source.length is None else _NOTHING
        self.waiting = not piece
        if not piece:
            self._source.on_more(self._ready)
            return _NOTHING
        return piece if self._source.length is not None else b"%x\r\n%b\r\n" % (len(piece), piece)

    def stop(self) -> None:
        """Send no more of it: the server has refused it before it had all."""
        self._stopped = True
        self.waiting = False

    def rewind(self) -> bool:
        """Whether it can be sent again. From then on it is as at its beginning."""
        return self._source.rewind()


class _Whole:
    """A `BodySource` of bytes that are there, too many to be handed over at once."""

    __slots__ = ("_body", "_rest", "length")
    content_type = b""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._rest = memoryview(body)
        self.length: int | None = len(body)

    def take(self, most: int) -> memoryview | None:
        piece, self._rest = self._rest[:most], self._rest[most:]
        return piece or None

    def on_more(self, step: Callable[[], None]) -> None:
        """Never: all is there."""

    def rewind(self) -> bool:
        self._rest = memoryview(self._body)
        return True
