"""Kept answers in SQL, written behind the requests that made them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from msgspec.structs import asdict
from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError

from headworks.domain.errors import Fault
from headworks.ports.clock import Clock
from headworks.stores.responses import Parcel
from headworks.stores.sql.engine import Database
from headworks.stores.sql.reasons import reason_of
from headworks.stores.sql.schema import RESPONSES

MOST_WAITING = 67_108_864
"""Bytes that wait for a database that does not answer; then the oldest are given up."""
_AT_ONCE = 50
_PAUSE = 1.0
_LEAVING = 5.0
"""Seconds that closing gives to what is not written yet."""
_TABLE = RESPONSES.c


class SqlShelf:
    """A `stores.responses.Shelf`. What is not written yet is found here; by other gateways a moment later."""

    def __init__(self, database: Database, clock: Clock, say: Callable[[str], None]) -> None:
        self._database = database
        self._clock = clock
        self._say = say
        self._waiting: dict[str, Parcel] = {}
        self._size = 0
        self._writing: asyncio.Task[None] | None = None

    def put(self, parcel: Parcel) -> None:
        """See `Shelf.put`."""
        self._waiting[parcel.id] = parcel
        self._size += len(parcel.sealed)
        while self._size > MOST_WAITING:
            self._say("an answer could not be kept: the database takes none, and too many are waiting")
            self._written([next(iter(self._waiting.values()))])
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write(), name="keep answers")

    async def get(self, id: str) -> bytes | None:  # noqa: A002 - the field's name
        """See `Shelf.get`."""
        waiting = self._waiting.get(id)
        if waiting is not None:
            return waiting.sealed
        wanted = select(_TABLE.sealed).where(_TABLE.id == id, _TABLE.until > self._clock.wall_ns())
        try:
            async with self._database.reading() as connection:
                found = (await connection.execute(wanted)).scalar()
        except (SQLAlchemyError, OSError) as trouble:
            raise _unavailable(trouble) from None
        return None if found is None else bytes(found)

    async def remove(self, id: str) -> bool:  # noqa: A002 - the field's name
        """See `Shelf.remove`."""
        waiting = self._waiting.get(id)
        if waiting is not None:
            self._written([waiting])
        try:
            async with self._database.writing() as connection:
                gone = await connection.execute(delete(RESPONSES).where(_TABLE.id == id))
        except (SQLAlchemyError, OSError) as trouble:
            raise _unavailable(trouble) from None
        return waiting is not None or gone.rowcount > 0

    async def close(self) -> None:
        """Write what is waiting, if that can be done soon."""
        if self._writing is not None:
            await asyncio.wait([self._writing], timeout=_LEAVING)
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)

    async def _write(self) -> None:
        """All that is waiting, some at a time; again after a while where the database does not answer."""
        while self._waiting:
            some = list(self._waiting.values())[:_AT_ONCE]
            try:
                async with self._database.writing() as connection:
                    await connection.execute(delete(RESPONSES).where(_TABLE.id.in_([parcel.id for parcel in some])))
                    await connection.execute(RESPONSES.insert(), [asdict(parcel) for parcel in some])
            except (SQLAlchemyError, OSError) as trouble:
                self._say(f"answers cannot be kept just now: {reason_of(trouble)}")
                await self._clock.sleep(_PAUSE)
            else:
                self._written(some)

    def _written(self, parcels: Sequence[Parcel]) -> None:
        for parcel in parcels:
            if self._waiting.get(parcel.id) is parcel:
                del self._waiting[parcel.id]
                self._size -= len(parcel.sealed)


def _unavailable(trouble: Exception) -> Fault:
    return Fault("responses_unavailable", retry_after=1.0, detail=type(trouble).__name__)
