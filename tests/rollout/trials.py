"""Rollouts played in model time: outcomes drawn for both arms, looked at every so often, decided by the real rules."""

from __future__ import annotations

from math import log
from random import Random
from typing import NamedTuple

from headworks.domain.rollout.decide import decide
from headworks.domain.rollout.gates import Arm, Evidence
from headworks.domain.rollout.means import Sums
from headworks.domain.rollout.rollout import OVER, Plan, Rollout, State, Step, moved
from headworks.testing import seeded

LOOK = 10.0
"""Seconds between two looks."""
PLAN = Plan(
    steps=(Step(share=0.05), Step(share=0.2), Step(share=0.5), Step(share=1.0)),
)


class Quality(NamedTuple):
    """What one arm is like. The first token's time is lognormal with a spread of 0.6, as of mixed prompts."""

    errors: float = 0.01
    first_token: float = 0.5


class Ended(NamedTuple):
    """How a rollout ended, after how many seconds, and how many of the candidate's requests had failed by then."""

    state: State
    seconds: float
    candidate: int
    hurt: int
    reason: str


def play(baseline: Quality, candidate: Quality, seed: int, *, rate: float = 5.0, plan: Plan = PLAN) -> Ended:
    """Until it is over, or asks somebody."""
    chance = seeded(seed)
    rollout = Rollout(id="r", model="m", baseline="1", candidate="2", plan=plan, state=State.WARMING)
    evidence, now, failures, reason = Evidence(), 0.0, 0, ""
    while rollout.state not in OVER and rollout.state is not State.PAUSED:
        now += LOOK
        asked = int(rate * LOOK)
        share = rollout.position.share
        to_candidate = sum(chance.random() < share for _ in range(asked))
        arms = _arm(baseline, asked - to_candidate, chance), _arm(candidate, to_candidate, chance)
        failures += arms[1].shares["errors"]
        evidence = evidence.after(*arms, plan.gates)
        move = decide(rollout, evidence, now)
        reason = move.reason if move is not None else ""
        if move is not None:
            rollout = moved(rollout, move, now, outcomes=evidence.candidate, failures=failures)
            if move.state is State.ROLLING_BACK:
                return Ended(State.ROLLED_BACK, now, evidence.candidate, failures, reason)
    return Ended(rollout.state, now, evidence.candidate, failures, reason)


def _arm(quality: Quality, outcomes: int, chance: Random) -> Arm:
    failed = sum(chance.random() < quality.errors for _ in range(outcomes))
    times = [log(quality.first_token) + chance.gauss(0.0, 0.6) for _ in range(outcomes - failed)]
    costs = [log(0.01) + chance.gauss(0.0, 0.4) for _ in range(outcomes)]
    means = {"first_token": Sums.of(times), "cost": Sums.of(costs)}
    return Arm(outcomes=outcomes, shares={"errors": failed, "empty": 0}, means=means)
