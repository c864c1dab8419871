"""How targets are doing: cooldown after «come back later», a circuit after failures in a row, half-open probes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum

import msgspec

from headworks.domain.errors import Blame, Fault, FaultClass
from headworks.domain.snapshot import Breaker
from headworks.domain.target import Target
from headworks.ports.clock import Clock

KNOWN = 4096
"""Targets that are remembered before those that are simply well are forgotten."""


class Circuit(StrEnum):
    """The three states of a breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """One probe is under way; everyone else still waits."""


class Condition(msgspec.Struct, gc=False):
    """What is known of one target. Times are monotonic seconds."""

    circuit: Circuit = Circuit.CLOSED
    inflight: int = 0
    failures: int = 0
    open_until: float = 0.0
    open_for: float = 0.0
    cooling_until: float = 0.0
    last: str = ""
    """The fault that was seen last: a code of `FAULTS`."""


class HealthBook:
    """`ports.balancing.Health` for one gateway process. Targets are known by name, so a reload forgets nothing."""

    def __init__(self, clock: Clock, breaker: Callable[[], Breaker] = Breaker) -> None:
        """`breaker` gives the settings in force."""
        self._clock = clock
        self.breaker = breaker
        self._conditions: dict[str, Condition] = {}
        self._troubled: set[str] = set()
        """Names that are not simply well: while it is empty nothing needs to be looked up."""

    @property
    def calm(self) -> bool:
        """Nothing is known against any target."""
        return not self._troubled

    def inflight(self, target: Target) -> int:
        """Attempts under way."""
        return self._of(target).inflight

    def available(self, target: Target) -> bool:
        """Neither cooling down nor behind an open circuit."""
        if target.name not in self._troubled:
            return True
        condition = self._of(target)
        return condition.circuit is Circuit.CLOSED and condition.cooling_until <= self._clock.now()

    def reopens_in(self, target: Target) -> float:
        """Seconds until an attempt is allowed: 0 while the circuit is closed or a probe may go."""
        if target.name not in self._troubled:
            return 0.0
        condition = self._of(target)
        if condition.circuit is Circuit.CLOSED:
            return 0.0
        left = condition.open_until - self._clock.now()
        if left <= 0.0 and condition.circuit is Circuit.OPEN:
            return 0.0
        return max(left, 1.0)

    def last_fault(self, target: Target) -> str:
        """The code of the fault that was seen last, empty if none was."""
        return self._of(target).last

    def began(self, target: Target) -> None:
        """An attempt starts; on an open circuit whose time is up it is the probe."""
        condition = self._of(target)
        condition.inflight += 1
        if condition.circuit is Circuit.OPEN:
            condition.circuit = Circuit.HALF_OPEN

    def ended(self, target: Target, fault: Fault | None, seconds: float) -> None:  # noqa: ARG002 - latency-aware pickers will read it
        """An attempt is over."""
        condition = self._of(target)
        condition.inflight -= 1
        if fault is None or fault.row.blame is Blame.CALLER:
            # A refusal of the caller's own making shows that the target is alive.
            condition.circuit = Circuit.CLOSED
            condition.failures = 0
            condition.open_for = 0.0
            if self._troubled and condition.cooling_until <= self._clock.now():
                self._troubled.discard(target.name)
        elif fault.row.blame is Blame.UPSTREAM:
            self._failed(condition, fault)
            self._troubled.add(target.name)
        elif condition.circuit is Circuit.HALF_OPEN:
            # The probe told nothing: let another one go.
            condition.circuit = Circuit.OPEN

    def conditions(self) -> Iterator[tuple[str, Condition]]:
        """Name and condition of every target seen."""
        return iter(self._conditions.items())

    def _failed(self, condition: Condition, fault: Fault) -> None:
        now, breaker = self._clock.now(), self.breaker()
        condition.last = fault.code
        if fault.kind is FaultClass.THROTTLED:
            pause = breaker.cooldown if fault.retry_after is None else fault.retry_after
            condition.cooling_until = max(condition.cooling_until, now + min(pause, breaker.cooldown_cap))
            if condition.circuit is Circuit.HALF_OPEN:
                # It answers, so it is alive; it only wants peace.
                condition.circuit = Circuit.CLOSED
                condition.failures = 0
            return
        condition.failures += 1
        if condition.circuit is Circuit.OPEN:
            return  # an attempt from before it opened: it says nothing new
        if condition.circuit is Circuit.HALF_OPEN or condition.failures >= breaker.failures:
            condition.open_for = min(condition.open_for * 2.0 or breaker.open_for, breaker.open_cap)
            condition.open_until = now + condition.open_for
            condition.circuit = Circuit.OPEN

    def _of(self, target: Target) -> Condition:
        condition = self._conditions.get(target.name)
        if condition is None:
            if len(self._conditions) >= KNOWN:
                self._forget_the_well()
            condition = self._conditions[target.name] = Condition()
        return condition

    def _forget_the_well(self) -> None:
        """Names can be made up by callers, where a provider's models are open to any name: those of whom there is nothing to say go."""
        now = self._clock.now()
        self._conditions = {
            name: condition
            for name, condition in self._conditions.items()
            if condition.inflight
            or condition.failures
            or condition.circuit is not Circuit.CLOSED
            or condition.cooling_until > now
        }
        self._troubled &= self._conditions.keys()
