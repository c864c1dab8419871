"""Our own API keys: `hw-`, eight public characters, 43 secret ones (256 bits) and a checksum that leak scanners and typing errors meet.

Only a digest is kept: HMAC-SHA256 under the installation's pepper, so that a stolen table of digests opens nothing. Imported keys were
kept elsewhere as plain SHA-256, and are found by that.
"""

from __future__ import annotations

import hmac
import secrets
import string
import zlib
from collections.abc import Sequence
from hashlib import sha256

from headworks.domain.errors import Fault
from headworks.domain.records import KeyRecord
from headworks.identity.pepper import Pepper

BEGINNING = "hw-"
_PUBLIC, _SECRET, _CHECKSUM = 8, 43, 6
PREFIX_LENGTH = len(BEGINNING) + _PUBLIC
"""Characters of a key that may be shown."""
KEY_LENGTH = PREFIX_LENGTH + _SECRET + _CHECKSUM
_DOTS = 2
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase


def make_key() -> str:
    """A new key. Whoever asked for it sees it once."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_PUBLIC + _SECRET))
    return f"{BEGINNING}{body}{_checksum(body)}"


def prefix_of(key: str) -> str:
    """What of a key may be shown and searched."""
    return key[:PREFIX_LENGTH]


def is_ours(key: bytes) -> bool:
    """Whether it begins like a key of ours: then it must be well-formed to be one."""
    return key.startswith(b"hw-")


def looks_like_token(key: bytes) -> bool:
    """Whether it is a JWT by its looks: three parts, the first of which begins like a JSON object in base64. No key of ours is."""
    return key.startswith(b"eyJ") and key.count(b".") == _DOTS


def is_well_formed(key: bytes) -> bool:
    """Whether it is a key of ours as far as its looks can tell."""
    if len(key) != KEY_LENGTH or not is_ours(key) or not key[len(BEGINNING) :].isalnum():
        return False
    body = key[len(BEGINNING) : -_CHECKSUM].decode("ascii")
    return hmac.compare_digest(_checksum(body).encode(), key[-_CHECKSUM:])


def unknown(key: bytes) -> Fault:
    """How a key is refused that nobody holds. Operators are shown how it begins only where it is as one of ours must be: any part of
    another may be a provider's secret.
    """
    return Fault(
        "invalid_api_key",
        "This API key is not known here. Check that it is a key of this gateway (not of a model provider), and all of it.",
        detail=_looks_of(key),
    )


def _looks_of(key: bytes) -> str:
    if looks_like_token(key):
        return "a token, and no issuer of any is trusted here"
    if not is_ours(key):
        return f"nobody holds it, and it does not begin like a key made here ({BEGINNING})"
    if len(key) != KEY_LENGTH:
        return f"nobody holds it, and a key made here has {KEY_LENGTH} characters, not {len(key)}"
    if not is_well_formed(key):
        return "nobody holds it: a key made here that was misspelt, by its checksum"
    return f"nobody holds {prefix_of(key.decode())}…: it was removed, or made by another installation or under another pepper"


def _checksum(body: str) -> str:
    rest = zlib.crc32(body.encode())
    digits = ""
    for _ in range(_CHECKSUM):
        rest, digit = divmod(rest, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


class Digests:
    """Keys → what they are found by. The first pepper makes new digests; a second is one that is being replaced."""

    def __init__(self, peppers: Sequence[Pepper]) -> None:
        self._peppers = {pepper.fingerprint: pepper for pepper in peppers[:2]}
        self._first = peppers[0]

    def of_new(self, key: str) -> tuple[bytes, str]:
        """Digest and fingerprint of the pepper, as `KeyRecord` keeps them."""
        return self._first.digest(key.encode()), self._first.fingerprint

    def candidates(self, key: bytes) -> tuple[bytes, ...]:
        """All digests that records of this key may have, as ours and as imported: at most three. None of a misspelt key of ours."""
        plain = sha256(key).digest()
        if not is_ours(key):
            return (plain,)
        return (*(pepper.digest(key) for pepper in self._peppers.values()), plain) if is_well_formed(key) else ()

    def proves(self, key: bytes, record: KeyRecord) -> bool:
        """Whether the record is of this very key, by the digest that it says it has."""
        if record.imported:
            return hmac.compare_digest(sha256(key).digest(), record.digest)
        pepper = self._peppers.get(record.pepper)
        return pepper is not None and hmac.compare_digest(pepper.digest(key), record.digest)
