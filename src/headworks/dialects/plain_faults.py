"""Error answers that say no more than a status and words → faults."""

from __future__ import annotations

from headworks.dialects.redaction import redact_words
from headworks.dialects.retry_after import Headers, read_retry_after
from headworks.domain.errors import Fault

LONGEST_QUOTE = 2000
"""Characters of an upstream's own words that are passed on."""
_CREDENTIALS = frozenset((401, 402, 403))
_OVERLOADED = frozenset((503, 529))
_THROTTLED = 429
_REJECTED = range(400, 500)


def plain_fault(status: int, headers: Headers, said: str) -> Fault:
    """The fault of a status. Of our own key and account the caller learns nothing."""
    words = redact_words(said)[:LONGEST_QUOTE]
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
