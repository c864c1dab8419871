"""Heads of answers as bytes: prebuilt lines, joined."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus

from headworks.domain.reply import HeaderList

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
STREAM = b"cache-control: no-cache\r\nx-accel-buffering: no\r\n"
CLOSE = b"connection: close\r\n"
KEEP = b"connection: keep-alive\r\n"
"""Said to HTTP/1.0 clients only: later ones take it for granted."""

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_OURS = frozenset(
    (
        b"access-control-allow-credentials",
        b"access-control-allow-origin",
        b"access-control-expose-headers",
        b"connection",
        b"content-length",
        b"date",
        b"keep-alive",
        b"request-id",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"x-request-id",
    )
)
"""Headers that the edge alone writes: what a stage or an upstream says of them is dropped."""

_NO_BREAKS = bytes.maketrans(b"\r\n\0", b"   ")


def head(status: int, headers: HeaderList, rest: bytes) -> bytes:
    """Status line, `headers` and then `rest`: lines of the edge's own, the blank line, perhaps a body."""
    lines = [b"%b: %b\r\n" % header for header in headers if header[0] not in _OURS]
    block = b"".join(lines)
    if block.count(b"\n") != len(lines) or block.count(b"\r") != len(lines) or b"\0" in block:
        block = b"".join([_unbroken(name, value) for name, value in headers if name not in _OURS])
    return b"".join((_STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status, block, rest))


def date_line(wall_ns: int) -> bytes:
    """The `date` header for an instant."""
    return f"date: {formatdate(wall_ns / 1e9, usegmt=True)}\r\n".encode()


def _unbroken(name: bytes, value: bytes) -> bytes:
    """A header whose value holds a line break would become two: it keeps its words and loses the break."""
    return b"%b: %b\r\n" % (name.translate(_NO_BREAKS), value.translate(_NO_BREAKS))
