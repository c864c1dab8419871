"""The body of a request, which may still be arriving.

Whole      all of it will be in memory: it can be sent again
Spooled    on disk, replayable (files, large uploads)
Live       passing through: an attempt that has begun to send it cannot be repeated
"""

from __future__ import annotations

from collections.abc import Awaitable
from enum import StrEnum
from typing import Protocol


class Replay(StrEnum):
    """Whether a body can be sent a second time."""

    WHOLE = "whole"
    SPOOLED = "spooled"
    LIVE = "live"


class Body(Protocol):
    """What the edge hands over. `data` is complete once `complete` is true."""

    replay: Replay
    complete: bool
    data: bytes

    def read(self) -> Awaitable[bytes]:
        """Wait for the rest. Raises `Fault` when it is too large, too slow or never comes."""
        ...


class Whole:
    """A body that is already there."""

    __slots__ = ("complete", "data", "replay")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.complete = True
        self.replay = Replay.WHOLE

    async def read(self) -> bytes:
        """All of it, at once."""
        return self.data
