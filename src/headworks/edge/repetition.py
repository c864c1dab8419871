"""A client on a kept connection says the same head again and again; only the length of the body changes.

What was read and approved once need not be read again: a request whose bytes equal those of the connection's last one, but for the
digits of its content-length, and whose body came whole with it, is that request with another body. Everything else goes to the parser.
"""

from __future__ import annotations

from headworks.edge.body import IncomingBody
from headworks.edge.request import Request

_END = b"\r\n\r\n"
_LENGTH = b"\ncontent-length:"
_DIGITS = 10
"""More than any body that is accepted needs."""


class Repetition:
    """The last head of one connection, in two parts: before the digits of its content-length, and behind them."""

    __slots__ = ("_before", "_behind", "_head", "_max_body")

    def __init__(self, head: Request, before: bytes, behind: bytes, max_body: int) -> None:
        """`head` is a request without its body."""
        self._head = head
        self._before = before
        self._behind = behind
        self._max_body = max_body

    @classmethod
    def of(cls, request: Request, data: bytes, max_body: int) -> Repetition | None:
        """What to expect after `request`, which the parser has read from exactly `data`. None where it is nothing usual."""
        head, end, body = data.partition(_END)
        at = head.lower().find(_LENGTH) + len(_LENGTH)
        if not end or at < len(_LENGTH) or not request.keep_alive or request.expects or request.body.size != len(body):
            return None
        stop = head.find(b"\r", at)
        value = head[at:] if stop < 0 else head[at:stop]
        digits = value.strip()
        if value != b" " + digits:
            return None
        return cls(_headed_like(request, request.headers), head[: at + 1], head[at + 1 + len(digits) :] + end, max_body)

    def again(self, data: bytes) -> Request | None:
        """The request in `data`, if it is the same one with another body and nothing follows it."""
        before = self._before
        if not data.startswith(before):
            return None
        stop = data.find(b"\r", len(before), len(before) + _DIGITS)
        digits = data[len(before) : stop]
        if stop < 0 or not digits.isdigit() or not data.startswith(self._behind, stop):
            return None
        length, start = int(digits), stop + len(self._behind)
        if len(data) - start != length or length > self._max_body:
            return None
        request = _headed_like(self._head, {**self._head.headers, b"content-length": digits})
        request.body = IncomingBody.of(data[start:])
        return request


def _headed_like(known: Request, headers: dict[bytes, bytes]) -> Request:
    """The same head, nothing of the body."""
    request = Request()
    request.method = known.method
    request.target = known.target
    request.headers = headers
    request.repeated = known.repeated
    request.modern = known.modern
    request.keep_alive = known.keep_alive
    return request
