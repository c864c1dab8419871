"""What a provider still grants: rate limits and the prompt cache. Both remember between requests."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence

import msgspec

from headworks.testing.emulator.question import Block, CacheUse

_MINUTE = 60.0
_REMEMBERED = 10_000


class Grant(msgspec.Struct, frozen=True):
    """What was asked of one limit: whether it was had, how much is left of how much, and seconds until all of it is back."""

    had: bool
    limit: int
    left: int
    reset: float


class Bucket:
    """So many a minute, refilled evenly."""

    def __init__(self, per_minute: int) -> None:
        self._limit = per_minute
        self._used = 0.0
        self._at = 0.0

    def take(self, amount: int, now: float) -> Grant:
        """Take what is needed, if it is there or the bucket is full. `now` is in monotonic seconds."""
        self._used = max(0.0, self._used - (now - self._at) * self._limit / _MINUTE)
        self._at = now
        had = self._used + amount <= self._limit or not self._used
        if had:
            self._used += amount
        return Grant(had, self._limit, max(0, int(self._limit - self._used)), self._used * _MINUTE / self._limit)


class PromptCache:
    """Which beginnings of prompts were seen before. Keeps the latest ten thousand."""

    def __init__(self, floor: int) -> None:
        """Beginnings shorter than `floor` tokens are not remembered."""
        self._floor = floor
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def automatic(self, blocks: Sequence[Block]) -> CacheUse:
        """OpenAI's way: every beginning made of whole blocks is kept; hits count in steps of 128 tokens."""
        read = 0
        for digest, tokens in _beginnings(blocks):
            if tokens >= self._floor and self._recall(digest):
                read = tokens
        step = max(1, min(128, self._floor))
        return CacheUse(read=read // step * step)

    def explicit(self, blocks: Sequence[Block]) -> CacheUse:
        """Anthropic's way: only beginnings up to marked blocks are kept."""
        read = end = for_an_hour = 0
        for block, (digest, tokens) in zip(blocks, _beginnings(blocks), strict=True):
            if not block.keep or tokens < self._floor:
                continue
            if self._recall(digest):
                read, for_an_hour = tokens, 0
            elif block.keep == "1h":
                for_an_hour += tokens - end
            end = tokens
        return CacheUse(read=read, written=end - read, written_1h=for_an_hour)

    def _recall(self, digest: bytes) -> bool:
        """Whether it was seen before; from now on it was."""
        known = digest in self._seen
        self._seen[digest] = None
        self._seen.move_to_end(digest)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return known


def _beginnings(blocks: Sequence[Block]) -> list[tuple[bytes, int]]:
    """For each block the digest and the tokens of everything up to its end."""
    running, total = hashlib.sha256(), 0
    found = list[tuple[bytes, int]]()
    for block in blocks:
        running.update(block.text.encode(errors="surrogatepass") + b"\0")
        total += block.tokens
        found.append((running.digest(), total))
    return found
