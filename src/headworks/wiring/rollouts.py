"""Where rollouts stand, in the gateway process: read from the records, and read again for as long as it lives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from headworks.domain.position import Position
from headworks.domain.snapshot import Snapshot
from headworks.ports.clock import Clock
from headworks.ports.rollout_records import Led
from headworks.stores.sql.address import default_file
from headworks.stores.sql.glance import has_records
from headworks.wiring.voice import say

EVERY = 0.5
"""Seconds between two looks: what is decided counts within one."""
_PATIENCE = 2.0
_WORTH_TELLING = 4
"""Looks that fail one after the other: the first may come before the control process has made the tables."""
Find = Callable[[], Awaitable[Led | None]]
"""What to ask; None as long as there is nothing. Raises `OSError` where the database does not answer."""
Swap = Callable[[Mapping[str, Position]], None]


class Following:
    """One per gateway process. While the database does not answer, everything stays where it was."""

    def __init__(self, find: Find, swap: Swap, clock: Clock, tell: Callable[[str], None]) -> None:
        self._find = find
        self._swap = swap
        self._clock = clock
        self._tell = tell
        self._known: Mapping[str, Position] = {}
        self._failures = 0

    async def look(self) -> None:
        """Once. Raises `OSError`."""
        async with asyncio.timeout(_PATIENCE):
            led = await self._find()
            positions = await led.positions() if led is not None else {}
        if positions != self._known:
            self._swap(positions)
            self._known = positions

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(EVERY)
            try:
                await self.look()
            except OSError as trouble:  # a timeout is one, too
                self._failures += 1
                if self._failures == _WORTH_TELLING:
                    self._tell(
                        f"the database does not tell where rollouts stand ({type(trouble).__name__}): they stay as they are"
                    )
            else:
                if self._failures >= _WORTH_TELLING:
                    self._tell("the database tells again where rollouts stand")
                self._failures = 0


async def follow_rollouts(snapshot: Snapshot, data: Path, clock: Clock, swap: Swap, stack: AsyncExitStack) -> None:
    """`data` is where the journal is. They are known when this is over, unless the database does not answer. Ends with the stack."""
    closing = await stack.enter_async_context(AsyncExitStack())
    following = Following(_finding(snapshot, data, closing), swap, clock, say)
    with suppress(OSError):
        await following.look()
    task = asyncio.create_task(following.run(), name="follow rollouts")

    async def stop() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(stop)


def _finding(snapshot: Snapshot, data: Path, closing: AsyncExitStack) -> Find:
    """Without a database of its own name, what speaks SQL is loaded only once anything was ever recorded."""
    led: Led | None = None

    async def find() -> Led | None:
        nonlocal led
        if led is None and (snapshot.database or await asyncio.to_thread(has_records, default_file(data))):
            led = await _open(snapshot.database, data, closing)
        return led

    return find


async def _open(address: str, data: Path, closing: AsyncExitStack) -> Led:
    from headworks.stores.sql.rollouts.positions import SqlPositions  # noqa: PLC0415 - 22 MB that only who keeps records pays
    from headworks.wiring.database import database_of  # noqa: PLC0415 - as above

    database = database_of(address, data)
    closing.push_async_callback(database.close)
    return SqlPositions(database)
