"""Who may call, in the gateway process: the directory over the records, and the change log followed beside it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from importlib import import_module
from pathlib import Path

from headworks.domain.snapshot import Snapshot
from headworks.identity import Digests, Directory, Pepper, peppers_of
from headworks.ports.clock import Clock
from headworks.stores.sql.address import default_file, is_shared
from headworks.wiring.fetch import fetch
from headworks.wiring.records import Find, RecordsOnceThere, once_recorded
from headworks.wiring.voice import say


def peppers_for(snapshot: Snapshot, data: Path) -> tuple[Pepper, ...]:
    """Those of this process. `data` is where the journal is, and the pepper. Raises `PepperRefused`."""
    return peppers_of(data, os.environ, shared=is_shared(snapshot.database))


async def open_directory(
    snapshot: Snapshot, data: Path, peppers: Sequence[Pepper], clock: Clock, stack: AsyncExitStack
) -> Directory:
    """`data` is where the journal is. Raises `PepperRefused`, and `DatabaseUnusable`."""
    closing = await stack.enter_async_context(AsyncExitStack())  # what is opened later is still closed after its last reader

    async def open_() -> Find:
        await asyncio.to_thread(import_module, "headworks.wiring.records_in_sql")  # requests may be served meanwhile
        from headworks.wiring.records_in_sql import open_records  # noqa: PLC0415 - 22 MB that only who keeps records pays

        return await open_records(snapshot.database, data, peppers, clock, closing)

    records = RecordsOnceThere(await open_() if snapshot.database else once_recorded(default_file(data), open_))
    with suppress(OSError):  # a database that does not answer is for later
        await records.found()
    directory = Directory(records, Digests(peppers), fetch, clock)
    following = asyncio.create_task(directory.feed.follow(say), name="follow the records")

    async def stop() -> None:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    stack.push_async_callback(stop)
    return directory
