"""Errors of Chat Completions, both ways: the provider's many envelopes → one `Fault` → OpenAI's envelope."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from headworks.dialects.openai_chat.names import NAME
from headworks.dialects.redaction import redact, without
from headworks.dialects.retry_after import Headers, read_retry_after
from headworks.domain.errors import Fault, UpstreamSaid
from headworks.domain.message import JsonObject

MAX_WORDS = 1000
"""Characters of an upstream's own words that travel on."""

_CREDENTIALS = frozenset((401, 402, 403))
_OVERLOADED = frozenset((498, 503, 529))
_THROTTLED = 429
_REJECTED = range(400, 500)
_UNKNOWN = 500

_STATUS_OF_TYPE = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "overloaded_error": 503,
    "service_unavailable": 503,
}
"""For errors inside a 200, which have no status of their own."""

_CREDENTIAL_CODES = frozenset(("invalid_api_key", "API_KEY_INVALID", "incorrect_api_key"))


class _Words(msgspec.Struct, frozen=True):
    """What an error envelope says, whichever form it has."""

    message: str = ""
    kind: str = ""
    code: str = ""
    param: str | None = None
    status: int = 0
    flagged: bool = False


def read_fault(status: int, headers: Headers, body: bytes) -> Fault:
    """An error answer as a fault. A refused credential is ours, so the provider's words about it stay inside."""
    return _fault(status, _read_words(_decode(body)), headers, body)


def fault_in_answer(answer: JsonObject, secrets: tuple[bytes, ...] = ()) -> Fault | None:
    """The failure that a chunk or a whole answer with status 200 speaks of, without these secrets; or None."""
    error: Any = answer.get("error")
    if not error and "choices" not in answer and ("detail" in answer or answer.get("object") == "error"):
        error = answer
    if not error:
        error = next((choice["error"] for choice in answer.get("choices") or () if _has_error(choice)), None)
    if not error:
        return None
    body = without(json.dumps({"error": error}).encode(), secrets)
    stated = _decode(body)
    words = _read_words(stated["error"] if error is answer and isinstance(stated, dict) else stated)
    status = words.status or _STATUS_OF_TYPE.get(words.kind) or _STATUS_OF_TYPE.get(words.code) or _UNKNOWN
    return _fault(status, words, (), body)


def write_fault(fault: Fault, request_id: str) -> bytes:
    """OpenAI's envelope; an upstream's own, where it is of this dialect and about what the caller asked."""
    if fault.said is not None and fault.said.dialect == NAME:
        return fault.said.body
    return msgspec.json.encode({"error": _envelope(fault, request_id)})


def write_fault_event(fault: Fault, request_id: str) -> bytes:
    """The envelope as the last event of a stream, which no `[DONE]` follows."""
    return b"data: %b\n\n" % write_fault(fault, request_id).replace(b"\n", b" ")


def _envelope(fault: Fault, request_id: str) -> JsonObject:
    return {
        "message": fault.message,
        "type": fault.row.openai,
        "param": fault.param,
        "code": fault.code,
        "request_id": request_id,
    }


def _fault(status: int, words: _Words, headers: Headers, body: bytes) -> Fault:
    kind = ": ".join(word for word in (str(status), words.kind, words.code) if word)
    if (status in _CREDENTIALS and not words.flagged) or words.code in _CREDENTIAL_CODES:
        return Fault("upstream_credentials", detail=kind)
    detail = f"{kind}: {words.message}"
    if status == _THROTTLED:
        return Fault("upstream_throttled", retry_after=read_retry_after(headers), detail=detail)
    if status in _OVERLOADED:
        return Fault("upstream_overloaded", retry_after=read_retry_after(headers), detail=detail)
    if status in _REJECTED:
        said = UpstreamSaid(status, NAME, b"application/json", redact(body)) if words.message and _is_object(body) else None
        return Fault(
            "upstream_rejected",
            words.message
            or f"The model's provider rejected the request with status {status}. "
            "It gave no reason: check the fields against its documentation.",
            param=words.param,
            status=status,
            said=said,
            detail=kind,
        )
    return Fault("upstream_error", retry_after=read_retry_after(headers), detail=detail)


def _read_words(value: Any) -> _Words:
    """The words of `{"error": {...}}`, `{"error": "..."}`, `{"message": ...}`, `{"detail": ...}`, `[{...}]` or plain text."""
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return _Words(message=_clip(value) if isinstance(value, str | bytes) else "")
    error = value.get("error")
    if isinstance(error, dict):
        return _words(error)
    if isinstance(error, str):
        return _words({**value, "message": error})
    if "message" not in value and "detail" in value:
        return _words({**value, "message": _detail(value["detail"])})
    return _words(value)


def _words(error: JsonObject) -> _Words:
    message, code = error.get("message"), error.get("code")
    if isinstance(message, dict):  # Mistral's validation errors
        message = _detail(message.get("detail", message))
    status = error.get("status_code", error.get("raw_status_code", code))
    metadata = error.get("metadata")
    return _Words(
        message=_clip(message if isinstance(message, str) else ""),
        kind=_word(error.get("type")),
        code="" if isinstance(code, int) else _word(code),
        param=error["param"] if isinstance(error.get("param"), str) else None,
        status=status if isinstance(status, int) and 400 <= status < 600 else 0,  # noqa: PLR2004 - HTTP's own numbers
        flagged=isinstance(metadata, dict) and "flagged_input" in metadata,
    )


def _detail(detail: Any) -> str:
    """FastAPI's list of what is wrong where, in one line."""
    if isinstance(detail, str):
        return detail
    if isinstance(detail, list):
        lines = [item for item in detail if isinstance(item, dict)]
        return "; ".join(f"{_place(item.get('loc'))}: {item.get('msg', '')}" for item in lines)
    return json.dumps(detail)


def _place(steps: Any) -> str:
    return ".".join(map(str, steps)) if isinstance(steps, list) else str(steps or "")


def _decode(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return b"" if body.lstrip().startswith(b"<") else body  # a web page is no explanation


def _is_object(body: bytes) -> bool:
    return isinstance(_decode(body), dict)


def _has_error(choice: Any) -> bool:
    return isinstance(choice, dict) and bool(choice.get("error"))


def _word(value: Any) -> str:
    return value[:64] if isinstance(value, str) else ""


def _clip(words: str | bytes) -> str:
    raw = words.encode() if isinstance(words, str) else words
    return redact(raw).decode("utf-8", "replace").strip()[:MAX_WORDS]
