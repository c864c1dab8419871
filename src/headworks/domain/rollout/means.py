"""By how much two arms' means differ, by intervals that hold at all times at once.

Asymptotic confidence sequences (Waudby-Smith and others, arXiv 2103.06476): the chance that the true difference is ever outside is at most
α, once there are enough observations for sums to be about normal.
"""

from __future__ import annotations

from math import inf, log, sqrt
from typing import NamedTuple

import msgspec

ENOUGH = 50
"""Observations of each arm before anything is said."""
_TIGHTEST = 500.0
"""Observations at which the interval is narrowest for its level."""


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """Of one arm's observations; adding two makes those of both."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, values: list[float]) -> Sums:
        """Of these."""
        return cls(count=len(values), total=sum(values), squares=sum([value * value for value in values]))

    def __add__(self, other: Sums) -> Sums:
        return Sums(count=self.count + other.count, total=self.total + other.total, squares=self.squares + other.squares)

    @property
    def mean(self) -> float:
        """0 of none."""
        return self.total / self.count if self.count else 0.0

    @property
    def variance(self) -> float:
        """Never 0: what has not varied yet may."""
        return max(self.squares / self.count - self.mean**2, 1e-9) if self.count else 1e-9


class Interval(NamedTuple):
    """In which a difference lies."""

    low: float
    high: float


NOTHING_KNOWN = Interval(-inf, inf)


def difference(baseline: Sums, candidate: Sums, alpha: float) -> Interval:
    """Of the candidate's mean to the baseline's."""
    if min(baseline.count, candidate.count) < ENOUGH:
        return NOTHING_KNOWN
    error = sqrt(baseline.variance / baseline.count + candidate.variance / candidate.count)
    pairs = 2.0 / (1.0 / baseline.count + 1.0 / candidate.count)
    margin = error * sqrt(pairs) * _width(pairs, alpha)
    between = candidate.mean - baseline.mean
    return Interval(between - margin, between + margin)


def detectable(baseline: Sums, pairs: float, alpha: float) -> float:
    """The smallest difference that so many observations of each arm would show, where both vary as the baseline does."""
    return sqrt(2.0 * baseline.variance) * 2.0 * _width(pairs, alpha) if baseline.count and pairs >= 1.0 else inf


def _width(pairs: float, alpha: float) -> float:
    """Half of the interval's width, by one standard deviation of a pair."""
    rho2 = (-2.0 * log(alpha) + log(-2.0 * log(alpha)) + 1.0) / _TIGHTEST
    grown = pairs * rho2 + 1.0
    return sqrt(2.0 * grown / (pairs * pairs * rho2) * log(sqrt(grown) / alpha))
