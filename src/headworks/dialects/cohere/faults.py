"""Cohere's error answers ↔ faults."""

from __future__ import annotations

import msgspec

from headworks.dialects.cohere.names import NAME, UNREADABLE
from headworks.dialects.plain_faults import plain_fault
from headworks.dialects.redaction import redact, redact_words
from headworks.dialects.retry_after import Headers
from headworks.dialects.sse import write_event
from headworks.domain.errors import Fault, UpstreamSaid

LONGEST_QUOTE = 1000
"""Characters of an upstream's own words about a stream that failed."""
_TIMEOUT = 504


class _Said(msgspec.Struct):
    message: str = ""


_SAID = msgspec.json.Decoder(_Said)


def read_fault(status: int, headers: Headers, body: bytes) -> Fault:
    """An error answer (`{"id": …, "message": …}`) as a fault. A refusal keeps Cohere's own words, for its own clients."""
    words = _words(body)
    fault = plain_fault(status, headers, words)
    if words and fault.code == "upstream_rejected":
        fault.said = UpstreamSaid(status, NAME, b"application/json", redact(body))
    return fault


def stated_fault(words: str, secrets: tuple[bytes, ...] = ()) -> Fault:
    """The failure that a stream speaks of, without these secrets."""
    return Fault("upstream_error", detail=redact_words(words, secrets)[:LONGEST_QUOTE])


def write_fault(fault: Fault, request_id: str) -> bytes:
    """Cohere's envelope; an upstream's own, where it is Cohere's and about what the caller asked."""
    if fault.said is not None and fault.said.dialect == NAME:
        return fault.said.body
    return msgspec.json.encode({"id": request_id, "message": fault.message})


def write_fault_event(fault: Fault, request_id: str) -> bytes:
    """A fault as the last event of a stream: that is how Cohere says that an answer failed after it had begun."""
    delta = {"error": fault.message, "finish_reason": "TIMEOUT" if fault.status == _TIMEOUT else "ERROR"}
    return write_event(msgspec.json.encode({"type": "message-end", "id": request_id, "delta": delta}), "message-end")


def _words(body: bytes) -> str:
    try:
        return _SAID.decode(body).message
    except UNREADABLE:
        return ""
