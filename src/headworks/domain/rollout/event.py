"""What has happened to a rollout, one line a change."""

from __future__ import annotations

import msgspec

from headworks.domain.rollout.gates import Evidence


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
