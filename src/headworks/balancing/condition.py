"""What is remembered of one target, and the rules that read it. Times are monotonic seconds."""

from __future__ import annotations

from enum import StrEnum
from math import inf

import msgspec

from headworks.domain.snapshot import Breaker

SMOOTHING = 0.1
"""How much the latest attempt counts in the share of failures. Until there are as many, all count alike."""
LEAST_SHARE = 0.1
"""What a target that comes back gets of its share at first."""
CREDENTIALS = 2
"""Refusals of our credential in a row after which nobody else is sent there for a while: one may have been about a single request."""


class Circuit(StrEnum):
    """The three states of a breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """One probe is under way; everyone else still waits."""


class Condition(msgspec.Struct):
    """What is known of one target."""

    joined_at: float = 0.0
    """When it was first sent something."""
    circuit: Circuit = Circuit.CLOSED
    inflight: int = 0
    failures: int = 0
    """In a row."""
    open_until: float = 0.0
    open_for: float = 0.0
    probed_at: float = 0.0
    """When it opened, or last failed a probe."""
    cooling_until: float = 0.0
    last: str = ""
    """The fault that was seen last: a code of `FAULTS`."""
    share: float = 0.0
    """Of failures among recent attempts."""
    samples: int = 0
    unwelcome: int = 0
    """Refusals of our credential in a row."""
    ejections: int = 0
    """In a row: each lasts longer."""
    ejected_until: float = 0.0
    back_at: float = -inf
    """Since when its share rises again."""
    firsts: list[float] = []
    """Seconds to the first content of its latest streams."""
    median: float = 0.0

    def ejected(self, now: float) -> bool:
        """Whether it does so badly beside its peers that it gets nothing while there are enough of them."""
        return now < self.ejected_until

    def risen(self, now: float, ramp: float) -> float:
        """What it gets of its share, 0 to 1."""
        since = now - self.back_at
        return 1.0 if since >= ramp else max(LEAST_SHARE, since / ramp)

    def well(self, now: float, ramp: float) -> bool:
        """Nothing is to be said against it."""
        return (
            self.circuit is Circuit.CLOSED
            and max(self.cooling_until, self.ejected_until) <= now
            and self.risen(now, ramp) >= 1.0
        )

    def count(self, breaker: Breaker, *, failed: bool) -> bool:
        """Count an attempt. Whether it was one failure too many: more than can be borne have failed, or it does not let us in."""
        self.samples += 1
        self.share += (failed - self.share) * max(SMOOTHING, 1.0 / self.samples)
        erring = self.samples >= breaker.samples and self.share > breaker.error_share
        return failed and (erring or self.unwelcome >= CREDENTIALS)

    def eject(self, now: float, breaker: Breaker) -> None:
        """Leave it alone, each time longer, and forget what it was like."""
        self.ejections += 1
        self.ejected_until = now + min(self.ejections * breaker.eject_for, breaker.eject_cap)
        self.come_back(self.ejected_until)

    def come_back(self, at: float) -> None:
        """Begin anew then, with a small share."""
        self.back_at = at
        self.samples = self.unwelcome = 0
        self.share = 0.0
        self.firsts.clear()
