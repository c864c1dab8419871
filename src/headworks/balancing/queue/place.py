"""One call in a queue, and then under a permit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from headworks.balancing.concurrency import Permits
from headworks.balancing.queue.fair_queue import FairQueue
from headworks.balancing.queue.ticket import Phase, Ticket, nobody
from headworks.domain.dispatch import Choice, Dispatch
from headworks.domain.errors import Fault
from headworks.domain.reply import HeaderList
from headworks.domain.target import Target
from headworks.domain.usage import Usage
from headworks.ports.admission import Hear

RoomAt = Callable[[Target], int]
"""How many more a target can take."""


class Place:
    """`ports.admission.Place`."""

    __slots__ = ("_ahead", "_hear", "_held", "_permits", "_queue", "_room", "ticket")

    def __init__(self, queue: FairQueue, ticket: Ticket, permits: Permits, room: RoomAt, hear: Hear) -> None:
        self.ticket = ticket
        ticket.notify = self._turn
        self._queue = queue
        self._permits = permits
        self._room = room
        self._hear = hear
        self._ahead = queue.ahead(ticket)
        self._held: Target | None = None
        """Whose permit it has, until an attempt takes one over."""

    @property
    def admitted(self) -> bool:
        """See `ports.admission.Place`, here and below."""
        return self.ticket.phase is Phase.ADMITTED

    @property
    def words(self) -> str:
        """Class, and how many before it."""
        return f"{self.ticket.priority.name.lower()}, behind {self._ahead}"

    def open(self, targets: Sequence[Target]) -> Sequence[Target]:
        """Those with room, and the one whose permit it has."""
        held = self._held.name if self._held is not None else ""
        return [target for target in targets if target.name == held or self._room(target) > 0] or targets

    def follow(self, choice: Choice) -> Choice:
        """Under a permit from when it is sent."""
        return Choice(choice.target, _Permitted(self, choice), choice.why)

    def use(self, target: Target) -> None:
        """An attempt starts there: under the permit held, or under one more where that is used."""
        self._permits.take(target)
        self._give_back()

    def settle(self, usage: Usage | None) -> None:
        """What its tenant was charged is put right."""
        self._queue.settle(self.ticket, usage)

    def leave(self) -> None:
        """Out of the queue, or back with the permit."""
        self.ticket.notify = nobody
        self._queue.leave(self.ticket)
        if self._held is not None:
            self.settle(None)
            self._give_back()

    def _turn(self, turn: Target | Fault) -> None:
        self.ticket.notify = nobody
        if isinstance(turn, Fault):
            self._hear(turn)
        else:
            self._permits.take(turn)
            self._held = turn
            self._hear(None)

    def _give_back(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            self._permits.give_back(held)

    @property
    def permits(self) -> Permits:
        """Those of all targets."""
        return self._permits


class _Permitted:
    """A `Dispatch` around whichever the balancer gave: what limits of concurrency and shares of tenants learn, they learn here."""

    __slots__ = ("_began", "_inner", "_place", "_sent_at", "_target")

    def __init__(self, place: Place, choice: Choice) -> None:
        self._place = place
        self._target = choice.target
        self._inner: Dispatch | None = choice.dispatch
        self._sent_at = 0.0
        self._began = False

    def sent(self) -> None:
        """See `Dispatch`."""
        self._place.use(self._target)
        self._sent_at = self._place.permits.now()
        if self._inner is not None:
            self._inner.sent()

    def headed(self, status: int, headers: HeaderList) -> None:
        """See `Dispatch`."""
        if self._inner is not None:
            self._inner.headed(status, headers)

    def began(self) -> None:
        """See `Dispatch`."""
        self._began = True
        self._place.permits.began(self._target, self._place.ticket.prompt_tokens, self._sent_at)
        if self._inner is not None:
            self._inner.began()

    def ended(self, fault: Fault | None, usage: Usage | None) -> None:
        """See `Dispatch`."""
        if self._inner is not None:
            self._inner.ended(fault, usage)
        place = self._place
        if usage is not None:
            place.settle(usage)
        elif fault is not None and not self._began:
            place.settle(None)
        else:
            place.ticket.charged = 0.0  # something was done, and nobody says how much: the charge stands
        if fault is not None:
            place.permits.failed(self._target, fault.kind, self._sent_at)
        elif not self._began:
            place.permits.finished(self._target, usage, self._sent_at)
        place.permits.give_back(self._target)
