"""Exchanges that no database can hold, because a sum would pass 64 bits: they are kept in a file beside the journal instead of in the books."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec

from headworks.control.draft import Draft
from headworks.domain.exchange import Exchange
from headworks.domain.ledger import Sums
from headworks.files import append_line, read_lines
from headworks.stores.journal.strict import read_on
from headworks.stores.sql.ledger import LedgerTables, Step, UnbookableError

Say = Callable[[str], None]
_NAME = "unbooked.jsonl"
_NARROWER = 8


async def book_apart(directory: Path, tables: LedgerTables, size: int, say: Say) -> int:
    """Book what could not be booked together, some `size` bytes of the journal: less and less at once, until the exchange that no database
    can hold stands alone. That one is passed over, and the rest booked by ever more. How many were passed over.

    Raises what the database does; what is booked by then stays booked.
    """
    passed_over = 0
    at_once = size // _NARROWER
    while at_once < size:
        places = await tables.places()
        stretches = await asyncio.to_thread(read_on, directory, places, max(1, at_once))
        stretch = next((stretch for stretch in stretches if stretch.after != stretch.before), None)
        if stretch is None:
            break
        draft = Draft(places)
        draft.add(stretch.epoch, stretch.after, stretch.exchanges)
        try:
            await tables.post(draft.steps, draft.sums)
        except UnbookableError as why:
            if len(stretch.exchanges) > 1:
                at_once //= _NARROWER
                continue
            for exchange in stretch.exchanges:
                await asyncio.to_thread(_keep, directory, exchange)
                say(f"exchange {exchange.id} is not booked ({why}): it is kept in {directory / _NAME}")
            await tables.post([Step(stretch.epoch, stretch.before, stretch.after)], Sums())
            passed_over += len(stretch.exchanges)
        at_once = max(1, at_once * 2)
    return passed_over


def _keep(directory: Path, exchange: Exchange) -> None:
    """On the disk before its place is passed, so that it may stand there twice."""
    append_line(directory / _NAME, msgspec.json.encode(exchange))


def unbooked(directory: Path) -> set[str]:
    """Ids of all that were ever passed over. Raises `OSError`."""
    return {msgspec.json.decode(line, type=Exchange).id for line in read_lines(directory / _NAME)}
