"""How requests wait for a model."""

from __future__ import annotations

import msgspec

_MIB = 1_048_576
TIMES = (1.0, 1.0, 2.0, 20.0, 2.0)
"""By `Priority`: how much longer than the highest class each waits."""
WAITS = tuple([30.0 * times for times in TIMES])


class QueueRules(msgspec.Struct, frozen=True, kw_only=True):
    """One queue's. Models whose queues have one name wait together."""

    name: str
    concurrency: int | None = None
    """Requests under way at each target at the most; None: learnt from how it answers."""
    size: int = 1_000
    """Requests of one tenant that may wait in one class."""
    bytes: int = 64 * _MIB
    """Their bodies together."""
    waits: tuple[float, ...] = WAITS
    """Seconds that a request waits at the most, by its `Priority`."""
    shed: float = 2.0
    """Seconds of predicted wait from which on nearly all that may be shed is; 0: none is."""
