"""A/B tests: which of two arms, or of several, is best by the objective. It may be looked at at any time."""

from __future__ import annotations

from collections.abc import Sequence

from headworks.domain.rollout.breakage import broken_by
from headworks.domain.rollout.gates import Evidence, MeanGate, is_logarithm
from headworks.domain.rollout.means import Interval, Sums, difference
from headworks.domain.rollout.rollout import Move, Rollout, State


def compared(rollout: Rollout, evidence: Evidence, elapsed: float) -> Move | None:
    """The test of two ends when its objective tells them apart, whichever is better."""
    gate = _objective(rollout)
    worse = _worse(rollout, evidence, rollout.candidate, rollout.baseline)
    said = f"{gate.of}: the difference lies between {worse.low:.3f} and {worse.high:.3f}."
    if worse.high < 0.0:
        return Move(State.BAKE, len(rollout.plan.steps) - 1, said)
    if worse.low > 0.0:
        return Move(State.ROLLING_BACK, rollout.step, said)
    return _out_of_time(rollout, elapsed)


def raced(rollout: Rollout, evidence: Evidence, elapsed: float) -> Move | None:
    """Of several candidates one that is broken, or shown to be worse than any other arm, is taken out; until one is left."""
    for version in (rollout.candidate, *rollout.others):
        broken = broken_by(rollout, evidence.of(version))
        if broken:
            return Move(State.AB, rollout.step, f"Version {version} is taken out. {broken}", out=version)
    if rollout.frozen:
        return None
    arms = (rollout.baseline, rollout.candidate, *rollout.others)
    for version in arms[1:]:
        better = _better(rollout, evidence, version, arms)
        if better:
            return Move(State.AB, rollout.step, f"Version {version} is taken out. {better}", out=version)
    return _out_of_time(rollout, elapsed)


def pairs_of(evidence: Evidence) -> int:
    """How many comparisons the chance of an error is divided among: of all arms that there have been."""
    arms = max(len(evidence.others), 1) + 1
    return arms * (arms - 1) // 2


def _better(rollout: Rollout, evidence: Evidence, version: str, arms: Sequence[str]) -> str:
    for other in arms:
        if other != version:
            worse = _worse(rollout, evidence, version, other)
            if worse.low > 0.0:
                of = _objective(rollout).of
                return f"{of}: it is worse than version {other} by between {worse.low:.3f} and {worse.high:.3f}."
    return ""


def _worse(rollout: Rollout, evidence: Evidence, one: str, other: str) -> Interval:
    """In which lies by how much one arm is worse than another."""
    alpha = rollout.plan.alpha / pairs_of(evidence)
    a, b = _sums(rollout, evidence, other), _sums(rollout, evidence, one)
    return difference(a, b, alpha) if is_logarithm(_objective(rollout).of) else difference(b, a, alpha)


def _sums(rollout: Rollout, evidence: Evidence, version: str) -> Sums:
    of, baseline = _objective(rollout).of, version == rollout.baseline
    means = evidence.of(rollout.candidate if baseline else version).means.get(of)
    return means[0 if baseline else 1] if means is not None else Sums()


def _objective(rollout: Rollout) -> MeanGate:
    assert rollout.plan.objective is not None
    return rollout.plan.objective


def _out_of_time(rollout: Rollout, elapsed: float) -> Move | None:
    if elapsed < rollout.plan.horizon:
        return None
    of = _objective(rollout).of
    return Move(State.PAUSED, rollout.step, f"No difference in {of} was shown in {elapsed:.0f} s: keep the cheaper one.")
