"""Forgetting what nobody needs any more: changes that every gateway has seen, repeats, kept answers and sessions whose time is over."""

from __future__ import annotations

from sqlalchemy import delete, func, select, update

from headworks.stores.sql.engine import Database
from headworks.stores.sql.schema import CHANGE_HEAD, CHANGES, REPEATS, RESPONSES, SESSIONS

_DAY = 86_400 * 10**9
CHANGES_KEPT = 7 * _DAY
"""A gateway that was cut off for longer sees that the log begins later than where it stopped, and forgets everything."""
SESSIONS_KEPT = 30 * _DAY


async def tidy(database: Database, now: int) -> int:
    """Forget what is old at `now` (wall clock, nanoseconds); answers how many rows that were."""
    async with database.writing() as connection:
        old = select(func.max(CHANGES.c.number)).where(CHANGES.c.at < now - CHANGES_KEPT)
        last = (await connection.execute(old)).scalar()
        gone = 0
        if last is not None:
            await connection.execute(update(CHANGE_HEAD).values(pruned_to=last))
            gone += (await connection.execute(delete(CHANGES).where(CHANGES.c.number <= last))).rowcount
        gone += (await connection.execute(delete(REPEATS).where(REPEATS.c.expires_at < now))).rowcount
        gone += (await connection.execute(delete(RESPONSES).where(RESPONSES.c.until < now))).rowcount
        over = SESSIONS.c.expires_at < now - SESSIONS_KEPT
        return gone + (await connection.execute(delete(SESSIONS).where(over))).rowcount
