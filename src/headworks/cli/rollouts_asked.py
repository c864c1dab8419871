"""A rollout's plan as the command line takes it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headworks.cli.spans import seconds_of
from headworks.domain.administration.wire.rollouts import MeansOf, Part, SharesOf, StepBody
from headworks.domain.rollout.rollout import STEPS, Step

GATES = (
    "By how much it may be worse: errors, refusals, guard_events and empty by so much more of all requests, first_token, inter_token "
    "and cost by such a part, the scores of feedback and judge by so much less: errors=0 first_token=10% feedback=0.1. Left out: errors=0 empty=0 first_token=10% cost=10%."
)


def part_of(written: str) -> float:
    """`5%` or `0.05`. Raises `ValueError` with what can be written."""
    try:
        return float(written.removesuffix("%")) / (100.0 if written.endswith("%") else 1.0)
    except ValueError:
        raise ValueError(f"{written!r} is no share. Write 5% or 0.05.") from None


def steps_of(
    shares: Sequence[str] | None, *, least: int | None, lasting: str | None, most: str | None
) -> tuple[StepBody, ...] | None:
    """The usual ones but for what is said, which holds for all. None: nothing is said."""
    if not shares and least is None and lasting is None and most is None:
        return None
    usual = tuple([Step(share=part_of(share)) for share in shares]) if shares else STEPS
    span = float(seconds_of(lasting)) if lasting is not None else None
    longest = float(seconds_of(most)) if most is not None else None
    return tuple(
        [
            StepBody(
                share=step.share,
                least=step.least if least is None else least,
                seconds=step.seconds if span is None else span,
                most=step.most if longest is None else longest,
            )
            for step in usual
        ]
    )


def gates_of(written: Sequence[str] | None) -> dict[SharesOf | MeansOf, Part] | None:
    """`errors=0`. Raises `ValueError` with what can be written."""
    if not written:
        return None
    said = {name: part_of(margin or "0") for name, _, margin in (each.partition("=") for each in written)}
    try:
        return msgspec.convert(said, dict[SharesOf | MeansOf, Part])
    except msgspec.ValidationError:
        raise ValueError(f"--gates {' '.join(written)}: {GATES}") from None
