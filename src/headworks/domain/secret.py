"""Credentials at rest: what is kept of them is unreadable without the master key."""

from __future__ import annotations

import msgspec


class SecretRef(msgspec.Struct, frozen=True, kw_only=True):
    """Which credential: a party's, or the installation's own (`owner` empty). Versions rise by one, and are never used again."""

    owner: str = ""
    name: str
    version: int

    def words(self) -> bytes:
        """What the ciphertext is bound to: each part with its length before it, so that no other secret has the same."""
        parts = (b"headworks secret", self.owner.encode(), self.name.encode(), str(self.version).encode())
        return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


class SealedSecret(msgspec.Struct, frozen=True, kw_only=True):
    """One credential, enciphered under a key of its own, which is wrapped under the master key named `master`."""

    ref: SecretRef
    master: str
    wrapped: bytes
    sealed: bytes
    updated_at: int = 0
    """Wall-clock nanoseconds."""

    def __repr__(self) -> str:
        return f"<SealedSecret {self.ref.owner}/{self.ref.name} version {self.ref.version} under {self.master}>"
