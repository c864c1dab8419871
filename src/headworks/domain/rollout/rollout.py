"""A rollout, as it is written down: its plan, and where it stands."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from headworks.domain.position import Position, Unit
from headworks.domain.rollout.gates import USUAL, Gate, MeanGate


class State(StrEnum):
    """Where a rollout is in its life."""

    DRAFT = "draft"
    WARMING = "warming"
    """The candidate's targets are looked at; nobody is served by it."""
    SHADOW = "shadow"
    """It is asked besides, and its answers are thrown away."""
    CANARY = "canary"
    """It serves the share of its step."""
    AB = "ab"
    """It serves half, until one of the two is shown to be better."""
    BAKE = "bake"
    """It serves everybody, and the baseline stands ready."""
    PROMOTED = "promoted"
    PAUSED = "paused"
    """Its share stays as it is until somebody decides."""
    ROLLING_BACK = "rolling_back"
    """It serves nobody new; what is under way ends."""
    ROLLED_BACK = "rolled_back"


OVER = frozenset((State.PROMOTED, State.ROLLED_BACK))
ALLOWED: dict[State, frozenset[State]] = {
    State.DRAFT: frozenset((State.WARMING, State.ROLLED_BACK)),
    State.WARMING: frozenset((State.SHADOW, State.CANARY, State.AB, State.PAUSED, State.ROLLING_BACK)),
    State.SHADOW: frozenset((State.CANARY, State.AB, State.PAUSED, State.ROLLING_BACK)),
    State.CANARY: frozenset((State.CANARY, State.BAKE, State.PAUSED, State.PROMOTED, State.ROLLING_BACK)),
    State.AB: frozenset((State.AB, State.BAKE, State.PROMOTED, State.PAUSED, State.ROLLING_BACK)),
    State.BAKE: frozenset((State.PROMOTED, State.PAUSED, State.ROLLING_BACK)),
    State.PAUSED: frozenset(
        (State.WARMING, State.SHADOW, State.CANARY, State.AB, State.BAKE, State.PROMOTED, State.ROLLING_BACK)
    ),
    State.ROLLING_BACK: frozenset((State.ROLLED_BACK,)),
    State.PROMOTED: frozenset((State.ROLLING_BACK,)),
    State.ROLLED_BACK: frozenset(),
}
"""What may follow what. Whoever decides by hand is held to it, too."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One share of the traffic, and how long it is looked at."""

    share: float
    least: int = 200
    """Outcomes of the candidate."""
    seconds: float = 600.0
    """At the least."""
    most: float = 86_400.0
    """Seconds after which too few outcomes are a reason to ask somebody."""


STEPS = (
    Step(share=0.01),
    Step(share=0.05),
    Step(share=0.2),
    Step(share=0.5, seconds=3_600.0),
    Step(share=1.0, seconds=3_600.0),
)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a candidate goes live. The last step serves everybody: it is the bake."""

    steps: tuple[Step, ...] = STEPS
    shadow: Step | None = None
    """Its share is of requests that are asked twice."""
    gates: tuple[Gate, ...] = USUAL
    alpha: float = 0.05
    """The chance of rolling back a candidate that is no worse, whatever is looked at and however often; divided among the gates."""
    unit: Unit = "session"
    objective: MeanGate | None = None
    """With one, an A/B test in the place of the steps before the last: whichever arm is better at it serves everybody."""
    horizon: float = 1_209_600.0
    """Seconds after which an A/B test that shows no difference is put to somebody."""


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """One record. `number` is raised by every change: who changes it says which one it has seen."""

    id: str
    model: str
    baseline: str
    candidate: str
    others: tuple[str, ...] = ()
    """Further candidates of an A/B test: whichever is shown to be worse than another is taken out, until one is left."""
    plan: Plan = Plan()
    state: State = State.DRAFT
    step: int = 0
    since: float = 0.0
    """When state and step were entered, seconds since the epoch."""
    outcomes: int = 0
    """Of the candidate, when the step was entered; `failures` likewise."""
    failures: int = 0
    before: State | None = None
    """Of one that is paused: what it was."""
    salt: str = ""
    number: int = 0
    frozen: bool = False
    """Nothing but the circuit moves it."""
    digests: dict[str, str] = {}
    """Of both versions when it began, by number: a number never means anything else afterwards."""

    @property
    def position(self) -> Position:
        """What gateways go by."""
        state = self.before if self.state is State.PAUSED and self.before is not None else self.state
        return Position(
            id=self.id,
            model=self.model,
            baseline=self.baseline,
            candidate=self.candidate,
            others=self.others if state is State.AB else (),
            share=self._share(state),
            shadow=self.plan.shadow.share if state is State.SHADOW and self.plan.shadow is not None else 0.0,
            salt=self.salt,
            unit=self.plan.unit,
            step=self.step,
            state=self.state,
            number=self.number,
        )

    def _share(self, state: State) -> float:
        if state is State.CANARY:
            return self.plan.steps[self.step].share
        return {State.AB: (1.0 + len(self.others)) / (2.0 + len(self.others)), State.BAKE: 1.0, State.PROMOTED: 1.0}.get(
            state, 0.0
        )


class Move(msgspec.Struct, frozen=True):
    """What comes next, and why."""

    state: State
    step: int
    reason: str
    out: str = ""
    """One of several candidates, which is taken out."""


def moved(rollout: Rollout, move: Move, now: float, *, outcomes: int = 0, failures: int = 0) -> Rollout:
    """The record after a move, the candidate having so many outcomes. Raises `ValueError` for one that is not allowed."""
    if move.state not in ALLOWED[rollout.state]:
        raise ValueError(f"A rollout that is {rollout.state} cannot become {move.state}.")
    candidate, *others = [arm for arm in (rollout.candidate, *rollout.others) if arm != move.out]
    return msgspec.structs.replace(
        rollout,
        candidate=candidate,
        others=tuple(others),
        state=move.state,
        step=move.step,
        since=rollout.since if move.out else now,
        outcomes=rollout.outcomes if move.out else outcomes,
        failures=rollout.failures if move.out else failures,
        before=rollout.state if move.state is State.PAUSED else None,
        number=rollout.number + 1,
    )
