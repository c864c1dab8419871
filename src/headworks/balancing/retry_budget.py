"""A bucket that requests fill and retries empty."""

from __future__ import annotations

from collections.abc import Callable

from headworks.domain.retry import RetryBudgetSettings
from headworks.ports.clock import Clock


class RetryBucket:
    """`ports.balancing.RetryBudget`: each request adds `ratio` of a retry, `floor` retries a second come for free, and what is
    unspent for ten seconds is worth no more.
    """

    SECONDS = 10.0

    def __init__(self, clock: Clock, settings: Callable[[], RetryBudgetSettings] = RetryBudgetSettings) -> None:
        """`settings` gives those in force."""
        self._clock = clock
        self._settings = settings
        self._level = settings().floor * self.SECONDS
        self._seen = clock.now()

    def deposit(self) -> None:
        """A request came in."""
        settings = self._settings()
        self._level = min(self._level + settings.ratio, self._most(settings))

    def withdraw(self) -> bool:
        """May one more retry be made?"""
        settings, now = self._settings(), self._clock.now()
        self._level = min(self._level + (now - self._seen) * settings.floor, self._most(settings))
        self._seen = now
        if self._level < 1.0:
            return False
        self._level -= 1.0
        return True

    def _most(self, settings: RetryBudgetSettings) -> float:
        return max(settings.floor * self.SECONDS, 1.0)  # without a floor, requests alone must be able to pay for a retry
