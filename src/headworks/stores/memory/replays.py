"""Answers by Idempotency-Key, for one process: enciphered, under a key that the process makes for itself and takes with it."""

from __future__ import annotations

from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING

import msgspec

from headworks.domain.errors import Fault
from headworks.ports.clock import Clock
from headworks.ports.stores import Answer
from headworks.stores.memory.answers import MemoryAnswers

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

REPLAY_SECONDS = 86_400.0
REPLAY_BYTES = 33_554_432
_BITS = 256
_NONCE = 12
_PRINT = 32
"""Bytes of a request's fingerprint, SHA-256."""


class MemoryReplays:
    """`ports.stores.Replays`: what is over in a `MemoryAnswers`, the rest in flight."""

    def __init__(self, clock: Clock) -> None:
        self._kept = MemoryAnswers(clock, REPLAY_BYTES)  # bodies are fingerprints, and behind them sealed answers
        self._inflight: dict[bytes, bytes] = {}
        self._nonces = count()

    def claim(self, key: bytes, fingerprint: bytes) -> Answer | None:
        """See the port."""
        if key in self._inflight:
            raise Fault(
                "idempotency_conflict",
                "A request with this Idempotency-Key is still being answered. Wait for it, then repeat to get its answer.",
                retry_after=1.0,
            )
        kept = self._kept.get(key)
        if kept is not None and kept.body[:_PRINT] != fingerprint:
            raise Fault(
                "idempotency_conflict",
                "This Idempotency-Key was used for a different request. Use a new key for a new request.",
            )
        if kept is not None and len(kept.body) > _PRINT:
            return self._opened(key, kept.body[_PRINT:])
        self._inflight[key] = fingerprint
        return None

    def keep(self, key: bytes, answer: Answer | None) -> None:
        """See the port."""
        fingerprint = self._inflight.pop(key, None)
        if answer is not None and fingerprint is not None:
            self._put(key, fingerprint + self._sealed(key, answer))

    def note(self, key: bytes) -> None:
        """See the port."""
        fingerprint = self._inflight.pop(key, None)
        if fingerprint is not None:
            self._put(key, fingerprint)

    def _put(self, key: bytes, body: bytes) -> None:
        self._kept.put(key, Answer(0, (), body), REPLAY_SECONDS)

    def _sealed(self, key: bytes, answer: Answer) -> bytes:
        nonce = next(self._nonces).to_bytes(_NONCE, "big")  # never twice under a key that lives no longer than the count
        return nonce + self._cipher.encrypt(nonce, msgspec.msgpack.encode(answer), key)

    def _opened(self, key: bytes, sealed: bytes) -> Answer:
        return msgspec.msgpack.decode(self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], key), type=Answer)

    @cached_property
    def _cipher(self) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - 25 ms that only who is sent such keys pays

        return AESGCM(AESGCM.generate_key(_BITS))
