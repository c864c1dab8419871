"""A daily budget that rolls over, and a gateway's life with it: what was asked, what came of it, and when."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.domain.charges import used
from headworks.domain.exchange import Charge
from headworks.domain.limits import Calendar, Claim, Demand, Exceeded, Limit, Periods, Rollover, Unit, claims_of
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.usage import NO_USAGE
from headworks.stores.memory import MemoryCounters
from headworks.stores.memory.counters import MemoryHold
from headworks.testing import FrozenClock

from .making import limit

DAY = 86_400
START = 1_767_225_600 * 10**9
"""The first of January 2026."""


def daily(amount: int = 10, most: int | None = 10, since: int = START, **changes: Any) -> Limit:
    """So much a day, of which so much is carried on; None: there is no rollover."""
    rollover = Rollover(most=most, since=since) if most is not None else None
    return limit(Unit.COST, amount, budget=True, calendar=Calendar.DAY, rollover=rollover, **changes)


def day(number: int) -> str:
    """What the period is called in names of counters; the first is 0."""
    return f"day/2026-01-{number + 1:02d}"


class Call(msgspec.Struct):
    """One that was admitted."""

    hold: MemoryHold
    day: int


class Life:
    """Days of a gateway with one budget."""

    def __init__(self, budget: Limit, clock: FrozenClock | None = None) -> None:
        self.budget = budget
        self.clock = clock or FrozenClock(wall_ns=START)
        self.counters = MemoryCounters(self.clock)
        self.calls: list[Call] = []
        self.spent: dict[int, int] = {}
        """By the day on which it began."""
        self._noted: list[Charge] = []
        self._periods = Periods()
        self._number = 0

    @property
    def day(self) -> int:
        return (self.clock.wall_ns() - START) // (DAY * 10**9)

    def turn(self, days: int = 1) -> None:
        self.clock.advance(days * DAY)

    def claims(self, cost: int, customer: str = "", least: int = -1) -> tuple[Claim, ...]:
        demand = Demand(models=("m",), value_of=lambda _: customer, input=0, output=0, cost=cost, least_cost=least)
        if least >= 0:
            demand = msgspec.structs.replace(demand, least_output=0)
        return claims_of((self.budget,), demand, self.clock.wall_ns(), self._periods)

    def call(self, cost: int, customer: str = "") -> Call:
        """Raises `Exceeded`."""
        self._number += 1
        hold = self.counters.grant(str(self._number), self.claims(cost, customer))
        call = Call(hold, self.day)
        self.calls.append(call)
        return call

    def end(self, call: Call, cost: int) -> tuple[Charge, ...]:
        """What the journal notes of it."""
        self.calls.remove(call)
        charges = used(call.hold.claims, NO_USAGE, cost, Outcome(Ending.FINISHED))
        self._noted += charges
        call.hold.settle(NO_USAGE, cost, counts=True)
        self.spent[call.day] = self.spent.get(call.day, 0) + cost
        return charges

    def spend(self, cost: int, customer: str = "") -> tuple[Charge, ...]:
        """As `end`. Raises `Exceeded`."""
        return self.end(self.call(cost, customer), cost)

    def free(self, customer: str = "") -> int:
        """The most that passes; nothing is left of having asked."""
        try:
            hold = self.counters.grant("free", self.claims(10**6, customer, least=1))
        except Exceeded:
            return 0
        hold.release()
        return hold.claims[0].amount

    def known(self) -> dict[str, int]:
        """What the ledger gives to a life that begins now: of all that was noted what must still be known."""
        units: dict[str, int] = {}
        for charge in self._noted:
            if charge.ends_at > self.clock.wall_ns():
                units[charge.counter] = units.get(charge.counter, 0) + charge.units
        return units

    def by_day(self) -> list[int]:
        """What was spent on each day so far."""
        return [self.spent.get(number, 0) for number in range(self.day + 1)]
