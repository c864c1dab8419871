"""Tokens of foreign ids: AES-SIV, which is deterministic and finds every change, under keys that the peppers make."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from headworks.domain.foreign import ForeignId
from headworks.identity.pepper import Pepper

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

LONGEST = 2048
"""Characters of a token: what is longer is none."""
_PURPOSE = b"headworks foreign ids"
_TOKEN = re.compile(r"([A-Za-z]+[_/-])hw([A-Za-z0-9_-]+)")
_PREFIX = re.compile(r"[A-Za-z]+[_/-]")
_PLAIN = "id_"
"""How the token begins of an id that begins like none."""
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(ForeignId)


class PepperedForeignIds:
    """Implements `ports.foreign.ForeignIds`. The first pepper seals; a second one is being replaced, and opens what it sealed."""

    def __init__(self, peppers: Sequence[Pepper]) -> None:
        self._keys = [pepper.digest(_PURPOSE) for pepper in peppers]

    def seal(self, tenant: str, foreign: ForeignId) -> str:
        """See the port."""
        found = _PREFIX.match(foreign.id)
        prefix = found[0] if found else _PLAIN
        sealed = self._ciphers[0].encrypt(_ENCODER.encode(foreign), _bound(tenant, prefix))
        return f"{prefix}hw{urlsafe_b64encode(sealed).rstrip(b'=').decode()}"

    def open(self, tenant: str, token: str) -> ForeignId | None:
        """See the port."""
        found = _TOKEN.fullmatch(token) if len(token) <= LONGEST else None
        if found is None:
            return None
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - 25 ms that only who is sent such tokens pays

        prefix, text = found.groups()
        try:
            sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            return None
        if urlsafe_b64encode(sealed).rstrip(b"=").decode() != text:
            return None  # the last character has bits to spare: one id would have several tokens
        for cipher in self._ciphers:
            try:
                return _DECODER.decode(cipher.decrypt(sealed, _bound(tenant, prefix)))
            except (InvalidTag, ValueError):
                continue
        return None

    @cached_property
    def _ciphers(self) -> list[AESSIV]:
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV  # noqa: PLC0415 - see `open`

        return [AESSIV(key) for key in self._keys]


def _bound(tenant: str, prefix: str) -> list[bytes]:
    return [tenant.encode(), prefix.encode()]
