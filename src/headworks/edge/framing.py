"""How the body of an answer whose length is not known is told to end."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from headworks.edge.request import Request


class Framing(msgspec.Struct, frozen=True):
    """`header` announces it, `wrap` makes a piece of the body into bytes of the wire, `end` follows the last one."""

    header: bytes
    wrap: Callable[[bytes], bytes]
    end: bytes
    keeps: bool = True
    """Another answer can follow on the connection."""


def chunk(piece: bytes) -> bytes:
    """One chunk. The piece must not be empty: an empty chunk means the end."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def _plain(piece: bytes) -> bytes:
    return piece


def _nothing(_piece: bytes) -> bytes:
    return b""


CHUNKED = Framing(b"transfer-encoding: chunked\r\n", chunk, b"0\r\n\r\n")
UNTIL_CLOSED = Framing(b"", _plain, b"", keeps=False)
"""What HTTP/1.0 knows: the end of the connection is the end of the answer."""
HEAD_ONLY = Framing(b"transfer-encoding: chunked\r\n", _nothing, b"")
"""The answer to HEAD says how a body would end and has none."""


def framing_for(request: Request, length: int | None = None) -> Framing:
    """How an answer to `request` is framed, whose body has `length` bytes if that is known."""
    if request.method == b"HEAD":
        return HEAD_ONLY
    if length is not None:
        return Framing(b"content-length: %d\r\n" % length, _plain, b"")
    return CHUNKED if request.modern else UNTIL_CLOSED
