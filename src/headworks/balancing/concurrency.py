"""How many requests each target is given at once: a number, or what is learnt from how it answers."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from headworks.domain.engine_load import EngineLoad
from headworks.domain.errors import FaultClass
from headworks.domain.target import Target
from headworks.domain.usage import Usage
from headworks.ports.clock import Clock

START, LEAST, MOST = 20.0, 4.0, 200.0
WINDOW = 20
"""Answers whose median is looked at together."""
_TOLERANCE = 1.5
"""Slower than usual by so much is not yet a queue."""
_STEEPEST = 0.5
_BACK_OFF = 0.9
_PROBE_EVERY, _FIRST_PROBE = 30, 3
"""Windows after which the usual is measured anew."""
KNOWN = 4096

Loads = Callable[[Target], EngineLoad | None]
"""What a target's engine said of itself last; None where nobody asks it."""
Expected = Callable[[Target, int], float | None]
"""Seconds to the first token of a prompt of so many at an idle target; None where that is not known."""


def unpolled(_target: Target) -> EngineLoad | None:
    """Of engines that nobody asks."""
    return None


def unknown(_target: Target, _tokens: int) -> float | None:
    """Of targets whose speed nobody has learnt."""
    return None


class Trend(msgspec.Struct, gc=False):
    """How slow a target is of late, and how slow it is when it is not made to wait: in any unit that is the same for all."""

    usual: float = 0.0
    latest: list[float] = []

    def hear(self, slowness: float) -> float | None:
        """Of one answer. The median of a window, once it is full."""
        self.latest.append(slowness)
        if len(self.latest) < WINDOW:
            return None
        self.latest.sort()
        median = self.latest[WINDOW // 2]
        if not self.usual:
            self.usual = self.latest[0]  # more than it can take at once may have been sent from the beginning
        self.usual = min(self.usual, median)
        self.latest.clear()
        return median


class Allowance(msgspec.Struct, gc=False):
    """Of one target: how many are under way, and how many may be.

    Learnt by gradients (after Netflix's Gradient2 and Envoy's filter) from times to the first token, of whole answers from the seconds a
    token: less while the target is slower than usual, a little more otherwise. What is usual is measured anew now and then with half as
    many under way. A provider that has said «too many requests» is believed, and not timed: a tenth less each time, one more for each
    round without.
    """

    out: int = 0
    limit: float = START
    most: float = MOST
    streamed: Trend = msgspec.field(default_factory=Trend)
    """By seconds to the first token; below, by how many times as long that took as it should have at an idle target."""
    predicted: Trend = msgspec.field(default_factory=Trend)
    whole: Trend = msgspec.field(default_factory=Trend)
    windows: int = 0
    probing_since: float | None = None
    """While the usual is measured: since when half as many are sent."""
    throttled_at: float | None = None

    @property
    def now(self) -> int:
        """How many may be under way now."""
        return int(self.limit / 2.0 if self.probing_since is not None else self.limit)

    def heard(self, trend: Trend, slowness: float, sent_at: float, now: float) -> None:
        """One more answer, to what was sent then."""
        if self.throttled_at is not None:
            self._move(self.limit + 1.0 / self.limit)
            return
        if self.probing_since is not None and sent_at < self.probing_since:
            return
        used = self.out >= self.now / 2.0
        median = trend.hear(slowness)
        if median is None or not used:
            return  # a limit that nobody comes near is not tried
        if self.probing_since is not None:
            trend.usual, self.probing_since = median, None
            return
        gradient = max(_STEEPEST, min(1.0, _TOLERANCE * trend.usual / median)) if median else 1.0
        self._move(self.limit * gradient + self.limit**0.5)
        self.windows += 1
        if self.windows % _PROBE_EVERY == _FIRST_PROBE:
            self.probing_since = now
            trend.latest.clear()

    def throttled(self, sent_at: float, now: float) -> None:
        """The provider wants fewer. What was sent before it said so last tells nothing new."""
        if self.throttled_at is None or sent_at > self.throttled_at:
            self.throttled_at, self.probing_since = now, None
            self._move(min(self.limit, float(self.out)) * _BACK_OFF)

    def bound(self, most: float) -> None:
        """No more than that from now on."""
        if most != self.most:
            self.most = most
            self._move(self.limit)

    def _move(self, limit: float) -> None:
        self.limit = max(min(LEAST, self.most), min(self.most, limit))


class Permits:
    """Those of all targets, by name: a reload forgets nothing."""

    def __init__(self, clock: Clock, loads: Loads = unpolled, expected: Expected = unknown) -> None:
        self.now = clock.now
        self._loads = loads
        self._expected = expected
        self._allowances: dict[str, Allowance] = {}
        self.on_free: Callable[[], None] = _nobody
        """Hears that one is back: somebody may be admitted."""

    def free(self, target: Target, fixed: int | None) -> int:
        """How many are left, of `fixed` or of what was learnt; below zero where a limit has sunk."""
        allowance = self._of(target)
        if fixed is not None:
            return fixed - allowance.out
        load = self._loads(target)
        allowance.bound(float(load.most_running) if load is not None and load.most_running else MOST)
        return allowance.now - allowance.out

    def take(self, target: Target) -> None:
        """One is out."""
        self._of(target).out += 1

    def give_back(self, target: Target) -> None:
        """One is back."""
        self._of(target).out -= 1
        self.on_free()

    def began(self, target: Target, prompt_tokens: int, sent_at: float) -> None:
        """A streamed answer began."""
        allowance, now = self._of(target), self.now()
        expected = self._expected(target, prompt_tokens)
        if expected is None:
            allowance.heard(allowance.streamed, now - sent_at, sent_at, now)
        else:
            allowance.heard(allowance.predicted, (now - sent_at) / expected, sent_at, now)

    def finished(self, target: Target, usage: Usage | None, sent_at: float) -> None:
        """A whole answer is here."""
        if usage is not None:
            allowance, now = self._of(target), self.now()
            allowance.heard(allowance.whole, (now - sent_at) / (1 + usage.output), sent_at, now)

    def failed(self, target: Target, kind: FaultClass, sent_at: float) -> None:
        """An attempt ended badly."""
        if kind is FaultClass.THROTTLED:
            self._of(target).throttled(sent_at, self.now())

    @property
    def out(self) -> int:
        """How many are out, of all targets."""
        return sum(allowance.out for allowance in self._allowances.values())

    def limits(self) -> dict[str, float]:
        """What was learnt, by target."""
        return {name: allowance.limit for name, allowance in self._allowances.items()}

    def _of(self, target: Target) -> Allowance:
        allowance = self._allowances.get(target.name)
        if allowance is None:
            if len(self._allowances) >= KNOWN:
                self._allowances = {name: known for name, known in self._allowances.items() if known.out}
            allowance = self._allowances[target.name] = Allowance()
        return allowance


def _nobody() -> None:
    """Nobody waits."""
