"""The chain's arithmetic: each record's code covers its words and the code before it; the head is signed, so that anybody can check it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

GENESIS = bytes(32)
"""What stands before the first record."""
_FINGERPRINT = 12
_SHORTEST = 16


class SignedHead(msgspec.Struct, frozen=True, kw_only=True):
    """How long the chain was at an instant, and the code of its last record; signed."""

    number: int
    mac: str
    at: int
    key: str
    """The public key, hexadecimal."""
    signature: str

    def words(self) -> bytes:
        """What the signature covers."""
        return canonical({"number": self.number, "mac": self.mac, "at": self.at}).encode()

    def holds(self) -> bool:
        """Whether the signature is that of its own public key."""
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key)).verify(bytes.fromhex(self.signature), self.words())
        except (InvalidSignature, ValueError):
            return False
        return True


class Seal:
    """The installation's key of the audit chain. Without it records can be read, not made."""

    def __init__(self, secret: bytes) -> None:
        """At least 16 random bytes."""
        if len(secret) < _SHORTEST:
            raise ValueError(f"The audit key has {len(secret)} bytes; at least {_SHORTEST} are needed.")
        self._chain = _derived(secret, "chain")
        self._signer = Ed25519PrivateKey.from_private_bytes(_derived(secret, "head"))
        self.name = hashlib.sha256(self._chain).hexdigest()[:_FINGERPRINT]
        """Fingerprint of the key: there may be two while one is being replaced."""
        self.public = self._signer.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def mac(self, before: bytes, body: str) -> bytes:
        """The code of a record that follows one with the code `before`."""
        return hmac.digest(self._chain, before + body.encode(), "sha256")

    def sign(self, number: int, mac: bytes, at: int) -> SignedHead:
        """The chain's head as of now."""
        unsigned = SignedHead(number=number, mac=mac.hex(), at=at, key=self.public, signature="")
        return msgspec.structs.replace(unsigned, signature=self._signer.sign(unsigned.words()).hex())

    def __repr__(self) -> str:
        return f"<Seal {self.name}>"


def canonical(facts: Mapping[str, str | int]) -> str:
    """The one way to write these facts as JSON."""
    return msgspec.json.encode(facts, order="sorted").decode()


def _derived(secret: bytes, purpose: str) -> bytes:
    return hmac.digest(secret, f"headworks audit {purpose}".encode(), "sha256")
