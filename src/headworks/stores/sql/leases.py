"""Jobs that run once: whoever holds the lease does them, and an old holder's writes are refused by the fence."""

from __future__ import annotations

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.ports.clock import Clock
from headworks.ports.rollout_records import Lease
from headworks.stores.sql.engine import Database
from headworks.stores.sql.schema import LEASES

_NS = 10**9
_TABLE = LEASES.c


class SqlLeases:
    """For one holder, named so that no other has the name. Clocks of replicas may differ: what is decided twice all the same is refused
    by the numbers of what it changes.
    """

    def __init__(self, database: Database, holder: str, clock: Clock) -> None:
        self._database = database
        self._holder = holder
        self._clock = clock

    async def take(self, name: str, seconds: float) -> Lease | None:
        """Have it for so long, anew or still; None while somebody else does."""
        now = self._clock.wall_ns()
        until = now + round(seconds * _NS)
        async with self._database.writing() as connection:
            kept = update(LEASES).where(_TABLE.name == name, _TABLE.holder == self._holder, _TABLE.expires_at > now)
            fence = (await connection.execute(kept.values(expires_at=until).returning(_TABLE.fence))).scalar()
            if fence is None:
                free = update(LEASES).where(_TABLE.name == name, or_(_TABLE.expires_at <= now, _TABLE.holder == self._holder))
                taken = free.values(holder=self._holder, fence=_TABLE.fence + 1, expires_at=until).returning(_TABLE.fence)
                fence = (await connection.execute(taken)).scalar()
            there = fence is not None or (await connection.execute(select(_TABLE.name).where(_TABLE.name == name))).first()
        if not there:
            return await self._make(name, until)
        return Lease(name, self._holder, fence) if fence is not None else None

    async def give_back(self, lease: Lease) -> None:
        """Let another have it at once."""
        async with self._database.writing() as connection:
            ours = _TABLE.name == lease.name, _TABLE.holder == lease.holder, _TABLE.fence == lease.fence
            await connection.execute(update(LEASES).where(*ours).values(expires_at=0))

    async def _make(self, name: str, until: int) -> Lease | None:
        try:
            async with self._database.writing() as connection:
                row = {"name": name, "holder": self._holder, "fence": 1, "expires_at": until}
                await connection.execute(insert(LEASES), row)
        except IntegrityError:
            return None
        return Lease(name, self._holder, 1)


async def is_held(connection: AsyncConnection, lease: Lease, now: int) -> bool:
    """Whether it still is, at `now` and until this transaction ends."""
    ours = _TABLE.name == lease.name, _TABLE.holder == lease.holder, _TABLE.fence == lease.fence, _TABLE.expires_at > now
    return (await connection.execute(select(_TABLE.name).where(*ours).with_for_update())).first() is not None
