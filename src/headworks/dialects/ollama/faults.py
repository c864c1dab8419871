"""Ollama's error answers ↔ faults."""

from __future__ import annotations

import msgspec

from headworks.dialects.ollama.names import NAME, UNREADABLE
from headworks.dialects.plain_faults import LONGEST_QUOTE, plain_fault
from headworks.dialects.redaction import redact, redact_words
from headworks.dialects.retry_after import Headers
from headworks.domain.errors import Fault, UpstreamSaid


class _Said(msgspec.Struct):
    error: str = ""


_SAID = msgspec.json.Decoder(_Said)


def read_fault(status: int, headers: Headers, body: bytes) -> Fault:
    """An error answer (`{"error": …}`) as a fault."""
    words = _words(body)
    fault = plain_fault(status, headers, words)
    if words and fault.code == "upstream_rejected":
        fault.said = UpstreamSaid(status, NAME, b"application/json", redact(body))
    return fault


def told_fault(error: object, secrets: tuple[bytes, ...] = ()) -> Fault:
    """What an answer that had begun well says of its failure, without these secrets."""
    return Fault("upstream_error", detail=redact_words(str(error), secrets)[:LONGEST_QUOTE])


def write_fault(fault: Fault) -> bytes:
    """The whole answer, or the last line of a stream without its end; an upstream's own words, where it is of this dialect."""
    if fault.said is not None and fault.said.dialect == NAME:
        return fault.said.body
    return msgspec.json.encode({"error": fault.message})


def write_fault_line(fault: Fault) -> bytes:
    """The last line of a stream that fails."""
    return write_fault(fault).replace(b"\n", b" ") + b"\n"


def _words(body: bytes) -> str:
    try:
        return _SAID.decode(body).error
    except UNREADABLE:
        return ""
