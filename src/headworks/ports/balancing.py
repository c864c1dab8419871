"""What the journey asks of the balancing floor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from headworks.domain.call import Call
from headworks.domain.dispatch import Choice
from headworks.domain.errors import Fault
from headworks.domain.plan import Plan
from headworks.domain.target import Target
from headworks.ports.extension import Pulse


class Balancer(Protocol):
    """Chooses where an attempt goes, by the strategy of the model."""

    def choose(self, call: Call, plan: Plan, targets: Sequence[Target]) -> Choice:
        """One of `targets` (at least one), all of them the plan's. Asked again with what is left when that one has failed."""
        ...


class Health(Pulse, Protocol):
    """How targets are doing, learnt from every attempt."""

    def began(self, target: Target) -> None:
        """An attempt starts."""
        ...

    def ended(self, target: Target, fault: Fault | None, first: float | None) -> None:
        """It is over. `first`: seconds to the first content of a streamed answer, or those for which it was waited for in vain; None where
        that says nothing. A fault that is not the target's (`Blame`) counts for nothing.
        """
        ...

    def fit(self, model: str, targets: Sequence[Target]) -> Sequence[Target]:
        """Those of a model's targets that may be tried now: without those behind open circuits, and those that are ejected while at least
        half of all are well. Empty where all circuits are open.
        """
        ...

    def last_fault(self, target: Target) -> str:
        """The code of the fault that it showed last, empty if none."""
        ...

    def reopens_in(self, target: Target) -> float:
        """Seconds until it may be tried again; 0 if now."""
        ...


class RetryBudget(Protocol):
    """Keeps retries a small share of the traffic, so that they cannot make an outage worse."""

    def deposit(self) -> None:
        """A request came in."""
        ...

    def withdraw(self) -> bool:
        """May one more retry be made?"""
        ...
