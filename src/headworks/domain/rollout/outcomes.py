"""What exchanges say of the versions that served them, summed up by rollout and version."""

from __future__ import annotations

from collections.abc import Iterable
from math import log

import msgspec

from headworks.domain.exchange import Exchange
from headworks.domain.outcome import Ending
from headworks.domain.rollout.gates import Arm, Evidence, Gate, ShareGate
from headworks.domain.rollout.means import Sums
from headworks.domain.rollout.rollout import Rollout
from headworks.domain.versions import Merit

_GUARD = "guard_blocked"


class Outcomes(msgspec.Struct):
    """Of one version in one rollout."""

    outcomes: int = 0
    shares: dict[str, int] = {}
    means: dict[str, list[float]] = {}

    @property
    def arm(self) -> Arm:
        """As evidence takes it."""
        means = {name: Sums.of(values) for name, values in self.means.items()}
        return Arm(outcomes=self.outcomes, shares=dict(self.shares), means=means)

    def add(self, exchange: Exchange) -> None:
        """One more. What the gateway itself refused, and what clients gave up, says nothing; what a guard of the version blocked does."""
        guarded = exchange.fault == _GUARD
        if not exchange.merit and not guarded:
            return
        self.outcomes += 1
        served = exchange.merit == Merit.SERVED and exchange.ending == Ending.FINISHED
        for name, holds in (
            ("errors", exchange.merit == Merit.FAILED),
            ("refusals", exchange.ending == Ending.REFUSED and not guarded),
            ("guard_events", guarded),
            ("empty", served and not exchange.usage.output),
        ):
            if holds:
                self.shares[name] = self.shares.get(name, 0) + 1
        if served:
            for name, value in _measured(exchange):
                self.means.setdefault(name, []).append(log(value))


Told = dict[tuple[str, str], Outcomes]
"""By rollout and version."""


def count(exchange: Exchange, told: Told) -> None:
    """One that a rollout assigned."""
    key = exchange.rollout, exchange.version
    found = told.get(key)
    if found is None:
        found = told[key] = Outcomes()
    found.add(exchange)


def watched(rollout: Rollout) -> tuple[Gate, ...]:
    """All that evidence is gathered for: what the plan asks for, and errors, for the circuit."""
    plan = rollout.plan
    objective = (plan.objective,) if plan.objective is not None else ()
    wanted: Iterable[Gate] = (*plan.gates, *objective, ShareGate("errors"))
    return tuple({gate.of: gate for gate in reversed(tuple(wanted))}.values())


def advanced(rollout: Rollout, evidence: Evidence, told: Told) -> Evidence:
    """With one block more: what all arms were told of."""
    gates = watched(rollout)

    def arm(version: str) -> Arm:
        return told.get((rollout.id, version), Outcomes()).arm

    baseline = arm(rollout.baseline)
    if not (rollout.others or evidence.others):
        return evidence.after(baseline, arm(rollout.candidate), gates)
    arms = {*evidence.others, rollout.candidate, *rollout.others}
    others = {
        version: evidence.others.get(version, Evidence()).after(baseline, arm(version), gates) for version in sorted(arms)
    }
    return msgspec.structs.replace(others[rollout.candidate], others=others)


def _measured(exchange: Exchange) -> Iterable[tuple[str, float]]:
    if exchange.first_token_at > 0.0:
        yield "first_token", exchange.first_token_at
        writing = exchange.duration - exchange.first_token_at
        if exchange.gaps and writing > 0.0:
            yield "inter_token", writing / exchange.gaps
    if exchange.cost > 0:
        yield "cost", float(exchange.cost)
