"""What has happened to a rollout, one line a change."""

from __future__ import annotations

import msgspec

from headworks.domain.rollout.gates import Evidence
from headworks.domain.rollout.rollout import Move, Rollout, moved


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One change. `before` is empty for the first; `number` is the one that the change gave the rollout."""

    rollout: str
    number: int
    at: int = 0
    """Wall-clock nanoseconds."""
    actor: str = ""
    """Id of who did it; empty: the evidence did."""
    actor_name: str = ""
    before: str = ""
    after: str = ""
    step: int = 0
    reason: str = ""
    evidence: Evidence = Evidence()
    """What was known then."""

    @classmethod
    def of(
        cls, before: Rollout | None, after: Rollout, reason: str, evidence: Evidence, *, actor: str = "", actor_name: str = ""
    ) -> Event:
        """The line of a change; `before` None: it was started."""
        return cls(
            rollout=after.id,
            number=after.number,
            actor=actor,
            actor_name=actor_name,
            before=before.state if before is not None else "",
            after=after.state,
            step=after.step,
            reason=reason,
            evidence=evidence,
        )


def settled(rollout: Rollout, move: Move, evidence: Evidence, now: float) -> Rollout:
    """The record after a move, with what was known when the step was entered. Raises `ValueError` for one that is not allowed."""
    errors = evidence.shares.get("errors")
    failures = errors.candidate_failures if errors is not None else 0
    return moved(rollout, move, now, outcomes=evidence.candidate, failures=failures)
