"""Anthropic's error answers ↔ faults."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headworks.dialects.anthropic.wire import NAME, UNREADABLE
from headworks.dialects.aws_faults import read_aws_fault, tells_of_aws
from headworks.dialects.redaction import redact, redact_words
from headworks.dialects.retry_after import Headers, read_retry_after
from headworks.dialects.sse import write_event
from headworks.domain.errors import Fault, UpstreamSaid
from headworks.domain.message import JsonObject

CREDENTIALS = frozenset((401, 402, 403))
"""The key that we sent was refused, or its account has nothing to pay with: nothing that the caller can mend."""
OVERLOADED = frozenset((503, 529))
THROTTLED = 429
LONGEST_QUOTE = 2000
"""Characters of an upstream's own words that are passed on."""

_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "api_error": 500,
    "overloaded_error": 529,
}
_TYPES = {status: word for word, status in _STATUSES.items()}


def read_fault(status: int, headers: Headers, body: bytes) -> Fault:
    """An error answer as a fault. A refusal keeps the upstream's own words, for clients of the same dialect, without credentials."""
    if tells_of_aws(headers):
        return read_aws_fault(status, headers, body)
    stated = _stated(body)
    words = redact_words(str(stated.get("message") or ""))[:LONGEST_QUOTE]
    if not _is_callers(status):
        return _upstreams_fault(status, words, read_retry_after(headers))
    return Fault(
        "upstream_rejected",
        words
        or f"The model's provider refused the request with status {status}. It gave no reason: check the fields against its documentation.",
        status=status,
        said=UpstreamSaid(status, NAME, b"application/json", redact(body)) if stated else None,
    )


def stated_fault(wire: JsonObject, secrets: tuple[bytes, ...] = ()) -> Fault:
    """The fault that an `error` object states, without these secrets: inside a stream, or in an answer of status 200."""
    error = wire.get("error")
    stated = error if isinstance(error, dict) else {}
    word, words = str(stated.get("type") or ""), redact_words(str(stated.get("message") or ""), secrets)[:LONGEST_QUOTE]
    status = _STATUSES.get(word, 500)
    if not _is_callers(status):
        return _upstreams_fault(status, words, None)
    return Fault(
        "upstream_rejected",
        words or "The model's provider refused the request. It gave no reason: check the fields against its documentation.",
        status=status,
    )


def write_fault(fault: Fault, request_id: str) -> bytes:
    """A fault as an error body."""
    said = fault.said
    if said is not None and said.dialect == NAME:
        return said.body
    word = fault.row.anthropic
    if fault.code == "upstream_rejected":
        word = _TYPES.get(fault.status, word)
    return msgspec.json.encode(
        {"type": "error", "error": {"type": word, "message": fault.message}, "request_id": request_id or None}
    )


def write_fault_event(fault: Fault, request_id: str) -> bytes:
    """A fault as the last event of a stream."""
    return write_event(write_fault(fault, request_id), "error")


def _is_callers(status: int) -> bool:
    """Whether the request itself was at fault."""
    return 400 <= status < 500 and status not in CREDENTIALS and status != THROTTLED  # noqa: PLR2004 - HTTP's own numbers


def _upstreams_fault(status: int, words: str, retry_after: float | None) -> Fault:
    """What the caller is not to blame for. Of our own credentials and account it learns nothing: `detail` is for operators."""
    detail = f"{status}: {words}"
    if status in CREDENTIALS:
        return Fault("upstream_credentials", detail=detail)
    if status == THROTTLED:
        return Fault("upstream_throttled", retry_after=retry_after, detail=words)
    code = "upstream_overloaded" if status in OVERLOADED else "upstream_error"
    return Fault(code, retry_after=retry_after, detail=detail)


def _stated(body: bytes) -> Mapping[str, object]:
    try:
        answer = msgspec.json.decode(body)
    except UNREADABLE:
        return {}
    error = answer.get("error") if isinstance(answer, dict) else None
    return error if isinstance(error, dict) else {}
