"""What the control plane does for the journal now and then: end what the dead left unfinished, and forget what is old."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from headworks.domain.counted import counted
from headworks.files import remove_leftovers
from headworks.stores.journal import Place, Recoverer, forget_old, recover

RECOVER_EVERY = 5.0
FORGET_EVERY = 3600.0


Booked = Callable[[], Mapping[str, Place]]
"""How far the ledger has come in each epoch: nothing behind that is forgotten."""


async def keep_journal(directory: Path, keep_days: float, by: Recoverer, booked: Booked | None = None) -> None:
    """Until cancelled: recover every few seconds, forget every hour, both at once to begin with. Works in a thread."""
    clock = by.clock
    by = by._replace(say=_once(by.say))
    forget_at = clock.now()
    while True:
        await asyncio.to_thread(recover, directory, by)
        if clock.now() >= forget_at:
            forget_at = clock.now() + FORGET_EVERY
            await asyncio.to_thread(_forget, directory, keep_days, by, booked() if booked is not None else None)
        await clock.sleep(RECOVER_EVERY)


def _once(say: Callable[[str], None]) -> Callable[[str], None]:
    """Says each thing once: what cannot be recovered now cannot be five seconds later either."""
    said: set[str] = set()

    def say_once(message: str) -> None:
        if message not in said:
            said.add(message)
            say(message)

    return say_once


def _forget(directory: Path, keep_days: float, by: Recoverer, booked: Mapping[str, Place] | None) -> None:
    try:
        remove_leftovers(directory, by.clock.wall_ns())
        gone = forget_old(directory, keep_days, by.clock, booked)
    except OSError as trouble:
        by.say(f"old segments of the journal could not be deleted ({trouble.strerror})")
        return
    if gone:
        by.say(f"deleted {counted(len(gone), 'segment')} of the journal, older than {keep_days:g} days")
