"""Secrets out of an upstream's own words: providers quote the key that they refuse, and it is ours."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

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
_ESCAPES = re.compile(rb"\\(?:u00([2-7][0-9a-fA-F])|(/)|.)", re.DOTALL)
"""JSON's, of letters that need none."""
_NEED_ESCAPES = (b'"', b"\\")


def redact(text: bytes, secrets: tuple[bytes, ...] = ()) -> bytes:
    """The text without credentials: these very ones, and whatever looks like one."""
    return _KEYS.sub(BLACK, without(text, secrets))


def without(text: bytes, secrets: tuple[bytes, ...]) -> bytes:
    """The text without these very secrets, as they are or as they are written in JSON, in addresses and in base64."""
    known = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
    if known and b"\\" in text:
        text = _ESCAPES.sub(_plain, text)
    for secret in known:
        for spelling in _spellings(secret):
            text = text.replace(spelling, BLACK)
    return text


def _spellings(secret: bytes) -> Iterator[bytes]:
    yield secret
    yield msgspec.json.encode(secret.decode("utf-8", "replace"))[1:-1]
    yield from (quote(secret, safe="").encode(), quote_plus(secret, safe="/").encode())
    for written in (b64encode(secret), urlsafe_b64encode(secret)):
        yield from (written, written.rstrip(b"="))


def _plain(found: re.Match[bytes]) -> bytes:
    letter = bytes.fromhex(found[1].decode()) if found[1] else found[2]
    if letter is None:
        return found[0]
    return b"\\" + letter if letter in _NEED_ESCAPES else letter


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
