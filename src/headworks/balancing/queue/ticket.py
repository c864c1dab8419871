"""One request in a queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from math import inf

import msgspec

from headworks.domain.envelope import Envelope, Priority
from headworks.domain.errors import Fault
from headworks.domain.target import Target
from headworks.domain.usage import Usage

INPUT_COST = 1.0
OUTPUT_COST = 2.0
"""A written token keeps a machine busy about twice as long as one that is read."""


class Way(msgspec.Struct, eq=False):
    """Targets that some of those who wait may go to. One object for one set of names in a queue."""

    targets: Sequence[Target]
    waiting: int = 0


class Phase(Enum):
    """Where a ticket is. It only goes forward."""

    WAITING = auto()
    ADMITTED = auto()
    GONE = auto()


Notify = Callable[[Target | Fault], None]
"""Hears, once, at which target there is room now, or why there never will be."""


def nobody(_turn: Target | Fault) -> None:
    """Of a ticket that nobody waits with any more."""


class Ticket(msgspec.Struct, kw_only=True, eq=False):
    """Belongs to one queue. Times are monotonic seconds."""

    tenant: str
    targets: Sequence[Target] = ()
    """Those that it may go to."""
    priority: Priority = Priority.DEFAULT
    weight: float = 1.0
    """Of its tenant: twice the weight, twice the share."""
    deadline: float = inf
    bytes: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    """The most that it may be answered with."""
    hit: float = 0.0
    """The share of its prompt that a cache is taken to hold, 0 to 1."""
    notify: Notify = nobody
    phase: Phase = Phase.WAITING
    entered: float = 0.0
    """The queue sets it, and what follows."""
    expires: float = inf
    """From then on it waits no more."""
    way: Way | None = None
    charged: float = 0.0
    """What its tenant was charged in advance, and was not settled yet."""

    @property
    def input_cost(self) -> float:
        """Of reading what no cache holds."""
        return INPUT_COST * self.prompt_tokens * (1.0 - self.hit)


def ticket_of(envelope: Envelope, targets: Sequence[Target], weight: float, size: int) -> Ticket:
    """A ticket for a request of so many bytes."""
    return Ticket(
        tenant=envelope.tenant,
        targets=targets,
        priority=envelope.priority,
        weight=weight,
        deadline=envelope.deadline,
        bytes=size,
        prompt_tokens=envelope.prompt_tokens,
        output_tokens=envelope.output_tokens,
    )


def cost_of(usage: Usage) -> float:
    """What a tenant is charged for what was really used: input that no cache held, and output."""
    return INPUT_COST * max(0, usage.input - usage.cache_read) + OUTPUT_COST * usage.output
