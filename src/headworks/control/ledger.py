"""The ledger: the journal booked in SQL, every exchange exactly once.

A batch is read from the places that SQL keeps, summed up, and posted in the same transaction that moves these places on, provided that
nobody has moved them meanwhile. Whatever goes wrong, nothing is remembered here that could differ: the next batch begins with what SQL
says. Who is killed leaves all of a batch or nothing; of two who book the same batch one is turned away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from headworks.domain.exchange import Exchange
from headworks.domain.ledger import Bill, Sums, fold
from headworks.domain.outcome import Ending
from headworks.ports.clock import Clock
from headworks.stores.journal import Place, ended_at
from headworks.stores.journal.strict import Stretch, read_on
from headworks.stores.sql.ledger import LedgerTables, PlacesMovedError, Step

Say = Callable[[str], None]
Correct = Callable[[str, Mapping[str, int]], None]
"""Told what an exchange whose process died has used of its counters: `ports.stores.Counters.correct`."""
EVERY = 1.0
"""Seconds between two looks at a journal that has nothing new."""
LONGEST_PAUSE = 10.0


def _nobody(_call_id: str, _actual: Mapping[str, int]) -> None:
    """Counters in the gateway's own memory died with it."""


class Ledger:
    """One per control process. `run` it as a task."""

    def __init__(self, directory: Path, tables: LedgerTables, say: Say, correct: Correct = _nobody) -> None:
        """`directory` is the journal's."""
        self.stopped: dict[str, str] = {}
        """Epochs that cannot be read on, and why: an alarm."""
        self.failures = 0
        """In a row."""
        self.caught_up = False
        self._directory = directory
        self._tables = tables
        self._say = say
        self._correct = correct
        self._places: dict[str, Place] | None = None
        self._booked: dict[str, Place] = {}

    def booked(self) -> Mapping[str, Place]:
        """How far each epoch is booked, as of the last step that went well; nothing until there was one."""
        return self._booked

    async def step(self) -> int:
        """Book what has come, at most a batch of it; how many exchanges that were. Raises what the database does, and then nothing is booked."""
        places, self._places = self._places, None
        if places is None:
            places = await self._tables.places()
        stretches, sums, steps = await asyncio.to_thread(_summed, self._directory, places)
        self._alarm(stretches)
        for stretch in stretches:
            self._correct_killed(stretch.exchanges)
        if steps:
            await self._tables.post(steps, sums)
        self.caught_up = not any(stretch.more for stretch in stretches)
        self._places = self._booked = places | {step.epoch: step.after for step in steps}
        return sums.bill.exchanges

    async def run(self, clock: Clock) -> None:
        """Until cancelled. A database that is away is waited for: the journal keeps everything meanwhile."""
        while True:
            try:
                await self.step()
            except PlacesMovedError:
                self.caught_up = False
            except (SQLAlchemyError, OSError) as trouble:
                self.failures += 1
                if self.failures == 1:
                    self._say(
                        f"the ledger waits: the database does not take it ({type(trouble).__name__}); the journal keeps all"
                    )
                await clock.sleep(min(LONGEST_PAUSE, EVERY * 2.0**self.failures))
                continue
            if self.failures:
                self._say("the ledger goes on")
                self.failures = 0
            await clock.sleep(EVERY if self.caught_up else 0)

    def _alarm(self, stretches: Sequence[Stretch]) -> None:
        stopped = {stretch.epoch: stretch.stopped for stretch in stretches if stretch.stopped}
        for epoch, why in stopped.items():
            if epoch not in self.stopped:
                self._say(f"the ledger stops booking {epoch}: {why}")
        self.stopped = stopped

    def _correct_killed(self, exchanges: Sequence[Exchange]) -> None:
        """Before they are booked: told again after a failure, which changes nothing, and never forgotten."""
        for exchange in exchanges:
            if exchange.ending == Ending.KILLED:
                self._correct(exchange.id, {charge.counter: charge.units for charge in exchange.counters})


def _summed(directory: Path, places: Mapping[str, Place]) -> tuple[list[Stretch], Sums, list[Step]]:
    stretches = read_on(directory, places)
    total = Sums()
    steps: list[Step] = []
    for stretch in stretches:
        if stretch.after == stretch.before:
            continue
        steps.append(_step(stretch))
        fold(stretch.exchanges, total)
    return stretches, total, steps


def _step(stretch: Stretch) -> Step:
    ended = stretch.exchanges
    bill = Bill(len(ended), sum(each.cost for each in ended), sum(each.price for each in ended))
    charged = sum(charge.units for each in ended for charge in each.counters)
    return Step(stretch.epoch, stretch.before, stretch.after, bill, charged, max(map(ended_at, ended), default=0))
