"""A request to a target, as the wire wants it: the prebuilt start, what the caller sent along, a signature."""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

from headworks.domain.body import BodySource
from headworks.domain.call import Call
from headworks.domain.kind import BY_ID, UPLOADS, Kind
from headworks.domain.target import Target
from headworks.ports.interpreter import Interpreter, Prepared
from headworks.ports.upstream import Outgoing

_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}").fullmatch
"""W3C Trace Context: anything else is not passed on."""


def outgoing(call: Call, target: Target, interpreter: Interpreter, prepared: Prepared) -> Outgoing:
    """A request with a body: JSON, or the form that it is the fields of."""
    body = prepared.body
    if call.kind in UPLOADS:
        return _uploading(call, target, interpreter, body)
    return _framed(
        call, target, _lines(call, target, interpreter, body, prepared.kind), b"content-length: %d\r\n" % len(body), body
    )


def _uploading(call: Call, target: Target, interpreter: Interpreter, fields: bytes) -> Outgoing:
    """The heads of what may be a form say no content type."""
    form = call.body.form
    source = form.written(fields) if form is not None else None
    kind = b"application/json" if source is None else source.content_type
    length = len(fields) if source is None else source.length
    framing = b"transfer-encoding: chunked\r\n" if length is None else b"content-length: %d\r\n" % length
    lines = _lines(call, target, interpreter, fields if source is None else b"")
    return _framed(call, target, lines, b"content-type: %b\r\n%b" % (kind, framing), fields if source is None else source)


def opening(call: Call, target: Target, interpreter: Interpreter, lines: bytes) -> Outgoing:
    """A request that asks, by `lines`, for another protocol."""
    return _framed(call, target, _lines(call, target, interpreter, b""), lines, b"")


def _framed(call: Call, target: Target, lines: list[bytes], framing: bytes, body: bytes | BodySource) -> Outgoing:
    lines.append(b"x-request-id: %b\r\n%b\r\n" % (call.id.encode(), framing))
    return Outgoing(
        origin=target.origin,
        head=b"".join(lines),
        body=body,
        timeouts=target.timeouts,
        max_connections=target.max_connections,
    )


def _lines(call: Call, target: Target, interpreter: Interpreter, body: bytes, kind: Kind | None = None) -> list[bytes]:
    headers = call.headers
    lines = [_head(call, target, kind or call.kind)]
    forwarded = interpreter.forwarded(call.front, target)
    if call.passed is not None:
        forwarded |= call.passed.passage.headers
    for name in forwarded:
        value = headers.get(name)
        if value is not None and (name != b"traceparent" or _TRACEPARENT(value)):
            lines.append(b"%b: %b\r\n" % (name, value))
    for name, value in target.default_headers.items():
        if name not in headers or name not in forwarded:
            lines.append(b"%b: %b\r\n" % (name, value))
    if target.signer is not None:
        lines.append(target.signer.sign(b"".join(lines), body))
    return lines


def _head(call: Call, target: Target, kind: Kind) -> bytes:
    """The request line and the fixed headers."""
    ask, passed = call.ask, call.passed
    if passed is not None:
        content = b"content-type: %b\r\n" % passed.content_type if passed.content_type else b""
        return b"%b %b HTTP/1.1\r\n%b%b" % (passed.passage.method.encode(), passed.path.encode(), passed.passage.head, content)
    streamed = target.stream_heads and ask is not None and ask.stream
    head = (target.stream_heads if streamed else target.heads)[kind]
    return _about(head, call) if kind in BY_ID else head


def _about(head: bytes, call: Call) -> bytes:
    """The head with the id of what the request is about, and the parameters that travel on."""
    line, newline, rest = head.partition(b"\r\n")
    line = line.replace(b"{id}", quote(call.opened[call.where.subject], safe="").encode())
    if call.where.query:
        path, space, version = line.rpartition(b" ")
        line = b"%b%b%b%b%b" % (path, b"&" if b"?" in path else b"?", urlencode(call.where.query).encode(), space, version)
    return line + newline + rest
