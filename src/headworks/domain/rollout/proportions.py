"""Whether a candidate fails more often than its baseline, by evidence that may be looked at at any time.

Turner, Ly and Grünwald (arXiv 2106.02693): a product of betting scores, each made of what came before its block alone. Where the candidate
is no worse, the chance that the product ever reaches 1/α is at most α, however often anybody looks.
"""

from __future__ import annotations

from math import log, log1p

import msgspec

_PRIOR = 0.18
"""Failures and successes that each arm is thought to have had: the choice of safestats."""
_LEAST = 1e-9
_HALVINGS = 40


class Proportions(msgspec.Struct, frozen=True, kw_only=True):
    """All outcomes so far, and the logarithm of the evidence. Advanced block by block."""

    baseline: int = 0
    baseline_failures: int = 0
    candidate: int = 0
    candidate_failures: int = 0
    log_evidence: float = 0.0
    most: float = 0.0
    """The most that it has ever been."""

    def after(self, *, baseline: tuple[int, int], candidate: tuple[int, int], margin: float = 0.0) -> Proportions:
        """With one block more: outcomes and failures of each arm. A candidate that is worse by no more than `margin` is not worse."""
        (n_a, k_a), (n_b, k_b) = baseline, candidate
        bet = self._bet(n_a, k_a, n_b, k_b, margin) if n_b and self._could_be_worse(margin) else 0.0
        evidence = self.log_evidence + bet
        return Proportions(
            baseline=self.baseline + n_a,
            baseline_failures=self.baseline_failures + k_a,
            candidate=self.candidate + n_b,
            candidate_failures=self.candidate_failures + k_b,
            log_evidence=evidence,
            most=max(self.most, evidence),
        )

    def proves(self, alpha: float) -> bool:
        """Whether the candidate was ever shown to be worse at that level."""
        return self.most >= -log(alpha)

    def smallest_seen(self, alpha: float, margin: float = 0.0) -> float:
        """By how much more the candidate would have to fail for as many outcomes as these to show it, at best: of what is bet before
        the rates are known something is lost. 1 where they could show nothing.
        """
        if not self.baseline or not self.candidate:
            return 1.0
        if not self._could_be_worse(margin):
            return 1.0
        rate = self._rate
        low, high = min(rate + margin, 1.0), 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2.0
            if self._expected(rate, middle, margin) >= -log(alpha):
                high = middle
            else:
                low = middle
        return high - rate

    @property
    def _rate(self) -> float:
        """At which the baseline fails, as far as it is known."""
        return (self.baseline_failures + _PRIOR) / (self.baseline + 2 * _PRIOR)

    def _could_be_worse(self, margin: float) -> bool:
        """Nothing is bet against a candidate that may fail always: whatever is seen, it is within its margin."""
        return self._rate + margin < 1.0 - 2.0 * _LEAST

    def _expected(self, rate_a: float, rate_b: float, margin: float) -> float:
        """The logarithm of the evidence, where these are the true rates and were known."""
        n_a, n_b = self.baseline, self.candidate
        equal_a, equal_b = _nearest_equal(rate_a, rate_b, n_a, n_b, margin)
        return n_a * _gain(rate_a, equal_a) + n_b * _gain(rate_b, equal_b)

    def _bet(self, n_a: int, k_a: int, n_b: int, k_b: int, margin: float) -> float:
        """The logarithm of what the block says: how likely it is where the candidate is as bad as it seems to be, by how likely where it is not."""
        rate_a = self._rate
        rate_b = max((self.candidate_failures + _PRIOR) / (self.candidate + 2 * _PRIOR), rate_a + margin)
        equal_a, equal_b = _nearest_equal(rate_a, rate_b, n_a, n_b, margin)
        return _likelihood(k_a, n_a, rate_a, equal_a) + _likelihood(k_b, n_b, rate_b, equal_b)


def _nearest_equal(rate_a: float, rate_b: float, n_a: int, n_b: int, margin: float) -> tuple[float, float]:
    """The rates at which the candidate is just not worse that are nearest to these, by relative entropy: halved in, for it is convex."""
    low, high = _LEAST, 1.0 - margin - _LEAST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if n_a * _slope(rate_a, middle) + n_b * _slope(rate_b, middle + margin) > 0.0:
            high = middle
        else:
            low = middle
    return low, low + margin


def _slope(rate: float, other: float) -> float:
    """Of the relative entropy of one rate to another, by the other."""
    return (1.0 - rate) / (1.0 - other) - rate / other


def _likelihood(failures: int, outcomes: int, rate: float, other: float) -> float:
    rate = min(max(rate, _LEAST), 1.0 - _LEAST)
    return failures * log(rate / other) + (outcomes - failures) * (log1p(-rate) - log1p(-other))


def _gain(rate: float, other: float) -> float:
    """Relative entropy of one rate to another."""
    rate = min(max(rate, _LEAST), 1.0 - _LEAST)
    return rate * log(rate / other) + (1.0 - rate) * (log1p(-rate) - log1p(-other))
