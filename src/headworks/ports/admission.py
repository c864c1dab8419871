"""What the journey asks of the queues before models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from headworks.domain.call import Call
from headworks.domain.dispatch import Choice
from headworks.domain.errors import Fault
from headworks.domain.plan import Plan
from headworks.domain.snapshot import Model
from headworks.domain.target import Target


class Room(Protocol):
    """Whoever can tell how busy targets are beyond what the gateway itself has under way there."""

    def wait(self, target: Target) -> float:
        """Predicted seconds that a request would stand in the target's own queue; 0 where nothing is known of any."""
        ...

    def pressure(self, targets: Sequence[Target]) -> float:
        """How full they are on the mean, 1 and more where they can take no more; 0 where nothing is known of any."""
        ...


class Place(Protocol):
    """One call's place in a queue, and once it is admitted its permit. Synchronous, and never raises."""

    @property
    def admitted(self) -> bool:
        """It may go."""
        ...

    @property
    def words(self) -> str:
        """Its class, and how many were likely before it when it came."""
        ...

    def open(self, targets: Sequence[Target]) -> Sequence[Target]:
        """Those with room for it; all where none has, for an attempt that must be made."""
        ...

    def follow(self, choice: Choice) -> Choice:
        """The same choice, its attempt under a permit."""
        ...

    def leave(self) -> None:
        """Wait no more, and give back what was not used. Idempotent."""
        ...


Hear = Callable[[Fault | None], None]
"""Hears once that its turn has come, or the fault why it never will; nothing more once it has left."""


class Queues(Protocol):
    """Those of all models."""

    def join(self, call: Call, plan: Plan, targets: Sequence[Target], hear: Hear) -> Place:
        """A place in the queue of the plan's model, which must have rules for one, before these targets. Raises `Fault` where there is none
        to be had.
        """
        ...

    def waiting_for(self, model: Model) -> int:
        """How many wait in its queue."""
        ...

    def tick(self) -> bool:
        """Admit whoever there is room for by now, and send away who has waited too long. Tells whether anybody still waits."""
        ...
