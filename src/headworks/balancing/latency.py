"""How long a target takes to its first token: `a + b·tokens`, learnt from what it does."""

from __future__ import annotations

PRIOR_BASE = 0.05
PRIOR_PER_TOKEN = 1 / 15_000
"""Seconds: a model of middle size on a large card."""
_SCALE = 1_000.0
"""Tokens are counted by the thousand, so that both unknowns are of one size."""
_FORGETTING = 0.998
_LEAST_PER_TOKEN = 1e-7
_DOUBT = (0.02, 0.01)
"""Variance of the prior's two numbers, in seconds squared: a speed that is four times wrong is found out by a few answers."""
_NOISE = 0.05
"""Seconds that two equal requests differ by at the least."""
_CLIP = 3.0


class Latency:
    """Recursive least squares with forgetting. Errors are relative: half a second matters to a short wait, and not to a long one."""

    __slots__ = ("_p00", "_p01", "_p11", "_spread", "base", "per_token", "seen")

    def __init__(self, base: float = PRIOR_BASE, per_token: float = PRIOR_PER_TOKEN) -> None:
        self.base = base
        self.per_token = per_token
        self.seen = 0
        """Observations so far."""
        self._p00 = _DOUBT[0]
        self._p01 = 0.0
        self._p11 = _DOUBT[1]
        self._spread = 1.0
        """Running mean of the squared relative error."""

    def predict(self, tokens: float) -> float:
        """Seconds."""
        return self.base + self.per_token * tokens

    def learn(self, tokens: float, seconds: float, trust: float = 1.0) -> None:
        """It took so long with so much to read before the first token, the queue's included. `trust`, up to 1, is how sure that is."""
        expected = self.predict(tokens)
        weight = trust**0.5 / (_NOISE + min(expected, seconds))
        x0, x1 = weight, tokens / _SCALE * weight
        error = (seconds - expected) * weight
        bound = _CLIP * self._spread**0.5
        if self.seen:
            error = min(max(error, -bound), bound)
        p0, p1 = self._p00 * x0 + self._p01 * x1, self._p01 * x0 + self._p11 * x1
        gain = 1.0 / (_FORGETTING + x0 * p0 + x1 * p1)
        self.base = max(self.base + p0 * gain * error, 0.0)
        self.per_token = max(self.per_token + p1 * gain * error / _SCALE, _LEAST_PER_TOKEN)
        self._p00 = min((self._p00 - p0 * p0 * gain) / _FORGETTING, _DOUBT[0])
        self._p11 = min((self._p11 - p1 * p1 * gain) / _FORGETTING, _DOUBT[1])
        most = (self._p00 * self._p11) ** 0.5  # of what has been cut above, so that no direction is taken for known too well
        self._p01 = min(max((self._p01 - p0 * p1 * gain) / _FORGETTING, -most), most)
        self._spread += (error * error - self._spread) * 0.05
        self._spread = max(self._spread, 0.01)
        self.seen += 1
