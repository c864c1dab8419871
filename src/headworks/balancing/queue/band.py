"""Tenants of one class, served by virtual counters: whoever was served least is next.

After «Fairness in Serving Large Language Models» (OSDI '24): a tenant is charged for its input and the predicted output when its
request is admitted, and for the difference when it has ended. One that comes back is lifted to the least of those who wait, so that
nobody saves up service by being away.
"""

from __future__ import annotations

from collections.abc import Iterable

from headworks.balancing.queue.flow import Flow
from headworks.balancing.queue.lazy_heap import LazyHeap
from headworks.balancing.queue.ticket import OUTPUT_COST, Ticket, Way

KNOWN = 4096
"""Tenants that are remembered before those whom lifting would forget are forgotten."""
_FIRST_GUESS = 256.0
"""Tokens of an answer of a tenant of whom nothing is known."""
_SMOOTHING = 0.1


class Band:
    """Those who wait, by tenant, and what each was served."""

    def __init__(self) -> None:
        self.waiting = 0
        self._flows: dict[str, dict[Way, Flow]] = {}
        self._ranked: dict[Way, LazyHeap[Flow]] = {}
        """By the targets that they are for: who is next there."""
        self._served: dict[str, float] = {}
        self._written: dict[str, float] = {}
        """Tokens of a usual answer, by tenant."""
        self._last = 0.0
        """The counter of whoever was served last: where those begin who come while nobody waits."""

    @property
    def tenants(self) -> int:
        """How many have something waiting."""
        return len(self._flows)

    def flows(self, tenant: str) -> Iterable[Flow]:
        """What the tenant has waiting."""
        return self._flows.get(tenant, {}).values()

    def served(self, tenant: str) -> float:
        """Its counter: what it was charged, divided by its weight, and lifted."""
        return self._served.get(tenant, 0.0)

    def has(self, ways: Iterable[Way]) -> bool:
        """Whether somebody waits for one of these."""
        return any(way in self._ranked for way in ways)

    def add(self, ticket: Ticket, way: Way) -> None:
        """It waits from now on, for targets of that set."""
        tenant = ticket.tenant
        if tenant not in self._flows:
            self._served[tenant] = max(self.served(tenant), self._least())
        flows = self._flows.setdefault(tenant, {})
        if way not in flows:
            flows[way] = Flow(tenant, way)
            self._rank(flows[way])
        flows[way].add(ticket)
        self.waiting += 1

    def take(self, ways: Iterable[Way]) -> Ticket:
        """The next of the tenant that was served least, of those who wait for one of `ways`; it is charged. Somebody must."""
        tops = [top for way in ways if (ranked := self._ranked.get(way)) is not None and (top := ranked.first()) is not None]
        (self._last, *_), flow = min(tops, key=lambda top: top[0])
        ticket = flow.first()
        self.remove(ticket)
        ticket.charged = ticket.input_cost + OUTPUT_COST * self._expected(ticket)
        self._charge(ticket, ticket.charged)
        return ticket

    def remove(self, ticket: Ticket) -> None:
        """It waits no more."""
        flows = self._flows[ticket.tenant]
        way = ticket.way
        assert way is not None
        flow = flows[way]
        flow.remove(ticket)
        self.waiting -= 1
        if not flow:
            self._unrank(flow)
            del flows[way]
        if not flows:
            del self._flows[ticket.tenant]

    def settle(self, ticket: Ticket, cost: float, written: int | None = None) -> None:
        """It was served for so much in truth, and answered with `written` tokens; what was charged in advance is put right."""
        if written is not None:
            usual = self._written.get(ticket.tenant, float(written))
            self._written[ticket.tenant] = usual + _SMOOTHING * (written - usual)
        self._charge(ticket, cost - ticket.charged)
        ticket.charged = 0.0

    def _expected(self, ticket: Ticket) -> float:
        return min(self._written.get(ticket.tenant, _FIRST_GUESS), float(ticket.output_tokens))

    def _charge(self, ticket: Ticket, cost: float) -> None:
        tenant = ticket.tenant
        self._served[tenant] = self.served(tenant) + cost / ticket.weight
        for flow in self.flows(tenant):
            self._rank(flow)
        if len(self._served) > KNOWN + len(self._flows):
            self._forget_the_lifted()

    def _rank(self, flow: Flow) -> None:
        self._ranked.setdefault(flow.way, LazyHeap()).push(flow, self._served[flow.tenant])

    def _unrank(self, flow: Flow) -> None:
        ranked = self._ranked[flow.way]
        ranked.discard(flow)
        if not ranked:
            del self._ranked[flow.way]

    def _least(self) -> float:
        tops = [top for ranked in self._ranked.values() if (top := ranked.first()) is not None]
        return min((served for (served, *_), _ in tops), default=self._last)

    def _forget_the_lifted(self) -> None:
        """Those who would be lifted anyway, should they come back; where these are few, all who don't wait."""
        least = self._least()
        kept = {tenant: served for tenant, served in self._served.items() if served > least or tenant in self._flows}
        few = len(kept) > KNOWN // 2 + len(self._flows)
        self._served = {tenant: self._served[tenant] for tenant in self._flows} if few else kept
        self._written = {tenant: usual for tenant, usual in self._written.items() if tenant in self._served}
