"""What is read of the journal and not booked yet, summed up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headworks.domain.exchange import Exchange
from headworks.domain.ledger import Bill, Sums, fold
from headworks.stores.journal import Place, ended_at
from headworks.stores.journal.segment import START
from headworks.stores.sql.ledger import Step


class Draft:
    """Begun at the places that SQL keeps, and thrown away whenever it could not be posted: then the journal is read again from there."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self.sums = Sums()
        self.exchanges = 0
        self.size = 0
        """Bytes of the journal."""
        self._places = places
        self._steps: dict[str, Step] = {}

    @property
    def steps(self) -> Sequence[Step]:
        """How far each epoch would be booked."""
        return list(self._steps.values())

    @property
    def rows(self) -> int:
        """Of the ledger's tables, to be written."""
        return len(self.sums.postings) + len(self.sums.counters)

    @property
    def places(self) -> dict[str, Place]:
        """How far the journal is read."""
        return {**self._places, **{epoch: step.after for epoch, step in self._steps.items()}}

    def place(self, epoch: str) -> Place:
        """How far an epoch is read."""
        step = self._steps.get(epoch)
        return step.after if step is not None else self._places.get(epoch, START)

    def add(self, epoch: str, after: Place, ended: Sequence[Exchange]) -> None:
        """Take what ended in an epoch up to a place."""
        former = self._steps.get(epoch)
        step = Step(epoch, self.place(epoch), after, *_summary(ended))
        self._steps[epoch] = former.then(step) if former is not None else step
        self.exchanges += len(ended)
        fold(ended, self.sums)


def _summary(ended: Sequence[Exchange]) -> tuple[Bill, int, int]:
    """As a `Step` has it: what exchanges come to, the units that they took of counters, and when the last one ended."""
    bill = Bill(len(ended), sum(each.cost for each in ended), sum(each.price for each in ended))
    return bill, sum(charge.units for each in ended for charge in each.counters), max(map(ended_at, ended), default=0)
