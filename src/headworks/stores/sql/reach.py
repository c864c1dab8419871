"""Reach as a condition in the query: whatever an administrator asks, the database answers only from below his parties."""

from __future__ import annotations

from sqlalchemy import Column, ColumnElement, exists, or_, select, true

from headworks.ports.records import EVERYWHERE, Reach
from headworks.stores.sql.schema import KEYS, PARTY_PATHS, REMOVED_PATHS

_ORGANISATION = "org_"
"""How ids of organisations begin."""


def within(party: Column[str], reach: Reach) -> ColumnElement[bool]:
    """Whether the party in this column is one of `reach`, or below one."""
    if reach == EVERYWHERE:
        return true()
    return exists().where(PARTY_PATHS.c.descendant == party, PARTY_PATHS.c.ancestor.in_(reach))


def once_within(party: Column[str], reach: Reach) -> ColumnElement[bool]:
    """The same, or whether it was one while it was there: what is told of the past is told of parties that are gone, too."""
    gone = exists().where(REMOVED_PATHS.c.descendant == party, REMOVED_PATHS.c.ancestor.in_(reach))
    return or_(within(party, reach), gone)


def below(party: Column[str], above: str) -> ColumnElement[bool]:
    """Whether it stands somewhere below, and is not itself the one."""
    return exists().where(PARTY_PATHS.c.descendant == party, PARTY_PATHS.c.ancestor == above, PARTY_PATHS.c.depth > 0)


def keys_within(reach: Reach) -> ColumnElement[bool]:
    """The same for keys by their owner, each way along an index: by organisation alone, or by the owners below a smaller party."""
    if reach == EVERYWHERE:
        return true()
    if all(party.startswith(_ORGANISATION) for party in reach):
        return KEYS.c.organisation.in_(reach)
    return KEYS.c.owner.in_(select(PARTY_PATHS.c.descendant).where(PARTY_PATHS.c.ancestor.in_(reach)))
