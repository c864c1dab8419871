"""Rollouts as the admin API asks for and tells them. Shares and margins are parts of one; times are seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp, expm1
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from headworks.domain.administration.wire.values import Label, Name, Text, When, when_of
from headworks.domain.position import Unit
from headworks.domain.rollout.breakage import level
from headworks.domain.rollout.event import Event
from headworks.domain.rollout.gates import (
    Evidence,
    Gate,
    MeanGate,
    ShareGate,
    finding,
    is_logarithm,
    smallest_seen,
    worse_by,
)
from headworks.domain.rollout.means import Sums
from headworks.domain.rollout.proportions import Proportions
from headworks.domain.rollout.rollout import Plan, Rollout, Step

Part = Annotated[float, Meta(ge=0.0, le=1.0)]
Seconds = Annotated[float, Meta(ge=0.0, le=31_536_000.0)]
SharesOf = Literal["errors", "refusals", "guard_events", "empty"]
MeansOf = Literal["first_token", "inter_token", "cost", "feedback", "judge"]
Comment = Annotated[Text, Meta(description="Why, for those who look at it later.")]
_NS = 10**9
_LARGEST = 500.0
"""Of a logarithm that is told as what it is of."""


class StepBody(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """One share of the units, the outcomes that it takes at the least, and how long it lasts at the least and at the most."""

    share: Annotated[float, Meta(gt=0.0, le=1.0, description="The part of all units that the candidate serves.")]
    least: Annotated[int, Meta(ge=1, le=1_000_000, description="Outcomes of the candidate before it is left.")] = 200
    seconds: Annotated[Seconds, Meta(description="How long it lasts at the least.")] = 600.0
    most: Annotated[Seconds, Meta(description="After which too few outcomes are a reason to pause, and ask.")] = 86_400.0

    @property
    def step(self) -> Step:
        """As rollouts have it."""
        return Step(share=self.share, least=self.least, seconds=self.seconds, most=self.most)


Steps = Annotated[tuple[StepBody, ...], Meta(max_length=50, description="The last one serves everybody.")]


class RolloutAsked(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """A candidate, to be led to the place of the version that serves now. What is left out is as usual."""

    model: Name
    candidate: Annotated[Label, Meta(description="Number of the version that is to serve.")]
    others: Annotated[
        tuple[Label, ...], Meta(max_length=8, description="Further candidates of an A/B test: the best one is left.")
    ] = ()
    baseline: Annotated[Label | None, Meta(description="Left out: the version that serves now.")] = None
    steps: Steps | None = None
    shadow: Annotated[StepBody | None, Meta(description="Before all steps: this share of requests is asked twice.")] = None
    gates: Annotated[
        dict[SharesOf | MeansOf, Part] | None,
        Meta(
            description="By how much the candidate may be worse: more of all requests, a part of the baseline's mean, or of scores so much less."
        ),
    ] = None
    alpha: Annotated[float, Meta(gt=0.0, le=0.5, description="The chance of taking back one that is no worse.")] = 0.05
    unit: Annotated[Unit, Meta(description="What stays with one version.")] = "session"
    objective: Annotated[MeansOf | None, Meta(description="An A/B test at one half each: the better mean wins.")] = None
    horizon: Annotated[Seconds, Meta(description="After which an A/B test that shows no difference is put to somebody.")] = (
        1_209_600.0
    )
    comment: Comment = ""

    @property
    def plan(self) -> Plan:
        """As rollouts have it."""
        usual = Plan()
        return Plan(
            steps=usual.steps if self.steps is None else tuple([body.step for body in self.steps]),
            shadow=self.shadow.step if self.shadow is not None else None,
            gates=usual.gates if self.gates is None else tuple([_gate(of, margin) for of, margin in self.gates.items()]),
            alpha=self.alpha,
            unit=self.unit,
            objective=MeanGate(self.objective, 0.0) if self.objective is not None else None,
            horizon=self.horizon,
        )


class Wished(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody wants of a rollout."""

    comment: Comment = ""


