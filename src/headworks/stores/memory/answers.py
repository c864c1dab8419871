"""Remembered answers, bounded in bytes, oldest out first."""

from __future__ import annotations

import msgspec

from headworks.ports.clock import Clock
from headworks.ports.stores import Answer

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
