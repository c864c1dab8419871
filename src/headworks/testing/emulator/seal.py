"""Signatures of reasoning, and reasoning that only its maker can read. Both must come back as they went."""

from __future__ import annotations

import base64
import hashlib
import hmac


class Seal:
    """One provider's seal. What another provider signed does not pass."""

    def __init__(self, name: str) -> None:
        self._key = f"emulated provider {name}".encode()

    def sign(self, thought: str) -> str:
        """The signature of a piece of reasoning: opaque text, about as long as the real thing."""
        return base64.b64encode(b"EmulatedSignature" + self._digest(thought.encode()) * 3).decode()

    def signed(self, thought: str, signature: str) -> bool:
        """Whether the signature is ours and belongs to that reasoning."""
        return hmac.compare_digest(self.sign(thought).encode(), signature.encode())

    def redact(self, thought: str) -> str:
        """Reasoning as opaque data."""
        secret = hashlib.sha256(thought.encode()).digest()
        return base64.b64encode(secret + self._digest(secret)).decode()

    def redacted(self, data: str) -> bool:
        """Whether the data is ours and untouched."""
        try:
            opened = base64.b64decode(data, validate=True)
        except ValueError:
            return False
        return hmac.compare_digest(self._digest(opened[:32]), opened[32:])

    def _digest(self, data: bytes) -> bytes:
        return hmac.digest(self._key, data, "sha256")
