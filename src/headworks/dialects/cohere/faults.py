"""Cohere's error answers as faults."""

from __future__ import annotations

import msgspec

from headworks.dialects.plain_faults import plain_fault
from headworks.dialects.retry_after import Headers
from headworks.domain.errors import Fault

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Said(msgspec.Struct):
    message: str = ""


_SAID = msgspec.json.Decoder(_Said)


def read_fault(status: int, headers: Headers, body: bytes) -> Fault:
    """An error answer (`{"id": …, "message": …}`) as a fault."""
    return plain_fault(status, headers, _words(body))


def _words(body: bytes) -> str:
    try:
        return _SAID.decode(body).message
    except _UNREADABLE:
        return ""
