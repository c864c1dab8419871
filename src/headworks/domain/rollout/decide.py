"""What follows from the evidence: on, back, or a question to somebody. Absence of evidence is never success."""

from __future__ import annotations

from headworks.domain.rollout.breakage import broken_by
from headworks.domain.rollout.compare import compared, raced
from headworks.domain.rollout.gates import Evidence, MeanGate
from headworks.domain.rollout.means import ENOUGH, Sums
from headworks.domain.rollout.rollout import Move, Rollout, State, Step

DRAIN = 60.0
"""Seconds that answers under way are given when a candidate is taken back."""
WARM = 5.0
"""Seconds that a candidate is looked at before anybody is served by it."""
_SERVING = frozenset((State.SHADOW, State.CANARY, State.AB, State.BAKE))


def decide(rollout: Rollout, evidence: Evidence, now: float, *, ready: bool = True) -> Move | None:
    """The next move, or none yet. `ready` says whether the candidate's targets can be asked at all."""
    state, elapsed = rollout.state, now - rollout.since
    if state is State.ROLLING_BACK:
        return Move(State.ROLLED_BACK, rollout.step, "What was under way has had its time.") if elapsed >= DRAIN else None
    if rollout.others and State.AB in (state, rollout.before):  # nobody is taken out while somebody is to decide
        return raced(rollout, evidence, elapsed) if state is State.AB else None
    if state in _SERVING or (state is State.PAUSED and rollout.before in _SERVING):
        broken = broken_by(rollout, evidence.of(rollout.candidate))
        if broken:
            return Move(State.ROLLING_BACK, rollout.step, broken)
    if rollout.frozen or state not in _SERVING | {State.WARMING}:
        return None
    if state is State.WARMING:
        return _warmed(rollout, elapsed, ready=ready)
    return compared(rollout, evidence, elapsed) if state is State.AB else _stepped(rollout, evidence, elapsed)


def _stepped(rollout: Rollout, evidence: Evidence, elapsed: float) -> Move | None:
    step = rollout.plan.shadow if rollout.state is State.SHADOW else rollout.plan.steps[rollout.step]
    assert step is not None
    return _onwards(rollout, step, evidence, elapsed)


def _warmed(rollout: Rollout, elapsed: float, *, ready: bool) -> Move | None:
    plan = rollout.plan
    if not ready:
        late = elapsed >= plan.steps[0].most
        return Move(State.PAUSED, rollout.step, "No target of the candidate can be asked.") if late else None
    if elapsed < WARM:
        return None
    if plan.shadow is not None:
        return Move(State.SHADOW, 0, "Its targets can be asked.")
    return _begin(rollout, "Its targets can be asked.")


def _begin(rollout: Rollout, reason: str) -> Move:
    if rollout.plan.objective is not None:
        return Move(State.AB, 0, reason)
    last = len(rollout.plan.steps) == 1
    return Move(State.BAKE if last else State.CANARY, 0, reason)


def _onwards(rollout: Rollout, step: Step, evidence: Evidence, elapsed: float) -> Move | None:
    outcomes = evidence.candidate - rollout.outcomes
    missing = _missing(rollout, evidence)
    if elapsed >= step.seconds and outcomes >= step.least and not missing:
        return _next(rollout, f"{outcomes} outcomes in {elapsed:.0f} s, and no gate found it worse.")
    if elapsed >= step.most:
        return Move(State.PAUSED, rollout.step, missing or f"Only {outcomes} of {step.least} outcomes came in {elapsed:.0f} s.")
    return None


def _next(rollout: Rollout, reason: str) -> Move:
    if rollout.state is State.SHADOW:
        return _begin(rollout, reason)
    if rollout.state is State.BAKE:
        return Move(State.PROMOTED, rollout.step, reason)
    step = min(rollout.step + 1, len(rollout.plan.steps) - 1)
    return Move(State.BAKE if step == len(rollout.plan.steps) - 1 else State.CANARY, step, reason)


def _missing(rollout: Rollout, evidence: Evidence) -> str:
    """A gate of which nothing can be said, in words."""
    for gate in rollout.plan.gates:
        if isinstance(gate, MeanGate):
            a, b = evidence.means.get(gate.of, (Sums(), Sums()))
            told = gate.needed or max(a.count, b.count) > 0
            if told and min(a.count, b.count) < ENOUGH:
                return f"Too little is known of {gate.of}: leave the gate out, or have more requests tell it."
    return ""
