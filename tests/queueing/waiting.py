"""Queues over targets that do nothing: who is admitted is written down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from headworks.balancing.concurrency import Permits
from headworks.balancing.health import HealthBook
from headworks.balancing.load import LoadBook
from headworks.balancing.prefix import PrefixIndex
from headworks.balancing.queue.place import Place
from headworks.balancing.queue.queues import Queues
from headworks.balancing.queue.room import KnownLoads
from headworks.balancing.queue.ticket import Ticket
from headworks.domain.dispatch import Choice, Dispatch
from headworks.domain.envelope import Priority
from headworks.domain.errors import Fault
from headworks.domain.queue_rules import QueueRules
from headworks.domain.target import Target
from headworks.domain.usage import Usage
from headworks.testing import FrozenClock, sample_target, seeded


class Asked:
    """One request, and what it has heard."""

    def __init__(self, ticket: Ticket, turns: list[Asked]) -> None:
        self.ticket = ticket
        self._turns = turns
        self.heard: list[str] = []
        self.place: Place | None = None
        self.dispatch: Dispatch | None = None

    def hear(self, fault: Fault | None) -> None:
        self.heard.append("admitted" if fault is None else fault.code)
        if fault is None:
            self._turns.append(self)

    @property
    def admitted(self) -> bool:
        return self.place is not None and self.place.admitted


class Line:
    """Queues of one gateway, by hand."""

    def __init__(self, *, targets: int = 1, seed: int = 1, **rules: Any) -> None:
        self.clock = FrozenClock()
        self.health = HealthBook(self.clock)
        self.loads = LoadBook(self.clock, PrefixIndex())
        self.permits = Permits(self.clock)
        self.queues = Queues(self.permits, self.health, seeded(seed), KnownLoads(self.loads))
        self.targets = tuple(sample_target(f"t{number}/model") for number in range(targets))
        self.turns: list[Asked] = []
        """Those admitted, in this order."""
        self.rules = msgspec.structs.replace(QueueRules(name="model", concurrency=1), **rules)

    def ask(
        self,
        tenant: str = "a",
        priority: Priority = Priority.DEFAULT,
        *,
        targets: Sequence[Target] | None = None,
        prompt: int = 10,
        output: int = 0,
        **more: Any,
    ) -> Asked:
        """One more request. Raises `Fault` where it has no place."""
        ticket = Ticket(
            tenant=tenant, targets=targets or self.targets, priority=priority, prompt_tokens=prompt, output_tokens=output
        )
        asked = Asked(msgspec.structs.replace(ticket, **more), self.turns)
        asked.place = self.queues.enter(self.rules, asked.ticket, asked.hear)
        return asked

    def start(self, asked: Asked) -> Target:
        """Its attempt goes out, to the first target that is open to it."""
        assert asked.place is not None
        target = asked.place.open(asked.ticket.targets)[0]
        asked.dispatch = asked.place.follow(Choice(target)).dispatch
        assert asked.dispatch is not None
        asked.dispatch.sent()
        asked.place.leave()
        return target

    def end(self, asked: Asked, usage: Usage | None = None, fault: Fault | None = None) -> None:
        """Its attempt ends."""
        assert asked.dispatch is not None
        dispatch, asked.dispatch = asked.dispatch, None
        dispatch.ended(fault, usage or (None if fault else Usage(input=asked.ticket.prompt_tokens)))

    @property
    def waiting(self) -> int:
        return sum(sum(classes.values()) for classes in self.queues.waiting().values())
