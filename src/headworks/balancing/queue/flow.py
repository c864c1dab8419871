"""One tenant's tickets of one class, for one set of targets."""

from __future__ import annotations

from headworks.balancing.queue.lazy_heap import LazyHeap
from headworks.balancing.queue.ticket import Ticket, Way

QUANTUM = 0.5
"""Seconds of arrivals within which a prompt that a cache holds goes before one that none does."""


class Flow:
    """Earliest deadline first; of those without one whoever came first, but within a quantum of time the warmest."""

    def __init__(self, tenant: str, way: Way) -> None:
        self.tenant = tenant
        self.way = way
        self.bytes = 0
        self._tickets = LazyHeap[Ticket]()

    def __len__(self) -> int:
        return len(self._tickets)

    def add(self, ticket: Ticket) -> None:
        """It waits from now on."""
        self.bytes += ticket.bytes
        self._tickets.push(ticket, ticket.deadline, ticket.entered // QUANTUM, -ticket.hit)

    def first(self) -> Ticket:
        """The next. There must be one."""
        found = self._tickets.first()
        assert found is not None
        return found[1]

    def remove(self, ticket: Ticket) -> None:
        """It waits no more."""
        self.bytes -= ticket.bytes
        self._tickets.discard(ticket)
