"""A witness beside the database: the chain's signed head in a file, which whoever can write to the database alone cannot set back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
from sqlalchemy import select

from headworks.files import write_whole
from headworks.stores.sql.audit.exporting import signed_head
from headworks.stores.sql.audit.sealing import Seal, SignedHead
from headworks.stores.sql.engine import Database
from headworks.stores.sql.schema import AUDIT

FILE = "audit.head"


class Witness:
    """Looks now and then. Once the chain does not go on from what was seen, the file stays as it is: it is the evidence."""

    def __init__(self, directory: Path, database: Database, seal: Seal) -> None:
        self._path = directory / FILE
        self._database = database
        self._seal = seal

    async def look(self, at: int) -> str:
        """What is wrong with the chain, or nothing: then its head is kept. `at` is the wall clock. Raises what database and disk do."""
        before = read_head(self._path)
        head = await signed_head(self._database, self._seal, at)
        if before is not None:
            if head.number < before.number:
                return f"the audit had {before.number} records and has {head.number}: the last ones were removed"
            if await self._mac_of(before.number) != before.mac:
                return f"record {before.number} of the audit is not the one that was there: it was written anew"
        if before is None or head.number > before.number:
            await asyncio.to_thread(write_whole, self._path, msgspec.json.encode(head) + b"\n")
        return ""

    async def _mac_of(self, number: int) -> str:
        if number == 0:
            return bytes(32).hex()
        async with self._database.reading() as connection:
            found = (await connection.execute(select(AUDIT.c.mac).where(AUDIT.c.number == number))).scalar()
        return found.hex() if found is not None else ""


def read_head(file: Path) -> SignedHead | None:
    """The head in a file's last line; None where there is no such file. Raises `OSError`, `msgspec.MsgspecError`."""
    try:
        lines = file.read_bytes().rstrip()
    except FileNotFoundError:
        return None
    return msgspec.json.decode(lines.rpartition(b"\n")[2], type=SignedHead)
