"""What people do to a rollout, held to the same rules as what evidence does."""

from __future__ import annotations

from enum import StrEnum

from headworks.domain.rollout.rollout import ALLOWED, Move, Rollout, State


class Wish(StrEnum):
    """What somebody wants of a rollout."""

    PROMOTE = "promote"
    PAUSE = "pause"
    RESUME = "resume"
    ROLL_BACK = "rollback"


class NotNowError(Exception):
    """The rollout is not where that could be done. Says what can be."""


def wanted(rollout: Rollout, wish: Wish, reason: str) -> Move:
    """The move that a wish comes to. Raises `NotNowError`."""
    if wish is Wish.RESUME and (rollout.state is not State.PAUSED or rollout.before is None):
        raise NotNowError(f"Only a paused rollout is resumed, and this one is {rollout.state}.")
    to = _to(rollout, wish)
    if to not in ALLOWED[rollout.state]:
        following = ", ".join(sorted(ALLOWED[rollout.state])) or "nothing"
        raise NotNowError(f"A rollout that is {rollout.state} cannot become {to}. What can follow: {following}.")
    step = len(rollout.plan.steps) - 1 if to is State.PROMOTED else rollout.step
    return Move(to, step, reason or f"Somebody wanted it: {wish}.")


def _to(rollout: Rollout, wish: Wish) -> State:
    if wish is Wish.PROMOTE:
        return State.PROMOTED
    if wish is Wish.PAUSE:
        return State.PAUSED
    if wish is Wish.RESUME and rollout.before is not None:
        return rollout.before
    return State.ROLLED_BACK if rollout.state is State.DRAFT else State.ROLLING_BACK
