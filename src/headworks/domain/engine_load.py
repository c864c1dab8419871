"""How busy one replica of a model is, by its engine's own word."""

from __future__ import annotations

import msgspec

MOST = 2**53
"""No engine counts further: what is told of more is taken to be as much."""


class EngineLoad(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine's metrics said once. None where it does not say: that is never read as idle."""

    at: float
    """Monotonic seconds, when it was asked."""
    waiting: int | None = None
    """Requests that it has taken and not begun."""
    running: int | None = None
    queued_tokens: int | None = None
    """Prompt tokens of the waiting that it must read, those in its cache left out."""
    memory: float | None = None
    """The share of its key-value memory in use, 0 to 1."""
    cache_tokens: int | None = None
    """What its prefix cache can hold."""
    asked_tokens: int | None = None
    """Prompt tokens looked up in its prefix cache since it started."""
    hit_tokens: int | None = None
    """Those of them found there."""
    most_running: int | None = None
    """Requests that it runs at once at the most."""
    adapters: frozenset[str] | None = None
    """Names of those in its memory."""
    most_adapters: int | None = None

    @property
    def dark(self) -> bool:
        """It answered, and said nothing of its load."""
        return self.waiting is None and self.running is None and self.queued_tokens is None and self.memory is None
