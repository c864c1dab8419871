"""Where rollouts stand, and who is told how they go."""

from __future__ import annotations

from typing import Protocol

from headworks.domain.position import Position


class Positions(Protocol):
    """Of all models, in this process. Nothing here waits."""

    def of(self, model: str) -> Position | None:
        """Where the model's rollout stands, if it has one. A candidate that has failed too often has no share."""
        ...

    def tells(self, position: Position, version: str, unit: str, *, rejected: bool) -> bool:
        """Whether an outcome says something of the version. Those whose requests a provider rejects again and again, as malformed, say
        nothing more of it once it has served somebody else.
        """
        ...

    def saw(self, position: Position, version: str, *, failed: bool) -> str:
        """Count an outcome of one of its versions. Tells in words why the candidate gets nothing more, where this was one too many."""
        ...
