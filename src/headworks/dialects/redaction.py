"""Secrets out of an upstream's own words: providers quote the key that they refuse, and it is ours."""

from __future__ import annotations

import re

import msgspec

from headworks.domain.errors import Fault

BLACK = b"[redacted]"
SHORTEST_SECRET = 8
"""Bytes: a shorter credential would black out innocent words."""

_KEYS = re.compile(
    rb"\b(?:sk|pk|rk|gsk|xai|pplx|hf|nvapi|fw|csk|r8|key|hw|AIza|ya29\.|AKIA|ASIA|eyJ)[-_]?[A-Za-z0-9_\-*.]{8,}"
    rb"|\b(?:Bearer|Basic)[ :]+[A-Za-z0-9_\-*.+/=]{8,}"
    rb"|(?i:\b(?:x-)?api[-_ ]?key(?: provided)?[\"']?[:=] ?[\"']?)[A-Za-z0-9_\-*.+/=]{8,}"
)
"""Credentials by the forms that providers give them."""


def redact(text: bytes, secrets: tuple[bytes, ...] = ()) -> bytes:
    """The text without credentials: these very ones, and whatever looks like one."""
    return _KEYS.sub(BLACK, without(text, secrets))


def without(text: bytes, secrets: tuple[bytes, ...]) -> bytes:
    """The text without these very secrets."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, BLACK)
    return text


def redact_words(words: str, secrets: tuple[bytes, ...] = ()) -> str:
    """The same for decoded text."""
    return redact(words.encode("utf-8", "replace"), secrets).decode("utf-8", "replace")


def redact_fault(fault: Fault, secrets: tuple[bytes, ...]) -> Fault:
    """All that a fault says, message, detail and the upstream's own answer, without these secrets."""
    if secrets:
        fault.message = redact_words(fault.message, secrets)
        fault.detail = redact_words(fault.detail, secrets)
        if fault.said is not None:
            fault.said = msgspec.structs.replace(fault.said, body=redact(fault.said.body, secrets))
    return fault
