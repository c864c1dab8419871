"""Where kept answers lie: in the database that the configuration names, else in memory."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from headworks.domain.snapshot import Snapshot
from headworks.identity import Pepper
from headworks.ports.clock import Clock
from headworks.ports.responses import Responses
from headworks.stores.memory import MemoryShelf
from headworks.stores.responses import SealedResponses, Shelf
from headworks.wiring.voice import say

_PURPOSE = b"headworks kept answers"


async def open_responses(
    snapshot: Snapshot, data: Path, peppers: Sequence[Pepper], clock: Clock, stack: AsyncExitStack
) -> Responses:
    """Closed with the stack, when all that was to be written is."""
    return SealedResponses(await _shelf(snapshot, data, clock, stack), [pepper.digest(_PURPOSE) for pepper in peppers])


async def _shelf(snapshot: Snapshot, data: Path, clock: Clock, stack: AsyncExitStack) -> Shelf:
    if not snapshot.database:
        return MemoryShelf(clock)
    from headworks.stores.sql.shelf import SqlShelf  # noqa: PLC0415 - 22 MB that only who names a database pays
    from headworks.wiring.database import database_of  # noqa: PLC0415 - as above

    database = database_of(snapshot.database, data)
    stack.push_async_callback(database.close)
    shelf = SqlShelf(database, clock, say)
    stack.push_async_callback(shelf.close)
    return shelf
