"""Answers that the edge gives by itself: faults, probes, permissions."""

from __future__ import annotations

import math

import msgspec

from headworks.domain.errors import Fault
from headworks.domain.reply import HeaderList
from headworks.edge.door import Door
from headworks.edge.routes import Front

JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")

MAX_RETRY_SECONDS = 86_400
"""A client told to wait for longer than a day is not waiting any more."""
_SHOULD_RETRY = {"yes": (b"x-should-retry", b"true"), "no": (b"x-should-retry", b"false")}


class Answer(msgspec.Struct, frozen=True):
    """A whole answer that needs no journey."""

    status: int
    headers: HeaderList
    body: bytes = b""


ALIVE = Answer(200, [JSON], b'{"status":"ok"}')
OLLAMA: dict[bytes, Answer] = {
    b"/api/version": Answer(200, [JSON], b'{"version":"0.13.0"}'),
    b"/api/ps": Answer(200, [JSON], b'{"models":[]}'),
}
"""What Ollama's clients ask of the server itself: whose API it speaks, and what is in its memory, where no model ever is."""
DRAINING = Answer(503, [JSON], b'{"status":"draining"}')


def of_fault(fault: Fault, front: Front, request_id: str, door: Door) -> Answer:
    """A fault in the client's dialect. An upstream of that same dialect is quoted to the byte."""
    headers: HeaderList = []
    said = fault.said
    if said is not None and said.dialect == front.name:
        headers.append((b"content-type", said.content_type or JSON[1]))
        body = said.body
    else:
        headers.append(JSON)
        body = door.interpreter.write_fault(front.name, fault, request_id)
    if fault.retry_after is not None:
        seconds = min(max(0.0, fault.retry_after), MAX_RETRY_SECONDS)
        headers.append((b"retry-after", b"%d" % math.ceil(seconds)))
        headers.append((b"retry-after-ms", b"%d" % math.ceil(seconds * 1000)))
    hint = _SHOULD_RETRY.get(fault.row.retry)
    if hint is not None:
        headers.append(hint)
    return Answer(fault.status, headers, body)


def error_event(fault: Fault, front: Front, request_id: str, door: Door) -> bytes:
    """A fault as the last event of a stream."""
    body = door.interpreter.write_fault(front.name, fault, request_id).replace(b"\r", b" ").replace(b"\n", b" ")
    return front.event % body
