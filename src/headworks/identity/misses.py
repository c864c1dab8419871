"""Keys that nobody holds: remembered for a while, and those who send many of them slowed down."""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from headworks.domain.errors import Fault
from headworks.domain.records import Ended
from headworks.ports.clock import Clock

_REMEMBERED = 60.0
"""Seconds. Far longer than needed against repetition, far shorter than anybody waits for a clock to be put right."""


class Misses:
    """Digests that no record has. Any change to a key or a party may make one a hit, so each change makes all of them doubtful."""

    def __init__(self, clock: Clock, most: int) -> None:
        self.generation = 0
        self._clock = clock
        self._most = most
        self._missed: OrderedDict[bytes, tuple[int, float, Ended | None]] = OrderedDict()

    def doubt(self) -> None:
        """Something was changed: nothing that was missed before counts."""
        self.generation += 1

    def remember(self, digest: bytes, generation: int, sent: float, why: Ended | None = None) -> None:
        """It was looked for in vain, by a look-up sent at `sent` while `generation` was current. `why`: of a key that is known, and opens
        nothing.
        """
        self._missed[digest] = generation, sent, why
        self._missed.move_to_end(digest)
        if len(self._missed) > self._most:
            self._missed.popitem(last=False)

    def knows(self, digest: bytes, since: float) -> bool:
        """Whether it is known that nobody holds it, by a look-up not sent before `since`."""
        generation, sent, _ = self._missed.get(digest, (-1, 0.0, None))
        return generation == self.generation and sent >= max(since, self._clock.now() - _REMEMBERED)

    def why(self, digest: bytes) -> Ended | None:
        """As it was remembered."""
        return self._missed[digest][2]


class _Bucket(msgspec.Struct):
    left: float
    at: float


class Guesses:
    """How many unknown keys one address may try, and all together: a token bucket each."""

    def __init__(
        self, clock: Clock, *, peers: int = 4_096, burst: float = 60.0, rate: float = 6.0, all_rate: float = 300.0
    ) -> None:
        """`rate` of one address and `all_rate` of all together in keys a second."""
        self._clock = clock
        self._most = peers
        self._burst, self._rate, self._all_rate = burst, rate, all_rate
        self._peers: OrderedDict[str, _Bucket] = OrderedDict()
        self._all = _Bucket(all_rate * 10, clock.now())

    def admit(self, peer: str) -> None:
        """Raises `Fault` `rate_limit_exceeded` where too many were tried."""
        self._refill(self._all, self._all_rate, self._all_rate * 10)
        bucket = self._peers.get(peer)
        if bucket is not None:
            self._refill(bucket, self._rate, self._burst)
        if self._all.left < 1 or (bucket is not None and bucket.left < 1):
            raise Fault(
                "rate_limit_exceeded",
                "Too many unknown API keys came from here. Check the key that your programs send, and try again in a second.",
                retry_after=1.0,
            )

    def charge(self, peer: str) -> None:
        """One more was tried in vain."""
        bucket = self._peers.get(peer)
        if bucket is None:
            bucket = self._peers[peer] = _Bucket(self._burst, self._clock.now())
            if len(self._peers) > self._most:
                self._peers.popitem(last=False)
        self._peers.move_to_end(peer)
        bucket.left -= 1
        self._all.left -= 1

    def _refill(self, bucket: _Bucket, rate: float, burst: float) -> None:
        now = self._clock.now()
        bucket.left = min(burst, bucket.left + (now - bucket.at) * rate)
        bucket.at = now
