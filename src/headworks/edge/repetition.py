"""A client on a kept connection says the same head again and again; only the length of the body changes, and where the client is
itself a gateway, the key of whoever asks and the ids of the trace.

What was read and approved once need not be read again: a request whose bytes equal those of an earlier one on its connection, but for
the values of those few headers, and whose body came whole with it, is that request with these values and another body. Everything else
goes to the parser.
"""

from __future__ import annotations

import re

from headworks.domain.snapshot import EdgeSettings
from headworks.edge.body import IncomingBody
from headworks.edge.request import Request

_END = b"\r\n\r\n"
_LENGTH = b"content-length"
_VARYING = frozenset(
    (
        _LENGTH,
        b"api-key",
        b"authorization",
        b"idempotency-key",
        b"traceparent",
        b"x-api-key",
        b"x-client-request-id",
        b"x-goog-api-key",
        b"x-request-id",
    )
)
_LONGEST = 512
"""Bytes of a value that may vary."""
_DIGITS = 10
"""More than the length of any body that is accepted has."""
_plain = re.compile(rb"[!-~]+(?: [!-~]+)?").fullmatch
"""What no reader of headers could take for anything but itself."""


class Repetition:
    """A head that one connection has sent, cut where it may vary: each of the `cuts` is what stands before a value, and its name."""

    __slots__ = ("_behind", "_cuts", "_head", "_settings")

    def __init__(self, head: Request, cuts: list[tuple[bytes, bytes]], behind: bytes, settings: EdgeSettings) -> None:
        """`head` is a request without its body, `behind` the rest of its head after the last value that varies."""
        self._head = head
        self._cuts = cuts
        self._behind = behind
        self._settings = settings

    @classmethod
    def of(cls, request: Request, data: bytes, settings: EdgeSettings) -> Repetition | None:
        """What to expect after `request`, which the parser has read from exactly `data`. None where it is nothing usual."""
        head, end, body = data.partition(_END)
        if not end or not request.keep_alive or request.expects or request.repeated or request.body.size != len(body):
            return None
        if request.body.form is not None:
            return None
        cuts: list[tuple[bytes, bytes]] = []
        before = b""
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b": ")
            lower = name.lower()
            if lower in _VARYING and value == request.headers[lower]:
                cuts.append((before + name + b": ", lower))
                before = b"\r\n"
            else:
                before += line + b"\r\n"
        if all(name != _LENGTH for _, name in cuts):
            return None
        return cls(_headed_like(request, request.headers, IncomingBody()), cuts, before + b"\r\n", settings)

    def again(self, data: bytes) -> Request | None:
        """The request in `data`, if it is the same one with other values and another body, and nothing follows it."""
        headers = self._head.headers.copy()
        at = 0
        for before, name in self._cuts:
            if not data.startswith(before, at):
                return None
            at += len(before)
            stop = data.find(b"\r", at, at + _LONGEST)
            value = data[at:stop]
            if stop < 0 or not _plain(value):
                return None
            headers[name] = value
            at = stop
        if not data.startswith(self._behind, at):
            return None
        start = at + len(self._behind)
        digits, settings = headers[_LENGTH], self._settings
        if not digits.isdigit() or len(digits) > _DIGITS or start > settings.max_header_bytes:
            return None
        length = int(digits)
        if len(data) - start != length or length > settings.max_body_bytes:
            return None
        return _headed_like(self._head, headers, IncomingBody.of(data[start:]))


def _headed_like(known: Request, headers: dict[bytes, bytes], body: IncomingBody) -> Request:
    """The same head with other values and another body."""
    request = Request(headers, body)
    request.method = known.method
    request.target = known.target
    request.modern = known.modern
    request.keep_alive = known.keep_alive
    return request
