"""What the ledger knows when a gateway starts."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec

from headworks.domain.ledger import Standing
from headworks.ports.clock import Clock
from headworks.stores.sql.address import DatabaseUnusable, default_file
from headworks.stores.sql.glance import has_books, has_records
from headworks.wiring.process_exits import Exit


async def standing_of(address: str, data: Path, clock: Clock) -> Standing:
    """`data` is where the journal is. Raises `OSError` where the database does not answer, `DatabaseUnusable` where its tables are too old."""
    if address or has_records(default_file(data)):
        from headworks.wiring.books_in_sql import ask  # noqa: PLC0415 - only who keeps records has what speaks SQL loaded

        return await ask(address, data, clock)
    return await _asked_apart(data) if has_books(default_file(data)) else Standing({}, {})


async def _asked_apart(data: Path) -> Standing:
    """In a process of its own: what speaks SQL would be carried for one question."""
    command = [sys.executable, "-P", "-m", "headworks.wiring.books_in_sql", str(data)]
    asking = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    told, _ = await asking.communicate()
    if asking.returncode == Exit.OK:
        return msgspec.msgpack.decode(told, type=Standing)
    if asking.returncode == Exit.CONFIG:
        raise DatabaseUnusable(told.decode())
    raise ConnectionError(told.decode())
