"""How services of AWS say that they failed → faults: by the name of the exception, in a header of an error answer or inside a stream."""

from __future__ import annotations

import msgspec

from headworks.dialects.redaction import redact_words
from headworks.dialects.retry_after import Headers, read_retry_after
from headworks.domain.errors import Fault

LONGEST_QUOTE = 2000
"""Characters of an upstream's own words that are passed on."""

_TYPE = b"x-amzn-errortype"
_CODES = {
    "throttling": "upstream_throttled",
    "toomanyrequests": "upstream_throttled",
    "servicequotaexceeded": "upstream_throttled",
    "modelnotready": "upstream_overloaded",
    "serviceunavailable": "upstream_overloaded",
    "internalserver": "upstream_error",
    "modelerror": "upstream_error",
    "modeltimeout": "upstream_error",
    "modelstreamerror": "upstream_error",
    "accessdenied": "upstream_credentials",
    "expiredtoken": "upstream_credentials",
    "unrecognizedclient": "upstream_credentials",
    "invalidsignature": "upstream_credentials",
    "incompletesignature": "upstream_credentials",
    "missingauthenticationtoken": "upstream_credentials",
    "validation": "upstream_rejected",
    "resourcenotfound": "upstream_rejected",
}
"""Name of an exception, without its ending and in lower case → fault."""
_OF_STATUS = {
    401: "upstream_credentials",
    403: "upstream_credentials",
    408: "upstream_error",
    424: "upstream_error",
    429: "upstream_throttled",
    503: "upstream_overloaded",
}
_STATUSES = {"resourcenotfound": 404}


def tells_of_aws(headers: Headers) -> bool:
    """Whether an error answer comes from a service of AWS itself, and not from what it carries."""
    return any(name == _TYPE for name, _ in headers)


def read_aws_fault(status: int, headers: Headers, body: bytes) -> Fault:
    """An error answer as a fault."""
    name = next((value.decode("latin-1") for key, value in headers if key == _TYPE), "")
    return aws_fault(name.partition(":")[0], _words(body), status, read_retry_after(headers))


def told_aws_fault(name: str, payload: bytes, words: str = "") -> Fault:
    """What a message of an event stream says of its failure."""
    return aws_fault(name, _words(payload) or words, 0, None)


def aws_fault(name: str, words: str, status: int, retry_after: float | None) -> Fault:
    """The fault of an exception's name; of the status, where the name tells nothing. What AWS says of our own credentials is for operators."""
    plain = name.lower().removesuffix("exception")
    code = _CODES.get(plain) or _OF_STATUS.get(status) or ("upstream_rejected" if 400 <= status < 500 else "upstream_error")  # noqa: PLR2004 - HTTP's own numbers
    words = redact_words(words)[:LONGEST_QUOTE]
    if code != "upstream_rejected":
        return Fault(code, retry_after=retry_after, detail=f"{status or ''} {name}: {words}".strip())
    return Fault(
        code,
        words or "The model's provider refused the request. It gave no reason: check the fields against its documentation.",
        status=_STATUSES.get(plain) or status or 400,
    )


def _words(body: bytes) -> str:
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    if not isinstance(answer, dict):
        return ""
    return str(answer.get("message") or answer.get("Message") or answer.get("originalMessage") or "")
