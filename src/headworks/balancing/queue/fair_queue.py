"""One queue: all who wait for its models."""

from __future__ import annotations

from collections.abc import Collection

from headworks.balancing.queue.band import Band
from headworks.balancing.queue.drain import Drain, shed_chance
from headworks.balancing.queue.floors import Floors
from headworks.balancing.queue.lazy_heap import LazyHeap
from headworks.balancing.queue.ticket import Phase, Ticket, Way, cost_of
from headworks.domain.envelope import Priority
from headworks.domain.errors import Fault
from headworks.domain.queue_rules import QueueRules
from headworks.domain.usage import Usage
from headworks.ports.clock import Chance

_SOONEST = 1.0
"""Seconds that nobody is told to come back sooner than."""


class FairQueue:
    """Bands of tenants of tickets. A ticket that is added is taken once or goes once; what was taken is settled once. O(log n) a step."""

    def __init__(self, rules: QueueRules, chance: Chance) -> None:
        self.rules = rules
        self.bands = tuple(Band() for _ in Priority)
        self.ways: dict[tuple[str, ...], Way] = {}
        """Sets of targets that somebody waits for, by their names."""
        self.waiting = 0
        self._floors = Floors(len(self.bands))
        self._drain = Drain()
        self._chance = chance
        self._expiries = LazyHeap[Ticket]()

    def add(self, ticket: Ticket, now: float, pressure: float = 0.0) -> None:
        """It waits from now on. `pressure` is how full its targets are, 1 and more at their end. Raises `Fault` where the ticket is shed, its
        tenant has no place left in the class, or its deadline can't be met.
        """
        seconds = self.predicted(ticket, now)
        self._or_shed(ticket, now, pressure)
        self._or_full(ticket, seconds)
        if now + seconds > ticket.deadline or ticket.deadline <= now:
            raise Fault(
                "deadline_unreachable",
                f"Its turn would come in {seconds:.1f} s, after the deadline that it was sent with. "
                "Try again later, or allow more time.",
                retry_after=max(seconds, _SOONEST),
            )
        ticket.entered = now
        ticket.expires = min(now + self.rules.waits[ticket.priority], ticket.deadline)
        ticket.way = self._way(ticket)
        ticket.way.waiting += 1
        self.bands[ticket.priority].add(ticket, ticket.way)
        self.waiting += 1
        self._expiries.push(ticket, ticket.expires)

    def take(self, now: float, ways: Collection[Way]) -> Ticket:
        """Whose turn it is of those who wait for one of `ways`; its tenant is charged. Somebody must."""
        band = self.bands[self._floors.next([band.has(ways) for band in self.bands])]
        ticket = band.take(ways)
        self._no_longer_waiting(ticket, Phase.ADMITTED)
        self._drain.admitted(now, others_wait=self.waiting > 0)
        return ticket

    def stands(self, now: float) -> None:
        """Nobody can be admitted now."""
        self._drain.stands(now)

    def leave(self, ticket: Ticket) -> None:
        """It waits no more, if it did."""
        if ticket.phase is Phase.WAITING:
            self.bands[ticket.priority].remove(ticket)
            self._no_longer_waiting(ticket, Phase.GONE)

    def settle(self, ticket: Ticket, usage: Usage | None) -> None:
        """What it really took, in place of what was charged for it; None: nothing."""
        band = self.bands[ticket.priority]
        if usage is None:
            band.settle(ticket, 0.0)
        else:
            band.settle(ticket, cost_of(usage), usage.output)

    def expired(self, now: float) -> list[Ticket]:
        """Those who have waited as long as they may, or can: they have left with that."""
        gone: list[Ticket] = []
        while (found := self._expiries.first()) is not None and found[0][0] <= now:
            self.leave(found[1])
            gone.append(found[1])
        return gone

    @property
    def hurried(self) -> bool:
        """Whether somebody waits whose class may not stand in an engine's own queue for long."""
        return any(band.waiting for band in self.bands[: Priority.BATCH])

    def ahead(self, ticket: Ticket) -> int:
        """How many are likely to be admitted before one who comes now: all above, and of its own class what fairness lets before it."""
        above = sum(band.waiting for band in self.bands[: ticket.priority])
        band = self.bands[ticket.priority]
        own = sum(map(len, band.flows(ticket.tenant)))
        tenants = band.tenants + (not own)
        return above + min(band.waiting, (own + 1) * tenants - 1)

    def predicted(self, ticket: Ticket, now: float) -> float:
        """Seconds until one who comes now is likely to be admitted."""
        return self._drain.seconds(self.ahead(ticket) + 1, now) if self.waiting else 0.0

    def retry_after(self, ticket: Ticket, now: float) -> float:
        """When one who is sent away may come back."""
        return max(_SOONEST, self.predicted(ticket, now))

    def _way(self, ticket: Ticket) -> Way:
        names = tuple([target.name for target in ticket.targets])
        way = self.ways.get(names)
        if way is None:
            way = self.ways[names] = Way(ticket.targets)
        way.targets = ticket.targets  # as the newest configuration has them
        return way

    def _no_longer_waiting(self, ticket: Ticket, phase: Phase) -> None:
        ticket.phase = phase
        self.waiting -= 1
        self._expiries.discard(ticket)
        way = ticket.way
        assert way is not None
        way.waiting -= 1
        if not way.waiting:
            del self.ways[tuple([target.name for target in way.targets])]

    def _or_shed(self, ticket: Ticket, now: float, pressure: float) -> None:
        if ticket.priority is not Priority.SHEDDABLE or not self.rules.shed:
            return
        seconds = self._drain.seconds(self.waiting + 1, now) if self.waiting else 0.0
        if self._chance.random() < shed_chance(max(seconds / self.rules.shed, pressure)):
            raise Fault(
                "shed",
                "The machines behind this model are short, and requests of class 'sheddable' are refused first. "
                f"Try again in {max(seconds, _SOONEST):.0f} s, or with a higher class.",
                retry_after=max(seconds, _SOONEST),
            )

    def _or_full(self, ticket: Ticket, seconds: float) -> None:
        flows = list(self.bands[ticket.priority].flows(ticket.tenant))
        count, size = sum(map(len, flows)), sum(flow.bytes for flow in flows)
        if count >= self.rules.size:
            what = f"{count} requests of yours wait for this model already"
        elif size and size + ticket.bytes > self.rules.bytes:
            what = f"Requests of yours of {size} bytes wait for this model already"
        else:
            return
        raise Fault(
            "queue_full",
            f"{what}, and no more may. Try again in {max(seconds, _SOONEST):.0f} s.",
            retry_after=max(seconds, _SOONEST),
        )
