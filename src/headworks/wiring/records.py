"""The records as a gateway sees them: none, until somebody has made some.

What speaks SQL is loaded only then: a gateway whose callers all stand in its configuration would carry it for nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from headworks.domain.records import Party, PartyKind
from headworks.ports.records import Change, Found, Head, Lookups
from headworks.stores.sql.glance import has_records

Find = Callable[[], Awaitable[Lookups | None]]
"""What to ask; None as long as there is nothing to be asked. Raises `OSError` where the database does not answer."""
Open = Callable[[], Awaitable[Find]]


class RecordsOnceThere:
    """Implements `ports.records.Lookups`. A gateway may start before the control process has made the tables, or without one: then
    nobody has a key in them, which is no trouble of the database.
    """

    def __init__(self, find: Find) -> None:
        self._find = find
        self._finding = asyncio.Lock()
        self._lookups: Lookups | None = None

    async def found(self) -> Lookups | None:
        """What there is to ask by now. Raises `OSError` where the database does not answer."""
        async with self._finding:
            self._lookups = self._lookups or await self._find()
        return self._lookups

    async def key_by_digest(self, digests: Sequence[bytes]) -> Found | None:
        """See the port."""
        lookups = self._lookups or await self.found()
        return await lookups.key_by_digest(digests) if lookups is not None else None

    async def lineage(self, party: str) -> tuple[tuple[Party, ...], int]:
        """See the port."""
        lookups = self._lookups or await self.found()
        return await lookups.lineage(party) if lookups is not None else ((), 0)

    async def party_by_name(self, kind: PartyKind, name: str, *, under: str) -> Party | None:
        """See the port."""
        lookups = self._lookups or await self.found()
        return await lookups.party_by_name(kind, name, under=under) if lookups is not None else None

    async def changes_after(self, number: int, most: int = 1000) -> Sequence[Change]:
        """See the port."""
        lookups = self._lookups or await self.found()
        return await lookups.changes_after(number, most) if lookups is not None else ()

    async def head(self) -> Head:
        """See the port. Once there is something the log has a name, and whoever remembers anything of before forgets it."""
        lookups = self._lookups or await self.found()
        return await lookups.head() if lookups is not None else Head("", 0)


def once_recorded(file: Path, open_: Open) -> Find:
    """Open the database in `file` when there is the first record in it."""
    opened: Find | None = None

    async def find() -> Lookups | None:
        nonlocal opened
        if opened is None and await asyncio.to_thread(has_records, file):
            opened = await open_()
        return await opened() if opened is not None else None

    return find
