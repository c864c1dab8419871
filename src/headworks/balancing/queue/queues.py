"""All queues of the gateway, and the permits of targets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from headworks.balancing.concurrency import Permits
from headworks.balancing.envelopes import envelope_of
from headworks.balancing.queue.fair_queue import FairQueue
from headworks.balancing.queue.place import Place
from headworks.balancing.queue.ticket import Ticket, Way, ticket_of
from headworks.domain.call import Call
from headworks.domain.envelope import Priority
from headworks.domain.errors import Fault
from headworks.domain.plan import Plan
from headworks.domain.queue_rules import QueueRules
from headworks.domain.snapshot import Model
from headworks.domain.target import Target
from headworks.ports.admission import Hear, Room
from headworks.ports.clock import Chance
from headworks.ports.extension import Pulse

HURRIED, PATIENT = 0.5, 2.0
"""Seconds that a request may be predicted to stand in an engine's own queue: where somebody above batch waits, and where nobody does.
What waits here can still be overtaken; what waits there can't.
"""
KNOWN = 1024
"""Queues that are remembered: models' names may be made up by callers."""


class Queues:
    """`ports.admission.Queues` of one gateway process."""

    def __init__(self, permits: Permits, pulse: Pulse, chance: Chance, room: Room) -> None:
        self._permits = permits
        self._pulse = pulse
        self._chance = chance
        self._room = room
        self._queues: dict[str, FairQueue] = {}
        permits.on_free = self._admit_all

    def join(self, call: Call, plan: Plan, targets: Sequence[Target], hear: Hear) -> Place:
        """See `ports.admission.Queues`."""
        rules, principal = plan.model.queue, call.principal
        assert rules is not None
        assert principal is not None
        return self.enter(rules, ticket_of(envelope_of(call, plan), targets, principal.share, call.body.size), hear)

    def enter(self, rules: QueueRules, ticket: Ticket, hear: Hear) -> Place:
        """A place for this ticket. Raises `Fault` where there is none."""
        queue = self._of(rules)
        place = Place(queue, ticket, self._permits, partial(self._room_at, queue), hear)
        queue.add(ticket, self._permits.now(), self._room.pressure(ticket.targets))
        self._admit(queue)
        return place

    def waiting_for(self, model: Model) -> int:
        """See `ports.admission.Queues`."""
        queue = self._queues.get(model.queue.name) if model.queue is not None else None
        return queue.waiting if queue is not None else 0

    def tick(self) -> bool:
        """See `ports.admission.Queues`."""
        for queue in self._queues.values():
            self._expire(queue)
        self._admit_all()
        return any(queue.waiting for queue in self._queues.values())

    def waiting(self) -> dict[str, dict[str, int]]:
        """How many wait, by queue and class: for gauges."""
        return {
            name: {priority.name.lower(): queue.bands[priority].waiting for priority in Priority}
            for name, queue in self._queues.items()
        }

    def _of(self, rules: QueueRules) -> FairQueue:
        queue = self._queues.get(rules.name)
        if queue is None:
            if len(self._queues) >= KNOWN:
                self._queues = {name: known for name, known in self._queues.items() if known.waiting}
            queue = self._queues[rules.name] = FairQueue(rules, self._chance)
        queue.rules = rules  # as the newest configuration has them
        return queue

    def _admit_all(self) -> None:
        """Whichever queue has gone longest without is the first to get what has become free."""
        for queue in [queue for queue in self._queues.values() if queue.waiting]:
            self._admit(queue)

    def _admit(self, queue: FairQueue) -> None:
        """Let in whoever there is room for."""
        while queue.waiting:
            now = self._permits.now()
            ways = self._with_room(queue)
            if not ways:
                queue.stands(now)
                return
            self._queues[queue.rules.name] = self._queues.pop(queue.rules.name)
            ticket = queue.take(now, ways)
            assert ticket.way is not None
            ticket.notify(ways[ticket.way])

    def _with_room(self, queue: FairQueue) -> dict[Way, Target]:
        """Sets of targets that somebody waits for, each with the one that has room."""
        found = {way: self._roomiest(queue, way.targets) for way in queue.ways.values()}
        return {way: target for way, target in found.items() if target is not None}

    def _roomiest(self, queue: FairQueue, targets: Sequence[Target]) -> Target | None:
        """The target with the most room, of those that are well. Where none is well, any will do."""
        pulse = self._pulse
        well = targets if pulse.calm else [target for target in targets if pulse.available(target)] or targets
        best, most = None, 0
        for target in well:
            room = self._room_at(queue, target)
            if room > most:
                best, most = target, room
        return best

    def _room_at(self, queue: FairQueue, target: Target) -> int:
        """Permits that are left there; none where a request would stand in the engine's own queue for too long."""
        free = self._permits.free(target, queue.rules.concurrency)
        patience = HURRIED if queue.hurried else PATIENT
        return free if free > 0 and self._room.wait(target) <= patience else 0

    def _expire(self, queue: FairQueue) -> None:
        """Send away who has waited too long."""
        now = self._permits.now()
        for ticket in queue.expired(now):
            name, waits = ticket.priority.name.lower(), ticket.expires - ticket.entered
            ticket.notify(
                Fault(
                    "queue_timeout",
                    f"All targets of this model were busy for {waits:.0f} s, which is as long as a request of class '{name}' waits, "
                    "or as its deadline allows. Try again later, or ask for another model.",
                    retry_after=queue.retry_after(ticket, now),
                )
            )
