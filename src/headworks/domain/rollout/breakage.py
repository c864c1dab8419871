"""What takes a candidate back: that it mostly fails, or that a gate has found it worse."""

from __future__ import annotations

from math import log

from headworks.domain.rollout.gates import Evidence, Finding, Gate, ShareGate, finding
from headworks.domain.rollout.means import difference
from headworks.domain.rollout.rollout import Rollout

CIRCUIT = 20
"""Outcomes of a step from which on a candidate that mostly fails is taken back without statistics."""
MOSTLY = 0.5


def level(rollout: Rollout) -> float:
    """Of each gate."""
    return rollout.plan.alpha / max(len(rollout.plan.gates), 1)


def broken_by(rollout: Rollout, evidence: Evidence) -> str:
    """What of its evidence takes a candidate back; empty where nothing does."""
    errors = evidence.shares.get("errors")
    if errors is not None:
        outcomes, failures = errors.candidate - rollout.outcomes, errors.candidate_failures - rollout.failures
        if outcomes >= CIRCUIT and failures >= MOSTLY * outcomes:
            return f"{failures} of {outcomes} requests of this step have failed."
    if rollout.frozen:
        return ""
    for gate in rollout.plan.gates:
        if finding(gate, evidence, level(rollout)) is Finding.WORSE:
            return _words(gate, evidence, level(rollout))
    return ""


def _words(gate: Gate, evidence: Evidence, alpha: float) -> str:
    if isinstance(gate, ShareGate):
        found = evidence.shares[gate.of]
        said = f"{found.candidate_failures} of {found.candidate} against {found.baseline_failures} of {found.baseline}"
        return f"More {gate.of} than the baseline, {said} (evidence e^{found.most:.1f}, asked e^{-log(alpha):.1f})."
    a, b = evidence.means[gate.of]
    worse = difference(a, b, alpha)
    return f"{gate.of} is worse by more than {gate.margin:g}: the difference lies between {worse.low:.3f} and {worse.high:.3f}."
