"""What providers' rate limits leave, by their own word and by what was sent since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from headworks.domain.pause import number_of, seconds_until
from headworks.domain.rate_headers import RateHeaders
from headworks.domain.reply import HeaderList

TIGHT = 0.05
"""Seconds that the barrier is where half of a limit is used: it grows as u/(1-u)."""
FULLEST = 0.95
"""Utilisation beyond which it grows no more: from there on the wait counts."""
LONGEST = 86_400.0
MINUTE = 60.0
_KNOWN = 4096
"""Targets that are remembered."""


class Mark(NamedTuple):
    """What had been sent to a target when an attempt was sent: what its answer tells is as of then."""

    at: float
    requests: int
    tokens: int


class Bucket(msgspec.Struct, frozen=True, gc=False):
    """One limit, as of `at` (monotonic seconds). It fills evenly, `rate` units a second."""

    limit: float
    remaining: float
    rate: float
    at: float

    def fresh(self, now: float) -> bool:
        """Whether it is no longer ago than an empty one takes to fill: after that only an answer can tell."""
        return (now - self.at) * self.rate <= self.limit

    def left(self, sent: float, now: float) -> float:
        """Units that are free now, where so many were sent since."""
        return min(self.limit, self.remaining + max(now - self.at, 0.0) * self.rate) - sent

    def barrier(self, need: float, sent: float, now: float) -> float:
        """Seconds: some hundredths that grow with how full the limit is, and the wait until `need` is free, where it is not."""
        left, need = self.left(sent, now), min(need, self.limit)
        used = min(max(1.0 - left / self.limit, 0.0), FULLEST)
        return TIGHT * used / (1.0 - used) + min(max(need - left, 0.0) / self.rate, LONGEST)


class _Standing(msgspec.Struct):
    """What is known of one target."""

    requests: int = 0
    """Sent to it, ever; `tokens` likewise."""
    tokens: int = 0
    mark: Mark = Mark(0.0, 0, 0)
    buckets: dict[str, Bucket] = {}
    closed_until: float = 0.0


class Headroom:
    """One per gateway process. Times are monotonic seconds, given by whoever asks. A target that says nothing has no barrier."""

    def __init__(self, named: Sequence[RateHeaders] = ()) -> None:
        """`named` are the headers to look for."""
        self._named = named
        self.quiet = True
        """No target has said anything of its limits yet: none needs to be asked about."""
        self._standings: dict[str, _Standing] = {}

    def barrier(self, target_name: str, tokens: int, now: float) -> float:
        """Seconds that a request of so many tokens is held up by the target's limits: 0 fine, up to one near a limit, and the wait besides
        where it is used up.
        """
        standing = self._standings.get(target_name)
        if standing is None or not (standing.buckets or standing.closed_until):
            return 0.0
        _, requests, sent_tokens = standing.mark
        needs = {"requests": (1, standing.requests - requests), "tokens": (tokens, standing.tokens - sent_tokens)}
        barrier = max(standing.closed_until - now, 0.0)
        for unit, bucket in standing.buckets.items():
            if bucket.fresh(now):
                barrier = max(barrier, bucket.barrier(*needs[unit], now))
        return barrier

    def sent(self, target_name: str, tokens: int, now: float) -> Mark:
        """An attempt leaves. The mark goes to `heard` with what is answered."""
        standing = self._of(target_name)
        standing.requests += 1
        standing.tokens += tokens
        return Mark(now, standing.requests, standing.tokens)

    def heard(self, target_name: str, headers: HeaderList, now: float, mark: Mark | None = None) -> None:
        """A target answered. Without a mark everything that was sent is taken to be in what it says. What is older than what is known
        already, or not understood, changes nothing.
        """
        standing = self._of(target_name)
        said = dict(headers)
        pause = _said(said, b"retry-after")
        if pause:
            closed = seconds_until(pause, _said(said, b"date")) or 0.0
            self.quiet = False
            standing.closed_until = max(standing.closed_until, now + min(closed, LONGEST))
        mark = mark or Mark(now, standing.requests, standing.tokens)
        if mark.at < standing.mark.at:
            return
        buckets = {named.unit: bucket for named in self._named if (bucket := _bucket(named, said, mark.at)) is not None}
        if buckets:
            self.quiet = False
            standing.mark, standing.buckets = mark, buckets

    def _of(self, target_name: str) -> _Standing:
        standing = self._standings.get(target_name)
        if standing is None:
            if len(self._standings) >= _KNOWN:
                del self._standings[next(iter(self._standings))]
            standing = self._standings[target_name] = _Standing()
        return standing


def _bucket(named: RateHeaders, said: dict[bytes, bytes], at: float) -> Bucket | None:
    """What an answer says of one limit; None where it does not. Some say 0 or -1 of what they do not know: a limit has to be more than
    that, and that nothing is left is believed only with a time at which there will be.
    """
    limit = number_of(_said(said, named.limit))
    remaining = number_of(_said(said, named.remaining))
    if limit is None or limit <= 0.0 or remaining is None or remaining < 0.0:
        return None
    reset = seconds_until(_said(said, named.reset), _said(said, b"date"))
    if not remaining and not reset:
        return None
    remaining = min(max(remaining - named.coarse // 2, 0.0), limit)
    filling = (limit - remaining) / reset if reset is not None and reset > 0.0 and remaining < limit else limit / MINUTE
    return Bucket(limit, remaining, max(filling, limit / LONGEST), at)


def _said(said: dict[bytes, bytes], name: bytes) -> str:
    return said.get(name, b"").decode("latin-1").strip()
