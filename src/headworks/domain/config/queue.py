"""How requests wait for a model, as operators write it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from headworks.domain.config.written import Written

PriorityName = Literal["system", "interactive", "default", "batch", "sheddable"]
"""Whose turn comes first."""


class QueueRule(Written, frozen=True):
    """Requests beyond what the targets can take at once wait in the gateway, and are admitted by class, tenant and deadline."""

    name: str = ""
    """Models whose queues have one name wait together; left out, the model's own."""
    concurrency: Annotated[int, Meta(ge=1)] | Literal["auto"] = "auto"
    """Requests under way at each target at the most; `auto`: learnt from how it answers, and from what its engine says."""
    size: Annotated[int, Meta(ge=1)] = 1_000
    """Requests of one tenant that may wait in one class."""
    bytes: Annotated[int, Meta(ge=1)] = 64 * 1024 * 1024
    """Their bodies together."""
    wait: Annotated[float, Meta(gt=0)] = 30.0
    """Seconds that an interactive request waits at the most; by default and sheddable ones twice as long, batch twenty times."""
    shed: Annotated[float, Meta(ge=0)] = 2.0
    """Seconds of predicted wait from which on nearly all that may be shed is; 0: none is."""
