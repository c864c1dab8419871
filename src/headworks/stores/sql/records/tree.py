"""The tree of parties as closure: every party has a row with each one above it and with itself."""

from __future__ import annotations

from sqlalchemy import delete, insert, literal, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.domain.records import Party
from headworks.stores.sql.records.rows import path_of
from headworks.stores.sql.schema import KEYS, PARTIES, PARTY_PATHS, REMOVED_PATHS

_ABOVE = PARTY_PATHS.alias("above")
_UNDER = PARTY_PATHS.alias("under")


async def plant(connection: AsyncConnection, party: str, parent: str) -> None:
    """Put a new party, which has nothing below it, under its parent ("" for none)."""
    await connection.execute(insert(PARTY_PATHS), {"ancestor": party, "descendant": party, "depth": 0})
    if parent:
        above = select(_ABOVE.c.ancestor, literal(party), _ABOVE.c.depth + 1).where(_ABOVE.c.descendant == parent)
        await connection.execute(insert(PARTY_PATHS).from_select(["ancestor", "descendant", "depth"], above))


async def fell(connection: AsyncConnection, party: str) -> None:
    """Take away one that has nothing below it. Where it stood is still known to those who read the audit."""
    stood = select(PARTY_PATHS.c.ancestor, PARTY_PATHS.c.descendant).where(PARTY_PATHS.c.descendant == party)
    await connection.execute(insert(REMOVED_PATHS).from_select(["ancestor", "descendant"], stood))
    await connection.execute(delete(PARTY_PATHS).where(PARTY_PATHS.c.descendant == party))


async def transplant(connection: AsyncConnection, party: Party, path: tuple[str, ...]) -> None:
    """Put it, with all below, at the end of `path`: ids from the organisation down to the new parent."""
    await _cut(connection, party.id)
    crossed = select(_ABOVE.c.ancestor, _UNDER.c.descendant, _ABOVE.c.depth + _UNDER.c.depth + 1).join_from(
        _ABOVE, _UNDER, true()
    )
    grafted = crossed.where(_ABOVE.c.descendant == path[-1], _UNDER.c.ancestor == party.id)
    await connection.execute(insert(PARTY_PATHS).from_select(["ancestor", "descendant", "depth"], grafted))
    await _tell_paths(connection, party, path)
    inside = select(PARTY_PATHS.c.descendant).where(PARTY_PATHS.c.ancestor == party.id)
    await connection.execute(update(KEYS).where(KEYS.c.owner.in_(inside)).values(organisation=path[0]))


async def _cut(connection: AsyncConnection, party: str) -> None:
    """Forget what is above it, for it and for all below."""
    inside = select(_UNDER.c.descendant).where(_UNDER.c.ancestor == party).scalar_subquery()
    outside = select(_ABOVE.c.ancestor).where(_ABOVE.c.descendant == party, _ABOVE.c.depth > 0).scalar_subquery()
    await connection.execute(
        delete(PARTY_PATHS).where(PARTY_PATHS.c.descendant.in_(inside), PARTY_PATHS.c.ancestor.in_(outside))
    )


async def _tell_paths(connection: AsyncConnection, party: Party, path: tuple[str, ...]) -> None:
    below = select(PARTIES.c.id, PARTIES.c.path).join(PARTY_PATHS, PARTY_PATHS.c.descendant == PARTIES.c.id)
    rows = (await connection.execute(below.where(PARTY_PATHS.c.ancestor == party.id))).all()
    for row in rows:
        fresh = path + path_of(row.path)[len(party.path) :]
        await connection.execute(update(PARTIES).where(PARTIES.c.id == row.id).values(path="/".join(fresh)))
