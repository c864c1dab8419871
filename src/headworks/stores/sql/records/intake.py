"""Many records, some thousands in a transaction: nobody else who writes waits for all of them, and what breaks off is gone on with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace
from sqlalchemy import insert, or_, select
from sqlalchemy.exc import IntegrityError

from headworks.domain.records import NO_BOUNDS, KeyRecord, Party, dated
from headworks.ports.clock import Clock
from headworks.ports.records import Conflict, TakenIn
from headworks.stores.sql.audit import Act, Acts
from headworks.stores.sql.records.rows import Row, key_row, party_row, path_of
from headworks.stores.sql.records.tree import plant
from headworks.stores.sql.schema import KEYS, PARTIES

_AT_ONCE = 200
PER_ACT = 4_000
"""Records in one transaction. SQLite has one writer: others wait for it well under a second."""
_PAUSE = 0.1
"""Seconds between two transactions. Who waits for SQLite looks as often."""
_Item = TypeVar("_Item")
_Record = TypeVar("_Record", Party, KeyRecord)


class SqlIntake:
    """Implements `ports.records.Intake`."""

    def __init__(self, acts: Acts, clock: Clock) -> None:
        self._acts = acts
        self._clock = clock

    async def take_in(self, parties: Sequence[Party], keys: Sequence[KeyRecord], *, audit: Mapping[str, str]) -> TakenIn:
        """See the port."""
        taken = TakenIn(parties=0, keys=0, known=0)
        lines: _Lines = {}
        for number, some in enumerate(_parts([*parties, *keys], PER_ACT)):
            if number:
                await self._clock.sleep(_PAUSE)
            taken += await self._act(some, lines, audit)
        return taken

    async def _act(self, records: Sequence[Party | KeyRecord], lines: _Lines, audit: Mapping[str, str]) -> TakenIn:
        try:
            async with self._acts.begin(audit) as act:
                taking = _Taking(act, lines)
                for party in records:
                    if isinstance(party, Party):
                        await taking.party(party)
                for some in _parts([key for key in records if isinstance(key, KeyRecord)], _AT_ONCE):
                    await taking.keys(some)
                taken = taking.taken()
                act.about("", entity="import", parties=str(taken.parties), keys=str(taken.keys))
                if taken.parties or taken.keys:
                    act.changed("reset", "")
                return taken
        except IntegrityError:
            raise Conflict(
                "Somebody else changed some of these records at the same time. Import again: it goes on there."
            ) from None


_Lines = dict[str, tuple[str, ...]]
"""Of the parties that are there by now, the ids from the organisation down to themselves."""


class _Taking:
    """One transaction under way."""

    def __init__(self, act: Act, lines: _Lines) -> None:
        self._act = act
        self._lines = lines
        self._made_parties = self._made_keys = self._known = 0
        self._refused: list[str] = []

    async def party(self, party: Party) -> None:
        """Make it, unless it is there."""
        connection = self._act.connection
        same = or_(PARTIES.c.id == party.id, (PARTIES.c.parent == party.parent) & (PARTIES.c.name == party.name))
        found = (await connection.execute(select(PARTIES.c.id, PARTIES.c.path).where(same))).all()
        there = next((row for row in found if row.id == party.id), None)
        if there is not None:
            self._lines[party.id] = (*path_of(there.path), party.id)
            self._known += 1
        elif found:
            self._refused.append(
                f"{party.kind} {party.name}: another {party.kind} beside it has this name. Rename that one, and import again."
            )
        elif party.parent and party.parent not in self._lines:
            self._refused.append(f"{party.kind} {party.name}: what it stands under was refused.")
        else:
            path = self._lines.get(party.parent, ())
            made = self._new(replace(party, path=path))
            await connection.execute(insert(PARTIES), party_row(made))
            await plant(connection, made.id, made.parent)
            self._lines[party.id] = (*path, party.id)
            self._made_parties += 1

    async def keys(self, keys: Sequence[KeyRecord]) -> None:
        """Make those that are not there."""
        same = or_(KEYS.c.id.in_([key.id for key in keys]), KEYS.c.digest.in_([key.digest for key in keys]))
        found = await self._act.connection.execute(select(KEYS.c.id, KEYS.c.digest).where(same))
        there = {bytes(row.digest): row.id for row in found}
        ids, rows = set(there.values()), list[Row]()
        for key in keys:
            line = self._lines.get(key.owner)
            if key.id in ids:
                self._known += 1
            elif key.digest in there:
                self._refused.append(f"key {key.prefix} ({key.name}): it is already known as {there[key.digest]}.")
            elif line is None:
                self._refused.append(f"key {key.prefix} ({key.name}): what it hangs on was refused.")
            else:
                rows.append(key_row(self._new(key), line[0]))
        if rows:
            await self._act.connection.execute(insert(KEYS), rows)
            self._made_keys += len(rows)

    def _new(self, record: _Record) -> _Record:
        at = self._act.at
        return replace(record, bounds=dated(NO_BOUNDS, record.bounds, at), version=1, created_at=at, updated_at=at)

    def taken(self) -> TakenIn:
        """What became of them so far."""
        return TakenIn(parties=self._made_parties, keys=self._made_keys, known=self._known, refused=tuple(self._refused))


def _parts(items: Sequence[_Item], most: int) -> Iterator[Sequence[_Item]]:
    return (items[start : start + most] for start in range(0, len(items), most))
