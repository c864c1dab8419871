"""Administrative acts: a transaction that does something, says so in the audit, and numbers its changes last."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Literal

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.ports.clock import Clock
from headworks.stores.sql.audit.sealing import Seal, canonical
from headworks.stores.sql.engine import Database
from headworks.stores.sql.schema import AUDIT, AUDIT_HEAD, CHANGE_HEAD, CHANGES, THE_ROW

Outcome = Literal["done", "denied"]
OWN = frozenset({"number", "at", "outcome", "within"})
"""Facts that are ours to say, and nobody else's."""


class Act:
    """One act under way. What is done through `connection` is committed with its audit record and its changes, or not at all."""

    def __init__(self, connection: AsyncConnection, facts: Mapping[str, str], at: int) -> None:
        self.connection = connection
        self.at = at
        """Wall-clock nanoseconds: the one time of all that it writes."""
        self.facts = dict(facts)
        self.within = ""
        self.changes: list[tuple[str, str]] = []

    def changed(self, entity: str, id: str) -> None:  # noqa: A002 - the field's name
        """Tell those who remember records that this one is another now."""
        self.changes.append((entity, id))

    def about(self, within: str, **facts: str) -> None:
        """Say more in the audit record: what it was done to, and which party that belongs to."""
        self.within = within
        self.facts |= facts


class Acts:
    """Makes acts. All of them take the audit's head first: so they follow one another, and none sees half of another."""

    def __init__(self, database: Database, clock: Clock, seal: Seal) -> None:
        self._database = database
        self._clock = clock
        self._seal = seal

    @asynccontextmanager
    async def begin(self, facts: Mapping[str, str]) -> AsyncGenerator[Act]:
        """`facts`: actor, operation, request, … of the audit record. Committed at the end of the block, undone if it raises."""
        async with self._database.writing() as connection:
            head = await connection.execute(_LOCKED_HEAD)
            number, mac = head.one()
            act = Act(connection, facts, self._clock.wall_ns())
            yield act
            await self._record(act, "done", number + 1, mac)
            if act.changes:
                await _number(act)

    async def append_audit(self, facts: Mapping[str, str], *, within: str = "", outcome: Outcome = "denied") -> None:
        """A record on its own, of what was denied or has no transaction: what it tells of may have been undone."""
        async with self._database.writing() as connection:
            head = await connection.execute(_LOCKED_HEAD)
            number, mac = head.one()
            act = Act(connection, facts, self._clock.wall_ns())
            act.within = within
            await self._record(act, outcome, number + 1, mac)

    async def _record(self, act: Act, outcome: Outcome, number: int, before: bytes) -> None:
        facts: dict[str, str | int] = {name: value for name, value in act.facts.items() if name not in OWN}
        facts |= {"number": number, "at": act.at, "outcome": outcome, "within": act.within}
        body = canonical(facts)
        mac = self._seal.mac(before, body)
        row = columns_of(facts) | {"body": body, "seal": self._seal.name, "mac": mac}
        await act.connection.execute(insert(AUDIT), row)
        await act.connection.execute(update(AUDIT_HEAD).values(number=number, mac=mac))


_LOCKED_HEAD = select(AUDIT_HEAD.c.number, AUDIT_HEAD.c.mac).where(AUDIT_HEAD.c.id == THE_ROW).with_for_update()


def columns_of(facts: Mapping[str, str | int]) -> dict[str, str | int]:
    """What of a record's words stands in columns too, to be searched by."""
    return {name: facts.get(name, "") for name in ("number", "at", "actor", "operation", "outcome", "within")}


async def _number(act: Act) -> None:
    """Last in the transaction: the row stays locked until the commit, so numbers come in the order of commits, without gaps."""
    changes = list(dict.fromkeys(act.changes))
    moved = await act.connection.execute(
        update(CHANGE_HEAD).values(number=CHANGE_HEAD.c.number + len(changes)).returning(CHANGE_HEAD.c.number)
    )
    first = moved.scalar_one() - len(changes) + 1
    rows = [
        {"number": first + place, "at": act.at, "entity": entity, "entity_id": id_}
        for place, (entity, id_) in enumerate(changes)
    ]
    await act.connection.execute(insert(CHANGES), rows)
