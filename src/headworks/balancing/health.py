"""How targets are doing: cooldown after «come back later», a circuit after failures in a row, ejection of those that do badly beside
their peers, and a share that rises slowly when they come back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from headworks.balancing.condition import Circuit, Condition
from headworks.balancing.pace import Paces
from headworks.domain.errors import Blame, Fault, FaultClass
from headworks.domain.snapshot import Breaker
from headworks.domain.target import Target
from headworks.ports.clock import Clock

KNOWN = 4096
"""Targets that are remembered before those that are simply well are forgotten."""
PROBE_SECONDS = 1.0
"""Between two probes of a target while all of a model's are behind open circuits: the fault may have been ours, and be over."""
PANIC_SECONDS = 10.0
"""How long a model is said to be in panic after the last request that found it so."""
_VALUES = {Circuit.CLOSED: 1.0, Circuit.HALF_OPEN: 0.5, Circuit.OPEN: 0.0}


def _unheard(_words: str) -> None:
    """Nobody is told."""


class HealthBook:
    """`ports.balancing.Health` for one gateway process. Targets are known by name, so a reload forgets nothing."""

    def __init__(self, clock: Clock, breaker: Callable[[], Breaker] = Breaker, tell: Callable[[str], None] = _unheard) -> None:
        """`breaker` gives the settings in force; `tell` hears what an operator should know."""
        self._clock = clock
        self.breaker = breaker
        self._tell = tell
        self._conditions: dict[str, Condition] = {}
        self._models: dict[str, str] = {}
        """What each target is sent as its model."""
        self._paces = Paces()
        self._troubled: set[str] = set()
        """Names that are not simply well: while it is empty nothing needs to be looked up."""
        self._panics: dict[str, float] = {}
        """Models of which more look bad than may be left alone → when that was last seen."""

    @property
    def calm(self) -> bool:
        """Nothing is known against any target."""
        return not self._troubled

    def inflight(self, target: Target) -> int:
        """Attempts under way."""
        return self._of(target).inflight

    def available(self, target: Target) -> bool:
        """Neither cooling down nor behind an open circuit, unless a probe may go: else it would never be asked beside others again. Who is
        ejected, `fit` leaves out.
        """
        if target.name not in self._troubled:
            return True
        return self._of(target).cooling_until <= self._clock.now() and self.reopens_in(target) <= 0.0

    def share(self, target: Target) -> float:
        """How much of its share it is to get, above 0 and up to 1."""
        if target.name not in self._troubled:
            return 1.0
        return self._of(target).risen(self._clock.now(), self.breaker().ramp)

    def fit(self, model: str, targets: Sequence[Target]) -> Sequence[Target]:
        """See `Health`."""
        if not self._troubled:
            return targets
        now = self._clock.now()
        closed = [target for target in targets if self.reopens_in(target) <= 0.0]
        if not closed and len(targets) > 1:
            return self._probed(model, targets, now)
        kept = [target for target in closed if not self._of(target).ejected(now)]
        if len(kept) == len(closed) or 2 * len(kept) >= len(targets):
            return kept
        if len(targets) > 1:
            self._panic(model, now)
        return closed

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
        """An attempt starts; on an open circuit it is the probe."""
        condition = self._of(target)
        condition.inflight += 1
        if condition.circuit is Circuit.OPEN:
            condition.circuit = Circuit.HALF_OPEN

    def ended(self, target: Target, fault: Fault | None, first: float | None) -> None:
        """An attempt is over."""
        condition = self._of(target)
        condition.inflight -= 1
        if fault is None or fault.row.blame is Blame.CALLER:
            self._served(target, condition)
        elif fault.row.blame is Blame.UPSTREAM:
            self._failed(condition, fault)
            self._troubled.add(target.name)
        elif condition.circuit is Circuit.HALF_OPEN:
            # The probe told nothing: let another one go.
            condition.circuit = Circuit.OPEN
        if condition.ejected(self._clock.now()):
            return  # what was under way when it was ejected says nothing new
        if first is not None and self._tells_of_pace(condition, fault, first):
            self._paces.note(condition, first)
        self._judge(target, condition, fault)

    def conditions(self) -> Iterator[tuple[str, Condition]]:
        """Name and condition of every target seen."""
        return iter(self._conditions.items())

    def gauge(self, condition: Condition) -> float:
        """1 in use, 0.5 on probation, 0 where nothing is sent: an open circuit, a cooldown, an ejection."""
        aside = max(condition.cooling_until, condition.ejected_until) > self._clock.now()
        return 0.0 if aside else _VALUES[condition.circuit]

    def panics(self) -> tuple[str, ...]:
        """Models of which so many targets look bad that the fault is probably ours."""
        now = self._clock.now()
        return tuple(model for model, at in self._panics.items() if now - at < PANIC_SECONDS)

    def _served(self, target: Target, condition: Condition) -> None:
        """It answered. A refusal of the caller's own making shows as well that it is alive."""
        now, ramp = self._clock.now(), self.breaker().ramp
        if condition.circuit is not Circuit.CLOSED:
            condition.circuit = Circuit.CLOSED
            condition.come_back(now)
        condition.failures = condition.unwelcome = 0
        condition.open_for = 0.0
        if self._troubled and condition.well(now, ramp):
            self._troubled.discard(target.name)

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
                condition.come_back(condition.cooling_until)
            return
        condition.failures += 1
        if condition.circuit is Circuit.OPEN:
            return  # an attempt from before it opened: it says nothing new
        early = condition.circuit is Circuit.HALF_OPEN and now < condition.open_until
        if early:
            condition.circuit = Circuit.OPEN
            condition.probed_at = now
        elif condition.circuit is Circuit.HALF_OPEN or condition.failures >= breaker.failures:
            condition.open_for = min(condition.open_for * 2.0 or breaker.open_for, breaker.open_cap)
            condition.open_until = now + condition.open_for
            condition.probed_at = now
            condition.circuit = Circuit.OPEN

    def _tells_of_pace(self, condition: Condition, fault: Fault | None, first: float) -> bool:
        """Whoever was left by its caller, or lost a race, had at least that long: it counts where it is long."""
        return fault is None or (fault.row.blame is Blame.NOBODY and first > condition.median)

    def _judge(self, target: Target, condition: Condition, fault: Fault | None) -> None:
        """Eject it where it does badly."""
        breaker = self.breaker()
        if self._counted(condition, fault):
            what = f"{condition.last} again and again"
        elif breaker.slower and self._paces.lags(target.model, condition, breaker.slower):
            what = f"first words after {condition.median:.1f} s, {breaker.slower:g} times its peers'"
        else:
            if condition.samples >= breaker.samples and condition.share <= breaker.error_share:
                condition.ejections = 0
            return
        now = self._clock.now()
        condition.eject(now, breaker)
        self._troubled.add(target.name)
        self._tell(f"target '{target.name}' is left alone for {condition.ejected_until - now:.0f} s: {what}")

    def _counted(self, condition: Condition, fault: Fault | None) -> bool:
        """Whether that was one failure too many."""
        if fault is None or fault.row.blame is Blame.CALLER:
            return condition.count(self.breaker(), failed=False)
        if fault.row.blame is not Blame.UPSTREAM or fault.kind is FaultClass.THROTTLED:
            return False
        condition.unwelcome = condition.unwelcome + 1 if fault.code == "upstream_credentials" else 0
        return condition.count(self.breaker(), failed=True)

    def _probed(self, model: str, targets: Sequence[Target], now: float) -> Sequence[Target]:
        """Of targets that are all behind open circuits, those that may be probed before their time."""
        self._panic(model, now)
        return [
            target
            for target in targets
            if (condition := self._of(target)).circuit is Circuit.OPEN and now - condition.probed_at >= PROBE_SECONDS
        ]

    def _panic(self, model: str, now: float) -> None:
        last = self._panics.get(model)
        if last is None or now - last >= PANIC_SECONDS:
            self._tell(
                f"model '{model}': most targets look bad, which is likelier to be a fault of this gateway or its network than of all of "
                "them. Nobody is left alone for doing worse than others."
            )
        if last is None and len(self._panics) >= KNOWN:
            self._panics.clear()
        self._panics[model] = now

    def _of(self, target: Target) -> Condition:
        condition = self._conditions.get(target.name)
        if condition is None:
            if len(self._conditions) >= KNOWN:
                self._forget_the_well()
            condition = self._conditions[target.name] = Condition(joined_at=self._clock.now())
            self._greet(target, condition)
        return condition

    def _greet(self, target: Target, condition: Condition) -> None:
        """A target that joins peers which have long been at work begins with a small share. When a gateway starts, all are new."""
        now, breaker = self._clock.now(), self.breaker()
        if any(
            now - peer.joined_at >= breaker.ramp and (peer.firsts or peer.samples >= breaker.samples)
            for peer in self._paces.peers(target.model).values()
        ):
            condition.come_back(now)
            self._troubled.add(target.name)
        self._models[target.name] = target.model
        self._paces.join(target.model, target.name, condition)

    def _forget_the_well(self) -> None:
        """Names can be made up by callers, where a provider's models are open to any name: those of whom there is nothing to say go."""
        now, ramp = self._clock.now(), self.breaker().ramp
        for name, condition in list(self._conditions.items()):
            if condition.inflight or condition.failures or not condition.well(now, ramp):
                continue
            del self._conditions[name]
            self._paces.leave(self._models.pop(name), name)
            self._troubled.discard(name)
