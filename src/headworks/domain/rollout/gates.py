"""What a candidate has to keep to, and whether it does."""

from __future__ import annotations

from enum import StrEnum
from math import log1p
from typing import Literal

import msgspec

from headworks.domain.rollout.means import Interval, Sums, detectable, difference
from headworks.domain.rollout.proportions import Proportions

Share = Literal["errors", "refusals", "guard_events", "empty"]
"""Parts of all requests that should be small."""
Mean = Literal["first_token", "inter_token", "cost", "feedback", "judge"]
"""Times and costs are compared by their logarithms; feedback and judges' scores by themselves."""
_BETTER_HIGH = frozenset(("feedback", "judge"))


class Finding(StrEnum):
    """What a gate has found."""

    WORSE = "worse"
    """By more than its margin."""
    FINE = "fine"
    """Shown not to be worse by more than its margin."""
    OPEN = "open"
    """Too few outcomes to tell."""


class ShareGate(msgspec.Struct, frozen=True, tag="share"):
    """The candidate's share of these may be larger by no more than `margin`."""

    of: Share
    margin: float = 0.0


class MeanGate(msgspec.Struct, frozen=True, tag="mean"):
    """The candidate's mean may be worse by no more than `margin`: of times and costs a part of the baseline's (0.1 is ten per cent)."""

    of: Mean
    margin: float = 0.1
    needed: bool = True
    """False: where neither version tells of it, as of a model without prices, it is no gate."""


Gate = ShareGate | MeanGate
USUAL: tuple[Gate, ...] = (ShareGate("errors"), ShareGate("empty"), MeanGate("first_token"), MeanGate("cost", needed=False))


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """Outcomes of one arm in a block: how many, how many of each share, and the sums of each mean."""

    outcomes: int = 0
    shares: dict[str, int] = {}
    means: dict[str, Sums] = {}


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a step. Blocks may be of any size; what was bet on a block was known before it."""

    baseline: int = 0
    candidate: int = 0
    shares: dict[str, Proportions] = {}
    means: dict[str, tuple[Sums, Sums]] = {}
    others: dict[str, Evidence] = {}
    """Of several candidates, by version: what is known of each beside the baseline."""

    def of(self, version: str) -> Evidence:
        """Of one candidate."""
        return self.others.get(version, self)

    def after(self, baseline: Arm, candidate: Arm, gates: tuple[Gate, ...]) -> Evidence:
        """With one block more."""
        shares, means = dict(self.shares), dict(self.means)
        for gate in gates:
            if isinstance(gate, ShareGate):
                shares[gate.of] = shares.get(gate.of, Proportions()).after(
                    baseline=(baseline.outcomes, baseline.shares.get(gate.of, 0)),
                    candidate=(candidate.outcomes, candidate.shares.get(gate.of, 0)),
                    margin=gate.margin,
                )
            else:
                a, b = means.get(gate.of, (Sums(), Sums()))
                means[gate.of] = (a + baseline.means.get(gate.of, Sums()), b + candidate.means.get(gate.of, Sums()))
        return Evidence(
            baseline=self.baseline + baseline.outcomes,
            candidate=self.candidate + candidate.outcomes,
            shares=shares,
            means=means,
            others=self.others,
        )


def finding(gate: Gate, evidence: Evidence, alpha: float) -> Finding:
    """Of one gate at its part of the level."""
    if isinstance(gate, ShareGate):
        found = evidence.shares.get(gate.of)
        return Finding.WORSE if found is not None and found.proves(alpha) else Finding.OPEN
    worse = worse_by(gate, evidence, alpha)
    allowed = _allowed(gate)
    if worse.low > allowed:
        return Finding.WORSE
    return Finding.FINE if worse.high < allowed else Finding.OPEN


def smallest_seen(gate: MeanGate, evidence: Evidence, alpha: float) -> float:
    """The smallest difference that as many outcomes of each arm as the candidate has would show."""
    a, b = evidence.means.get(gate.of, (Sums(), Sums()))
    return detectable(a, float(b.count), alpha)


def is_logarithm(of: Mean) -> bool:
    """Whether the values of this mean are compared by their logarithms."""
    return of not in _BETTER_HIGH


def worse_by(gate: MeanGate, evidence: Evidence, alpha: float) -> Interval:
    """In which the difference to the worse lies: of times and costs, of their logarithms."""
    a, b = evidence.means.get(gate.of, (Sums(), Sums()))
    return difference(b, a, alpha) if gate.of in _BETTER_HIGH else difference(a, b, alpha)


def _allowed(gate: MeanGate) -> float:
    """In the units that are compared: logarithms of times and costs."""
    return gate.margin if gate.of in _BETTER_HIGH else log1p(gate.margin)
