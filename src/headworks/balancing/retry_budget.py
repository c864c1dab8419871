"""A bucket that requests fill and retries empty."""

from __future__ import annotations

from headworks.ports.clock import Clock


class RetryBucket:
    """`ports.balancing.RetryBudget`: each request adds `ratio` of a retry, `floor` retries a second come for free, and what is
    unspent for ten seconds is worth no more.
    """

    SECONDS = 10.0

    def __init__(self, clock: Clock, ratio: float = 0.2, floor: float = 10.0) -> None:
        self._clock = clock
        self._ratio = ratio
        self._floor = floor
        self._most = floor * self.SECONDS
        self._level = self._most
        self._seen = clock.now()

    def deposit(self) -> None:
        """A request came in."""
        self._level = min(self._level + self._ratio, self._most)

    def withdraw(self) -> bool:
        """May one more retry be made?"""
        now = self._clock.now()
        self._level = min(self._level + (now - self._seen) * self._floor, self._most)
        self._seen = now
        if self._level < 1.0:
            return False
        self._level -= 1.0
        return True
