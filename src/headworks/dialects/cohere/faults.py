"""Cohere's error answers as faults."""

from __future__ import annotations

import msgspec

from headworks.dialects.redaction import redact_words
from headworks.dialects.retry_after import Headers, read_retry_after
from headworks.domain.errors import Fault

LONGEST_QUOTE = 2000
"""Characters of Cohere's own words that are passed on."""
_CREDENTIALS = frozenset((401, 402, 403))
_OVERLOADED = frozenset((503, 529))
_THROTTLED = 429
_REJECTED = range(400, 500)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Said(msgspec.Struct):
    message: str = ""


_SAID = msgspec.json.Decoder(_Said)


def read_fault(status: int, headers: Headers, body: bytes) -> Fault:
    """An error answer (`{"id": …, "message": …}`) as a fault. Of our own key and account the caller learns nothing."""
    words = _words(body)
    detail = f"{status}: {words}"
    if status in _CREDENTIALS:
        return Fault("upstream_credentials", detail=detail)
    if status == _THROTTLED:
        return Fault("upstream_throttled", retry_after=read_retry_after(headers), detail=detail)
    if status in _OVERLOADED:
        return Fault("upstream_overloaded", retry_after=read_retry_after(headers), detail=detail)
    if status not in _REJECTED:
        return Fault("upstream_error", retry_after=read_retry_after(headers), detail=detail)
    return Fault(
        "upstream_rejected",
        words
        or f"The model's provider rejected the request with status {status}. "
        "It gave no reason: check the fields against its documentation.",
        status=status,
        detail=detail,
    )


def _words(body: bytes) -> str:
    try:
        said = _SAID.decode(body).message
    except _UNREADABLE:
        said = ""
    return redact_words(said)[:LONGEST_QUOTE]
