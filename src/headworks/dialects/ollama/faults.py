"""Ollama's error answers as faults."""

from __future__ import annotations

import msgspec

from headworks.dialects.plain_faults import LONGEST_QUOTE, plain_fault
from headworks.dialects.redaction import redact_words
from headworks.dialects.retry_after import Headers
from headworks.domain.errors import Fault

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Said(msgspec.Struct):
    error: str = ""


_SAID = msgspec.json.Decoder(_Said)


def read_fault(status: int, headers: Headers, body: bytes) -> Fault:
    """An error answer (`{"error": …}`) as a fault."""
    return plain_fault(status, headers, _words(body))


def told_fault(error: object) -> Fault:
    """What an answer that had begun well says of its failure."""
    return Fault("upstream_error", detail=redact_words(str(error))[:LONGEST_QUOTE])


def _words(body: bytes) -> str:
    try:
        return _SAID.decode(body).error
    except _UNREADABLE:
        return ""
