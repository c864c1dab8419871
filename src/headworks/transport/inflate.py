"""Undoes a content coding that nobody asked for: we send `accept-encoding: identity`, and some servers compress all the same.

Bounded: output comes in small pieces and stops when the taker pauses, and an answer that grows out of all proportion is refused.
"""

from __future__ import annotations

import zlib
from functools import partial

from headworks.domain.errors import Fault
from headworks.ports.upstream import Receiver
from headworks.transport.faults import garbage
from headworks.transport.line import Line

PIECE = 65_536
"""Largest piece that is handed on, bytes."""
ALLOWANCE = 1_048_576
"""Bytes that may come out however little went in."""
LARGEST_RATIO = 200
"""Beyond the allowance: bytes out for each byte in. JSON and text reach 10 to 30; only a bomb comes near zlib's 1032."""

_ZLIB_OR_GZIP = zlib.MAX_WBITS | 32
CODINGS = frozenset({b"gzip", b"x-gzip", b"deflate"})


class Inflater:
    """Stands before the receiver of one line."""

    __slots__ = ("_came", "_gave", "_line", "_receiver", "_where", "_zlib")

    def __init__(self, line: Line, receiver: Receiver, coding: bytes, where: str) -> None:
        """Raises `Fault` `upstream_garbage` for a coding that can't be undone."""
        if coding not in CODINGS:
            name = coding[:20].decode("ascii", "replace")
            raise garbage(where, f"a content coding ({name}) that was not asked for and is not known here")
        self._line = line
        self._receiver = receiver
        self._where = where
        self._zlib = zlib.decompressobj(_ZLIB_OR_GZIP)
        self._came = 0
        self._gave = 0

    def on_sent(self) -> None:
        """Handed on."""
        self._receiver.on_sent()

    def on_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Handed on."""
        self._receiver.on_head(status, headers)

    def on_body(self, data: bytes) -> None:
        """Inflate and hand on."""
        self._came += len(data)
        self._pour(data)

    def on_done(self) -> None:
        """A clean end only if the compressed stream has ended too."""
        if self._came and not self._zlib.eof:
            self._fail(Fault("severed", f"{self._where} ended its compressed answer too early. Asking again may help."))
        else:
            self._receiver.on_done()

    def on_fault(self, fault: Fault) -> None:
        """Handed on."""
        self._receiver.on_fault(fault)

    def _pour(self, data: bytes) -> None:
        more = True
        while more and self._line.tail is self:
            if self._line.paused and self._line.backlog is not None:
                self._line.backlog.calls.appendleft(partial(self._pour, data))
                return
            try:
                piece = self._zlib.decompress(data, PIECE)
            except zlib.error as error:
                self._fail(garbage(self._where, f"a compressed body that can't be read ({error})"))
                return
            if self._zlib.unused_data:
                self._fail(garbage(self._where, "a compressed body with bytes after its end"))
                return
            data = self._zlib.unconsumed_tail
            more = bool(data) or len(piece) == PIECE
            self._give(piece)

    def _give(self, piece: bytes) -> None:
        self._gave += len(piece)
        if self._gave > ALLOWANCE and self._gave > LARGEST_RATIO * self._came:
            self._fail(garbage(self._where, f"a compressed body that grows more than {LARGEST_RATIO}-fold"))
        elif piece:
            self._receiver.on_body(piece)

    def _fail(self, fault: Fault) -> None:
        self._line.cancel()
        self._receiver.on_fault(fault)
