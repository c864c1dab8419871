"""Whether a failed attempt is tried again, and where: a table.

The question has three parts: which branch of the fault tree, whether a byte of the request had left, and whether a byte of the
answer had reached the client. After the last there is only one decision.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from headworks.domain.errors import FaultClass


class Decision(StrEnum):
    """What follows a failed attempt."""

    SAME = "same"
    """Try the same target again, after a pause."""
    NEXT = "next"
    """Try another target; if there is none, the same after a pause."""
    STOP = "stop"
    """Tell the caller."""


class Progress(StrEnum):
    """How far the attempt had come."""

    UNSENT = "unsent"
    SENT = "sent"
    BEGUN = "begun"
    """The client has bytes of this answer."""


RETRY: dict[FaultClass, dict[Progress, Decision]] = {
    FaultClass.REFUSED: dict.fromkeys(Progress, Decision.STOP),
    FaultClass.UNREACHABLE: {Progress.UNSENT: Decision.NEXT, Progress.SENT: Decision.NEXT, Progress.BEGUN: Decision.STOP},
    FaultClass.THROTTLED: {Progress.UNSENT: Decision.NEXT, Progress.SENT: Decision.NEXT, Progress.BEGUN: Decision.STOP},
    FaultClass.BROKEN: {Progress.UNSENT: Decision.NEXT, Progress.SENT: Decision.NEXT, Progress.BEGUN: Decision.STOP},
    FaultClass.SEVERED: {Progress.UNSENT: Decision.NEXT, Progress.SENT: Decision.NEXT, Progress.BEGUN: Decision.STOP},
    FaultClass.UNFIT: dict.fromkeys(Progress, Decision.STOP),
    FaultClass.CLIENT_GONE: dict.fromkeys(Progress, Decision.STOP),
}


class RetryBudgetSettings(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How many retries a whole gateway may make, so that they never become the load that keeps a provider down."""

    ratio: float = 0.2
    """Retries for each request that comes in."""
    floor: float = 10.0
    """Retries a second that are allowed anyhow."""


class RetryPolicy(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How often and how patiently. Pauses are seconds; the n-th is drawn evenly from 0 … min(cap, base · 2ⁿ) (full jitter)."""

    attempts: int = 3
    """All tries of one request together, the first included."""
    base: float = 0.1
    cap: float = 2.0
    max_retry_after: float = 10.0
    """A longer `Retry-After` is passed to the caller instead of waited for."""
    deadline: float = 120.0
    """Seconds from the start of the request after which no new attempt starts."""

    def pause(self, retry: int, retry_after: float | None, draw: float) -> float:
        """Seconds before the `retry`-th retry (from 0); `draw` is uniform in 0 … 1."""
        pause = draw * min(self.cap, self.base * 2.0**retry)
        return pause if retry_after is None else max(pause, retry_after)
