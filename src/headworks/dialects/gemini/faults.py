"""Google's error answers ↔ faults."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from headworks.dialects.gemini.wire import NAME, UNREADABLE
from headworks.dialects.redaction import redact, redact_words
from headworks.dialects.retry_after import Headers, read_retry_after
from headworks.dialects.sse import write_event
from headworks.domain.errors import Fault, UpstreamSaid
from headworks.domain.message import JsonObject

CREDENTIALS = frozenset((401, 402, 403))
THROTTLED = 429
LONGEST_QUOTE = 2000
"""Characters of an upstream's own words that are passed on."""
_KEY_REASONS = frozenset(("API_KEY_INVALID", "API_KEY_EXPIRED", "API_KEY_SERVICE_BLOCKED"))
_IN_LIST = (b"[", b",")
"""How items of a list begin, where events begin with a word."""
_WORDS: Mapping[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def read_fault(status: int, headers: Headers, body: bytes) -> Fault:
    """An error answer as a fault. Google refuses a bad key with 400: that is our trouble, and not the caller's."""
    error = _stated(body)
    words = redact_words(str(error.get("message") or ""))[:LONGEST_QUOTE]
    if _is_callers(status, error):
        said = UpstreamSaid(status, NAME, b"application/json", redact(body)) if error else None
        return Fault("upstream_rejected", words or _no_reason(status), status=status, said=said)
    return _upstreams_fault(status, error, words, read_retry_after(headers))


def stated_fault(wire: JsonObject, secrets: tuple[bytes, ...] = ()) -> Fault:
    """The fault that an `error` object states inside a stream or an answer of status 200, without these secrets."""
    error: Any = wire.get("error")
    error = error if isinstance(error, dict) else {"message": str(error)}
    words = redact_words(str(error.get("message") or ""), secrets)[:LONGEST_QUOTE]
    code = error.get("code")
    status = code if isinstance(code, int) and 400 <= code < 600 else 500  # noqa: PLR2004 - HTTP's own numbers
    if _is_callers(status, error):
        return Fault("upstream_rejected", words or _no_reason(status), status=status)
    return _upstreams_fault(status, error, words, None)


def write_fault(fault: Fault, request_id: str) -> bytes:
    """Google's envelope; an upstream's own, where it is of this dialect and about what the caller asked."""
    if fault.said is not None and fault.said.dialect == NAME:
        return fault.said.body
    details: list[JsonObject] = [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": fault.code.upper(),
            "domain": "headworks",
            "metadata": {"request_id": request_id, **({"field": fault.param} if fault.param else {})},
        }
    ]
    if fault.retry_after is not None:
        delay = f"{math.ceil(fault.retry_after)}s"
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
    word = _WORDS.get(fault.status, "INVALID_ARGUMENT" if fault.status < 500 else "INTERNAL")  # noqa: PLR2004 - HTTP's own
    return msgspec.json.encode({"error": {"code": fault.status, "message": fault.message, "status": word, "details": details}})


def write_fault_event(fault: Fault, request_id: str, last: bytes = b"") -> bytes:
    """The envelope as the last event of a stream, or as the last item of the list that `last` is the latest of."""
    if last.startswith(_IN_LIST):
        return b",\n%b]\n" % write_fault(fault, request_id)
    return write_event(write_fault(fault, request_id).replace(b"\n", b" "))


def _is_callers(status: int, error: Mapping[str, Any]) -> bool:
    """Whether the request itself was at fault."""
    if status in CREDENTIALS or status == THROTTLED or not 400 <= status < 500:  # noqa: PLR2004 - HTTP's own numbers
        return False
    return not any(detail.get("reason") in _KEY_REASONS for detail in _details(error))


def _upstreams_fault(status: int, error: Mapping[str, Any], words: str, retry_after: float | None) -> Fault:
    detail = f"{status}: {words}"
    if status in CREDENTIALS or 400 <= status < THROTTLED:  # noqa: PLR2004 - HTTP's own numbers
        return Fault("upstream_credentials", detail=detail)
    if retry_after is None:
        retry_after = _delay(error)
    if status == THROTTLED:
        return Fault("upstream_throttled", retry_after=retry_after, detail=detail)
    overloaded = status == 503  # noqa: PLR2004 - HTTP's own number
    return Fault("upstream_overloaded" if overloaded else "upstream_error", retry_after=retry_after, detail=detail)


def _delay(error: Mapping[str, Any]) -> float | None:
    """Seconds to wait, as `RetryInfo` says (`"37s"`, `"2.5s"`)."""
    said = [(b"retry-after", str(detail["retryDelay"]).encode()) for detail in _details(error) if "retryDelay" in detail]
    return read_retry_after(said)


def _details(error: Mapping[str, Any]) -> list[JsonObject]:
    listed = error.get("details")
    return [detail for detail in listed if isinstance(detail, dict)] if isinstance(listed, list) else []


def _stated(body: bytes) -> Mapping[str, Any]:
    try:
        answer = msgspec.json.decode(body)
    except UNREADABLE:
        return {}
    if isinstance(answer, list) and answer:  # a stream's answer is a list, even one of an error
        answer = answer[0]
    error = answer.get("error") if isinstance(answer, dict) else None
    return error if isinstance(error, dict) else {}


def _no_reason(status: int) -> str:
    return f"The model's provider refused the request with status {status}. It gave no reason: check the fields against its documentation."
