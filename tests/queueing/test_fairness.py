"""One tenant floods: the others wait about as long as if each were alone with its share of the machines. In time that is only reckoned."""

from __future__ import annotations

import heapq
from itertools import count
from random import Random
from typing import NamedTuple

import pytest

from headworks.domain.envelope import Priority
from headworks.domain.errors import Fault
from headworks.domain.usage import Usage
from headworks.testing import seeded

from .waiting import Asked, Line

TENANTS = 5
SLOTS = 10
"""At two targets."""
PROMPT, OUTPUT = 500, 250
SECONDS = 1.0
"""That a request keeps a slot on the mean."""
BUSY = 0.85
"""Of its share of the slots that a quiet tenant asks for."""
FLOOD = 6.0
"""Times all slots that the flooding one asks for."""


class Stream(NamedTuple):
    """Requests of one tenant."""

    tenant: str
    priority: Priority
    rate: float
    """A second."""


class Hour:
    """Streams of requests before targets with so many slots, event by event."""

    def __init__(self, slots: int, seed: int) -> None:
        targets = 2 if slots % 2 == 0 else 1
        self.line = Line(targets=targets, concurrency=slots // targets, size=10**7, bytes=1 << 40, waits=(1e9,) * 5, shed=0.0)
        self._seed = seed
        self._chances: dict[str, Random] = {}
        """A tenant asks for the same at the same time, whoever else is there."""
        self.waits: dict[str, list[float]] = {}
        self.served: dict[str, int] = {}
        self._events: list[tuple[float, int, str, Stream | Asked]] = []
        self._order = count()

    def run(self, streams: list[Stream], seconds: float) -> None:
        """The waits of all that are served by then."""
        clock, begins = self.line.clock, self.line.clock.now()
        for stream in streams:
            self._later(self._chance(stream.tenant).expovariate(stream.rate), "arrives", stream)
        while self._events and self._events[0][0] <= begins + seconds:
            at, _, what, whom = heapq.heappop(self._events)
            clock.advance(at - clock.now())
            if isinstance(whom, Stream):
                assert what == "arrives"
                self._later(self._chance(whom.tenant).expovariate(whom.rate), "arrives", whom)
                self.line.ask(whom.tenant, whom.priority, prompt=PROMPT, output=OUTPUT)
            else:
                self.line.end(whom, Usage(input=PROMPT, output=OUTPUT))
            self._start_admitted()

    def _start_admitted(self) -> None:
        while self.line.turns:
            asked = self.line.turns.pop(0)
            self.line.start(asked)
            tenant = asked.ticket.tenant
            self.waits.setdefault(tenant, []).append(self.line.clock.now() - asked.ticket.entered)
            self.served[tenant] = self.served.get(tenant, 0) + 1
            self._later(SECONDS * (0.5 + self._chance(f"{tenant}'s work").random()), "ends", asked)

    def _chance(self, name: str) -> Random:
        return self._chances.setdefault(name, seeded(f"{self._seed} {name}"))

    def _later(self, seconds: float, what: str, whom: Stream | Asked) -> None:
        heapq.heappush(self._events, (self.line.clock.now() + seconds, next(self._order), what, whom))

    def p90(self, tenant: str) -> float:
        """Of its waits, the first tenth of which is left out."""
        waits = self.waits[tenant]
        settled = sorted(waits[len(waits) // 10 :])
        return settled[len(settled) * 9 // 10]


def quiet(number: int, priority: Priority = Priority.DEFAULT) -> Stream:
    return Stream(f"quiet-{number}", priority, BUSY * SLOTS / TENANTS / SECONDS)


def worst_ratio(seed: int, seconds: float) -> float:
    """Of a quiet tenant's wait beside the flood, by its wait alone with its share."""
    flooded = Hour(SLOTS, seed)
    flood = Stream("flood", Priority.DEFAULT, FLOOD * SLOTS / SECONDS)
    flooded.run([flood, *(quiet(number) for number in range(TENANTS - 1))], seconds)
    ratios = list[float]()
    for number in range(TENANTS - 1):
        alone = Hour(SLOTS // TENANTS, seed)
        alone.run([quiet(number)], seconds)
        ratios.append(flooded.p90(f"quiet-{number}") / alone.p90(f"quiet-{number}"))
    print(f"seed {seed}: p90 beside the flood, by alone with its share: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")
    return max(ratios)


def test_beside_a_flood_the_others_wait_no_longer_than_alone_with_their_share() -> None:
    assert worst_ratio(1, 400.0) <= 1.2


@pytest.mark.long
def test_beside_a_flood_nobody_waits_longer_whatever_the_seed() -> None:
    assert max(worst_ratio(seed, 4_000.0) for seed in range(1, 11)) <= 1.2


def test_without_turns_the_flood_would_drown_them() -> None:
    """The same, all being one tenant: what the queue does is what helps."""
    hour = Hour(SLOTS, 1)
    hour.run([Stream("all", Priority.DEFAULT, FLOOD * SLOTS / SECONDS), quiet(0)._replace(tenant="all")], 400.0)

    assert hour.p90("all") > 100.0


def test_batch_yields_to_interactive_and_keeps_its_floor() -> None:
    hour = Hour(SLOTS, 3)
    batch = Stream("batch", Priority.BATCH, FLOOD * SLOTS / SECONDS)
    people = Stream("people", Priority.INTERACTIVE, 0.8 * SLOTS / SECONDS)
    hour.run([batch, people], 400.0)
    alone = Hour(SLOTS, 3)
    alone.run([people], 400.0)

    print(
        f"p90 wait of people beside batch {hour.p90('people'):.2f} s, alone {alone.p90('people'):.2f} s; of batch {hour.p90('batch'):.0f} s"
    )
    turn = SECONDS / SLOTS
    assert hour.p90("people") <= alone.p90("people") + 6 * turn
    assert hour.p90("batch") > 100 * hour.p90("people")
    assert hour.served["people"] >= 0.97 * alone.served["people"]
    assert 0.1 * SLOTS * 400.0 <= hour.served["batch"] <= 0.3 * SLOTS * 400.0


def test_interactive_that_takes_everything_leaves_batch_its_floor() -> None:
    hour = Hour(SLOTS, 4)
    batch = Stream("batch", Priority.BATCH, SLOTS / SECONDS)
    people = Stream("people", Priority.INTERACTIVE, FLOOD * SLOTS / SECONDS)
    hour.run([batch, people], 400.0)

    share = hour.served["batch"] / (hour.served["batch"] + hour.served["people"])
    assert 0.04 <= share <= 0.07


def test_nobody_is_refused_in_these() -> None:
    hour = Hour(SLOTS, 5)
    try:
        hour.run([Stream("flood", Priority.DEFAULT, FLOOD * SLOTS)], 20.0)
    except Fault as fault:
        raise AssertionError(fault.code) from fault
    assert hour.served["flood"] > 0
