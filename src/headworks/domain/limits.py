"""Rates as pure arithmetic."""

from __future__ import annotations

import msgspec


class Gcra(msgspec.Struct, frozen=True, gc=False):
    """The generic cell rate algorithm: `limit` units per `period` seconds, a full period's worth as burst.

    The only state is one theoretical arrival time; all times are seconds of one monotonic clock.
    """

    limit: int
    period: float

    def wait(self, at: float, now: float, amount: int) -> float:
        """Seconds until `amount` would pass; 0 if now. More than `limit` at once passes only when the bucket is full,
        and then overdraws it: a large request is slowed, not refused for ever.
        """
        ahead = max(at, now) - now
        need = min(amount, self.limit) * self.period / self.limit
        return max(0.0, ahead + need - self.period)

    def take(self, at: float, now: float, amount: int) -> float:
        """The new theoretical arrival time after taking `amount`."""
        return max(at, now) + amount * self.period / self.limit
