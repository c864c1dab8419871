"""The audit as lines, to be kept elsewhere, with the head that proves later that nothing was cut off."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import msgspec
from sqlalchemy import select

from headworks.ports.records import EVERYWHERE, Reach
from headworks.stores.sql.audit.sealing import Seal, SignedHead
from headworks.stores.sql.engine import Database
from headworks.stores.sql.reach import once_within
from headworks.stores.sql.schema import AUDIT, AUDIT_HEAD

_AT_ONCE = 1000


class Exported(msgspec.Struct, frozen=True):
    """One record: the words that were sealed, and the code."""

    number: int
    body: msgspec.Raw
    """JSON."""
    seal: str
    mac: str


async def signed_head(database: Database, seal: Seal, at: int) -> SignedHead:
    """The chain's head as of now; `at` is the wall clock, nanoseconds."""
    async with database.reading() as connection:
        found = await connection.execute(select(AUDIT_HEAD.c.number, AUDIT_HEAD.c.mac))
        number, mac = found.one()
    return seal.sign(number, mac, at)


async def exported(database: Database, after: int = 0, *, most: int = 0, reach: Reach = EVERYWHERE) -> AsyncGenerator[Exported]:
    """Records from number `after` + 1 on, in order; `most` of them, 0 for all. What is out of reach is left out."""
    left = most or None
    while True:
        wanted = select(AUDIT).where(AUDIT.c.number > after, once_within(AUDIT.c.within, reach)).order_by(AUDIT.c.number)
        async with database.reading() as connection:
            found = (await connection.execute(wanted.limit(min(_AT_ONCE, left or _AT_ONCE)))).all()
        for row in found:
            yield Exported(row.number, msgspec.Raw(row.body.encode()), row.seal, row.mac.hex())
            after = row.number
        left = left - len(found) if left is not None else None
        if not found or left == 0:
            return
