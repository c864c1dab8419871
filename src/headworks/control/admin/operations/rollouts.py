"""Rows: rollouts of model versions."""

from __future__ import annotations

from headworks.control.admin import rollouts
from headworks.control.admin.operation import Handler, Operation
from headworks.control.admin.row import row
from headworks.domain.administration import Scope
from headworks.domain.administration.wire.rollouts import (
    FreezeAsked,
    RolloutAsked,
    RolloutDetail,
    RolloutListing,
    RolloutView,
    Wished,
)


def _by_hand(verb: str, handle: Handler, words: str, asks: type[Wished | FreezeAsked] = Wished) -> Operation:
    what = f"rollouts.{verb} POST /rollouts/{{id}}/{verb}"
    return row(what, Scope.CONFIG_WRITE, handle, words, asks=asks, answers=RolloutView, locks=True, everywhere=True)


ROLLOUTS: tuple[Operation, ...] = (
    row(
        "rollouts.list GET /rollouts",
        Scope.CONFIG_READ,
        rollouts.list_rollouts,
        "Rollouts of model versions, newest first.",
        answers=RolloutListing,
        query=rollouts.RolloutQuery,
        everywhere=True,
    ),
    row(
        "rollouts.start POST /rollouts",
        Scope.CONFIG_WRITE,
        rollouts.start,
        "Begin to lead requests for a model to another of its versions, step by step.",
        asks=RolloutAsked,
        answers=RolloutView,
        status=201,
        everywhere=True,
    ),
    row(
        "rollouts.read GET /rollouts/{id}",
        Scope.CONFIG_READ,
        rollouts.read_rollout,
        "One rollout: where it stands, what is known by each gate, and what has happened to it.",
        answers=RolloutDetail,
        everywhere=True,
    ),
    _by_hand("promote", rollouts.promote, "Let the candidate serve everybody at once."),
    _by_hand("pause", rollouts.pause, "Leave the share as it is until somebody decides."),
    _by_hand("resume", rollouts.resume, "Go on where it was paused; the step begins anew."),
    _by_hand("rollback", rollouts.roll_back, "Take the candidate back, also after it was promoted."),
    _by_hand("freeze", rollouts.freeze, "Let nothing but the circuit move it, or let the evidence again.", FreezeAsked),
)
"""Rows of the table of operations."""