class FreezeAsked(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """Whether anything but the circuit, and people, may move it."""

    frozen: Annotated[bool, Meta(description="False: the evidence moves it again.")] = True
    comment: Comment = ""


class RolloutView(msgspec.Struct, frozen=True, kw_only=True):
    """A rollout, as it is told. `share` is the part of all units that the candidate serves now; `number` is raised by every change."""

    id: str
    model: str
    baseline: str
    candidate: str
    state: str
    step: int
    share: float
    since: When | None
    frozen: bool
    number: int
    others: tuple[str, ...] = ()

    @classmethod
    def of(cls, rollout: Rollout) -> RolloutView:
        """As it is told."""
        return cls(
            id=rollout.id,
            model=rollout.model,
            baseline=rollout.baseline,
            candidate=rollout.candidate,
            state=rollout.state,
            step=rollout.step,
            share=rollout.position.share,
            since=when_of(round(rollout.since * _NS)),
            frozen=rollout.frozen,
            number=rollout.number,
            others=rollout.others,
        )


class ArmView(msgspec.Struct, frozen=True, kw_only=True):
    """One arm of an A/B test: its outcomes, the observations of the objective, and their mean (of times and costs the geometric one)."""

    version: str
    outcomes: int
    observed: int
    mean: float | None

    @classmethod
    def of(cls, rollout: Rollout, evidence: Evidence) -> Iterator[ArmView]:
        """All that there have been, the baseline first."""
        objective = rollout.plan.objective
        assert objective is not None
        main = evidence.of(rollout.candidate)
        sums, _ = main.means.get(objective.of, (Sums(), Sums()))
        arms = [(rollout.baseline, main.baseline, sums)]
        for version, known in (evidence.others or {rollout.candidate: evidence}).items():
            _, own = known.means.get(objective.of, (Sums(), Sums()))
            arms.append((version, known.candidate, own))
        for version, outcomes, seen in arms:
            mean = (exp(seen.mean) if is_logarithm(objective.of) else seen.mean) if seen.count else None
            yield cls(version=version, outcomes=outcomes, observed=seen.count, mean=mean)


class GateView(msgspec.Struct, frozen=True, kw_only=True):
    """What is known by one gate. `low` and `high`: in which the candidate's being worse lies, as a part of the baseline's mean, of scores as
    the difference.
    `evidence` reaches `asked` where it has more of these than it may. `smallest`: the difference that so many outcomes would show.
    """

    of: str
    margin: float
    finding: str
    baseline: int
    candidate: int
    baseline_failures: int | None = None
    candidate_failures: int | None = None
    evidence: float | None = None
    asked: float | None = None
    low: float | None = None
    high: float | None = None
    smallest: float | None = None

    @classmethod
    def of_gate(cls, gate: Gate, evidence: Evidence, alpha: float) -> GateView:
        """As it is told, at its part of the level."""
        found = finding(gate, evidence, alpha).value
        if isinstance(gate, ShareGate):
            seen = evidence.shares.get(gate.of, Proportions())
            return cls(
                of=gate.of,
                margin=gate.margin,
                finding=found,
                baseline=seen.baseline,
                candidate=seen.candidate,
                baseline_failures=seen.baseline_failures,
                candidate_failures=seen.candidate_failures,
                evidence=_finite(seen.most),
                asked=1.0 / alpha,
                smallest=seen.smallest_seen(alpha, gate.margin),
            )
        a, b = evidence.means.get(gate.of, (Sums(), Sums()))
        low, high = worse_by(gate, evidence, alpha)
        return cls(
            of=gate.of,
            margin=gate.margin,
            finding=found,
            baseline=a.count,
            candidate=b.count,
            low=_told(gate, low),
            high=_told(gate, high),
            smallest=_told(gate, smallest_seen(gate, evidence, alpha)),
        )


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """One change. `by` is who made it; `outcomes` and `failures` are the candidate's by then."""

    number: int
    at: When | None
    by: str
    before: str
    after: str
    step: int
    reason: str
    outcomes: int
    failures: int

    @classmethod
    def of(cls, event: Event) -> EventView:
        """As it is told."""
        errors = event.evidence.shares.get("errors", Proportions())
        return cls(
            number=event.number,
            at=when_of(event.at),
            by=event.actor_name,
            before=event.before,
            after=event.after,
            step=event.step,
            reason=event.reason,
            outcomes=event.evidence.candidate,
            failures=errors.candidate_failures,
        )


class RolloutDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A rollout with its plan, what is known by each gate, and all that has happened to it, oldest first."""

    rollout: RolloutView
    steps: tuple[StepBody, ...]
    unit: str
    gates: tuple[GateView, ...]
    arms: tuple[ArmView, ...]
    events: tuple[EventView, ...]

    @classmethod
    def of(cls, rollout: Rollout, evidence: Evidence, events: Sequence[Event]) -> RolloutDetail:
        """As it is told."""
        plan, alpha = rollout.plan, level(rollout)
        watched = [GateView.of_gate(gate, evidence, alpha) for gate in plan.gates]
        if plan.objective is not None:
            watched.append(GateView.of_gate(plan.objective, evidence, plan.alpha))
        return cls(
            rollout=RolloutView.of(rollout),
            steps=tuple([_body(step) for step in plan.steps]),
            unit=plan.unit,
            gates=tuple(watched),
            arms=tuple(ArmView.of(rollout, evidence)) if plan.objective is not None else (),
            events=tuple(map(EventView.of, events)),
        )


class RolloutListing(msgspec.Struct, frozen=True, kw_only=True):
    """One page, newest first. `next` is the cursor of the following one; null: there is none."""

    data: tuple[RolloutView, ...]
    next: str | None = None


def _gate(of: SharesOf | MeansOf, margin: float) -> Gate:
    if of == "errors" or of == "refusals" or of == "guard_events" or of == "empty":  # noqa: PLR1714 - the type checker narrows by these
        return ShareGate(of, margin)
    return MeanGate(of, margin)


def _body(step: Step) -> StepBody:
    return StepBody(share=step.share, least=step.least, seconds=step.seconds, most=step.most)


def _told(gate: MeanGate, difference: float) -> float | None:
    """A part of the baseline's mean, of a difference of logarithms; of scores the difference itself."""
    if abs(difference) >= _LARGEST:
        return None
    return expm1(difference) if is_logarithm(gate.of) else difference


def _finite(logarithm: float) -> float:
    return exp(min(logarithm, _LARGEST))
