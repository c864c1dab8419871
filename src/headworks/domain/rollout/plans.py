"""What is wrong with a plan, before anybody follows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from headworks.domain.rollout.gates import ShareGate
from headworks.domain.rollout.rollout import Plan


def mistakes(plan: Plan, others: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """The field, and what to write instead. `others` are further candidates."""
    if others and plan.objective is None:
        yield "others", "Several candidates are compared by something: say `objective`."
    if others and plan.shadow is not None:
        yield "shadow", "Requests are asked twice, not of every candidate: leave it out, or the others."
    shares = [step.share for step in plan.steps]
    if not shares or shares[-1] != 1.0:
        yield "steps", "The last step serves everybody: let its share be 1."
    if any(before >= after for before, after in pairwise(shares)):
        yield "steps", "Each step has a larger share than the one before."
    for number, step in enumerate(plan.steps):
        if step.most < step.seconds:
            yield f"steps/{number}", "It must be allowed to last as long as it has to: let `most` be no less than `seconds`."
    yield from _of_gates(plan)


def _of_gates(plan: Plan) -> Iterator[tuple[str, str]]:
    for gate in plan.gates:
        if isinstance(gate, ShareGate) and gate.margin >= 1.0:
            yield "gates", f"A candidate may never have so many more {gate.of}: for one of a hundred write 1% or 0.01."
    names = [gate.of for gate in plan.gates]
    if len(set(names)) != len(names):
        yield "gates", "Each of them has one gate."
    if plan.objective is not None and plan.objective.of in names:
        yield "objective", "What decides an A/B test is no gate of it."
