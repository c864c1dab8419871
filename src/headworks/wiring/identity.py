"""Who may call, in the gateway process: the directory over the database, and the change log followed beside it."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path

from headworks.domain.snapshot import Snapshot
from headworks.identity import Digests, Directory, peppers_of
from headworks.ports.clock import Clock
from headworks.wiring.database import database_of
from headworks.wiring.fetch import fetch
from headworks.wiring.peppers import check_pepper
from headworks.wiring.records import RecordsOnceThere
from headworks.wiring.voice import say


async def open_directory(snapshot: Snapshot, data: Path, clock: Clock, stack: AsyncExitStack) -> Directory:
    """`data` is where the journal is, and the pepper. Raises `PepperRefused`, and `DatabaseUnusable`."""
    database = database_of(snapshot.database, data)
    peppers = peppers_of(data, os.environ, shared=not database.is_sqlite)
    stack.push_async_callback(database.close)
    await check_pepper(database, peppers, clock)
    directory = Directory(RecordsOnceThere(database, clock), Digests(peppers), fetch, clock)
    following = asyncio.create_task(directory.feed.follow(say), name="follow the records")

    async def stop() -> None:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    stack.push_async_callback(stop)
    return directory
