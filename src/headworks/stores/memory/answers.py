"""Remembered answers, bounded in bytes, oldest out first."""

from __future__ import annotations

import msgspec

from headworks.domain.errors import Fault
from headworks.ports.clock import Clock
from headworks.ports.stores import Answer

REPLAY_SECONDS = 86_400.0
REPLAY_BYTES = 33_554_432
OVERHEAD = 200
"""Bytes an entry costs beyond its body."""


class _Kept(msgspec.Struct, frozen=True, gc=False):
    answer: Answer
    until: float


class MemoryAnswers:
    """`ports.stores.Answers` in one dict, in order of use."""

    def __init__(self, clock: Clock, max_bytes: int) -> None:
        self._clock = clock
        self._max_bytes = max_bytes
        self._size = 0
        self._kept: dict[bytes, _Kept] = {}

    def get(self, key: bytes) -> Answer | None:
        """The answer, if it is still fresh; reading it makes it young again in the order of eviction."""
        kept = self._kept.pop(key, None)
        if kept is None:
            return None
        if kept.until <= self._clock.now():
            self._size -= _weight(kept.answer)
            return None
        self._kept[key] = kept
        return kept.answer

    def put(self, key: bytes, answer: Answer, seconds: float) -> None:
        """Remember it, and let the oldest go while there are too many bytes."""
        self.forget(key)
        self._kept[key] = _Kept(answer, self._clock.now() + seconds)
        self._size += _weight(answer)
        while self._size > self._max_bytes:
            self.forget(next(iter(self._kept)))

    def forget(self, key: bytes) -> None:
        """Let it go, if it is there."""
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._size -= _weight(kept.answer)

    def __repr__(self) -> str:
        return f"<MemoryAnswers {len(self._kept)} answers · {self._size} bytes>"


def _weight(answer: Answer) -> int:
    return len(answer.body) + sum([len(name) + len(value) + OVERHEAD for name, value in answer.headers]) + OVERHEAD


class MemoryReplays:
    """`ports.stores.Replays` for one process: finished answers in a `MemoryAnswers`, the rest in flight."""

    def __init__(self, clock: Clock) -> None:
        self._answers = MemoryAnswers(clock, REPLAY_BYTES)
        self._prints = MemoryAnswers(clock, REPLAY_BYTES)
        self._inflight: dict[bytes, bytes] = {}

    def claim(self, key: bytes, fingerprint: bytes) -> Answer | None:
        """See the port."""
        if key in self._inflight:
            raise Fault(
                "idempotency_conflict",
                "A request with this Idempotency-Key is still being answered. Wait for it, then repeat to get its answer.",
                retry_after=1.0,
            )
        answer, used_for = self._answers.get(key), self._prints.get(key)
        if answer is not None and used_for is not None:
            if used_for.body != fingerprint:
                raise Fault(
                    "idempotency_conflict",
                    "This Idempotency-Key was used for a different request. Use a new key for a new request.",
                )
            return answer
        self._inflight[key] = fingerprint
        return None

    def keep(self, key: bytes, answer: Answer | None) -> None:
        """See the port."""
        fingerprint = self._inflight.pop(key, None)
        if answer is not None and fingerprint is not None:
            self._answers.put(key, answer, REPLAY_SECONDS)
            self._prints.put(key, Answer(0, (), fingerprint), REPLAY_SECONDS)
