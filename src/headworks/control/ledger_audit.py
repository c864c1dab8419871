"""Proves the books: what the journal's exchanges come to, what is posted, and what counters are restored from are the same."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from headworks.control.unbooked import unbooked
from headworks.domain.exchange import Exchange
from headworks.domain.ledger import Bill
from headworks.stores.journal import Place
from headworks.stores.journal.strict import read_on, read_up_to
from headworks.stores.sql.ledger_sums import LedgerSums, Totals


class LedgerAudit(msgspec.Struct, kw_only=True):
    """What was found. Money in nano-units, all currencies together."""

    epochs: int = 0
    """Of this journal, booked and still there as a whole."""
    gone: int = 0
    """Booked, and at least in part too old to be in the journal still: only SQL tells of them."""
    journal: Bill = Bill()
    """The exchanges of those that are there, up to where they are booked."""
    booked: Bill = Bill()
    """What was noted of them when they were booked."""
    waiting: Bill = Bill()
    """Ended, and not booked yet."""
    noted: Bill = Bill()
    """What was noted of all epochs of all instances."""
    posted: Bill = Bill()
    """The sum of all postings."""
    charged: int = 0
    """Units of all counters, as noted of all epochs."""
    counted: int = 0
    """Units of all counters, as they would be restored."""
    wrong_epochs: list[str] = []
    """Whose exchanges come to something else than was booked."""
    wrong_counters: list[str] = []
    """That have used something else than the exchanges took: told where all epochs are there."""
    unbooked: int = 0
    """Exchanges that no database can hold: kept beside the journal."""
    stopped: list[str] = []
    """Why something cannot be booked."""

    @property
    def sound(self) -> bool:
        """Sum of exchanges = sum of postings = counters, and nothing stands in the way of the next ones."""
        sums = self.journal == self.booked and self.noted == self.posted and self.charged == self.counted
        return sums and not (self.wrong_epochs or self.wrong_counters or self.stopped)


async def audit_ledger(directory: Path, sums: LedgerSums) -> LedgerAudit:
    """Reads the whole journal; while a ledger is kept, too. Raises what the database does."""
    totals = await sums.totals()
    return await asyncio.to_thread(_compared, directory, totals)


def _compared(directory: Path, totals: Totals) -> LedgerAudit:
    found = LedgerAudit(posted=totals.posted, noted=totals.noted, charged=totals.charged, counted=sum(totals.counters.values()))
    taken: Counter[str] = Counter()
    apart = unbooked(directory)
    for stem, (place, booked) in totals.epochs.items():
        ended, whole = read_up_to(directory, stem, place)
        if not whole:
            found.gone += 1
            continue
        exchanges = [exchange for exchange in ended if exchange.id not in apart]
        found.unbooked += len(ended) - len(exchanges)
        found.epochs += 1
        bill = _bill_of(exchanges)
        found.journal = found.journal.plus(bill)
        found.booked = found.booked.plus(booked)
        if bill != booked:
            found.wrong_epochs.append(stem)
        for exchange in exchanges:
            for charge in exchange.counters:
                taken[charge.counter] += charge.units
    if not found.gone and not totals.others:
        names = sorted(taken.keys() | totals.counters.keys())
        found.wrong_counters = [name for name in names if taken[name] != totals.counters.get(name, 0)]
    _look_ahead(found, directory, {stem: place for stem, (place, _) in totals.epochs.items()})
    return found


def _look_ahead(found: LedgerAudit, directory: Path, places: dict[str, Place]) -> None:
    """What is not booked yet."""
    more = True
    while more:
        more = False
        for stretch in read_on(directory, places):
            found.waiting = found.waiting.plus(_bill_of(stretch.exchanges))
            places[stretch.epoch] = stretch.after
            more = more or stretch.more
            if stretch.stopped and stretch.stopped not in found.stopped:
                found.stopped.append(stretch.stopped)


def _bill_of(exchanges: Sequence[Exchange]) -> Bill:
    return Bill(len(exchanges), sum(each.cost for each in exchanges), sum(each.price for each in exchanges))
