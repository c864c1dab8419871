"""Rates as pure arithmetic: the generic cell rate algorithm.

Its only state is one theoretical arrival time `at`; all times are seconds of one monotonic clock. A rate is `limit` units per
`period` seconds, with a full period's worth as burst.
"""

from __future__ import annotations


def wait_for(amount: int, at: float, now: float, limit: int, period: float) -> float:
    """Seconds until `amount` would pass; 0 or less if now. More than `limit` at once passes only when the bucket is full, and then
    overdraws it: a large request is slowed, not refused for ever.
    """
    ahead = at - now if at > now else 0.0
    return ahead + (min(limit, amount)) * period / limit - period


def after_taking(amount: int, at: float, now: float, limit: int, period: float) -> float:
    """The new theoretical arrival time."""
    return (max(now, at)) + amount * period / limit
