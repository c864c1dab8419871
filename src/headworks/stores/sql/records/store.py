"""Everything that `ports.records.Records` asks of SQL."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

from msgspec.structs import replace
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.domain.records import NO_BOUNDS, PARENTS, KeyRecord, Party, PartyKind, dated
from headworks.ports.clock import Clock
from headworks.ports.records import EVERYWHERE, Conflict, Missing, Page, Reach
from headworks.stores.sql.audit import Act, Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.reach import below, keys_within, within
from headworks.stores.sql.records.lookups import SqlLookups
from headworks.stores.sql.records.rows import changed_fields, key_of, key_row, party_of, party_row
from headworks.stores.sql.records.tree import fell, plant, transplant
from headworks.stores.sql.schema import CUSTOMERS, KEYS, PARTIES, ROLE_GRANTS

_LAST = "\U0010ffff"
"""Sorts behind every text that goes on."""


class SqlRecords(SqlLookups):
    """Implements `ports.records.Records`."""

    def __init__(self, database: Database, clock: Clock, acts: Acts) -> None:
        super().__init__(database, clock)
        self._acts = acts

    # --- parties

    async def add_party(self, party: Party, *, reach: Reach, audit: Mapping[str, str]) -> Party:
        """See the port."""
        async with self._act(audit, "a party with this id or name is already there") as act:
            path = await _path_below(act.connection, party, reach)
            await _refuse_taken(act.connection, party)
            bounds = dated(NO_BOUNDS, party.bounds, act.at)
            made = replace(party, path=path, bounds=bounds, version=1, created_at=act.at, updated_at=act.at)
            await act.connection.execute(insert(PARTIES), party_row(made))
            await plant(act.connection, made.id, made.parent)
            act.about(made.id, entity="party", id=made.id, name=made.name)
            act.changed("party", made.id)
        return made

    async def put_party(self, party: Party, *, reach: Reach, audit: Mapping[str, str]) -> Party:
        """See the port."""
        async with self._act(audit, "another party beside it has this name") as act:
            before = await _party(act.connection, party.id, reach)
            _same_version(before, party.version)
            await _refuse_taken(act.connection, replace(party, parent=before.parent))
            made = replace(
                party, kind=before.kind, parent=before.parent, path=before.path, created_at=before.created_at,
                bounds=dated(before.bounds, party.bounds, act.at), version=before.version + 1, updated_at=act.at,
            )  # fmt: skip
            await act.connection.execute(update(PARTIES).where(PARTIES.c.id == made.id), party_row(made))
            act.about(made.id, entity="party", id=made.id, fields=changed_fields(before, made))
            act.changed("party", made.id)
        return made

    async def move_party(self, id: str, parent: str, *, version: int, reach: Reach, audit: Mapping[str, str]) -> Party:  # noqa: A002 - the field's name
        """See the port."""
        async with self._act(audit, "a party at that place has this name") as act:
            before = await _party(act.connection, id, reach)
            _same_version(before, version)
            path = await _path_below(act.connection, replace(before, parent=parent), reach)
            if not path or id in path:
                raise Conflict("An organisation stays at the top." if not path else "A party cannot stand under itself.")
            await _refuse_taken(act.connection, replace(before, parent=parent))
            made = replace(before, parent=parent, path=path, version=version + 1, updated_at=act.at)
            await transplant(act.connection, before, path)
            await act.connection.execute(update(PARTIES).where(PARTIES.c.id == id), party_row(made))
            act.about(id, entity="party", id=id, before=before.parent, after=parent)
            act.changed("party", id)
        return made

    async def remove_party(self, id: str, *, version: int, reach: Reach, audit: Mapping[str, str]) -> None:  # noqa: A002 - the field's name
        """See the port."""
        async with self._act(audit, "it is still in use") as act:
            before = await _party(act.connection, id, reach)
            _same_version(before, version)
            under = await act.connection.execute(select(PARTIES.c.id).where(PARTIES.c.parent == id).limit(1))
            if under.first():
                raise Conflict("Other parties stand under it: remove or move them first.")
            gone = await act.connection.execute(delete(KEYS).where(KEYS.c.owner == id))
            await act.connection.execute(delete(ROLE_GRANTS).where(ROLE_GRANTS.c.party == id))
            await act.connection.execute(delete(CUSTOMERS).where(CUSTOMERS.c.organisation == id))
            await fell(act.connection, id)
            await act.connection.execute(delete(PARTIES).where(PARTIES.c.id == id))
            act.about(before.parent, entity="party", id=id, name=before.name, keys=str(gone.rowcount))
            act.changed("party", id)

    async def party(self, id: str, *, reach: Reach) -> Party:  # noqa: A002 - the field's name
        """See the port."""
        async with self.database.reading() as connection:
            return await _party(connection, id, reach)

    async def parties(
        self, page: Page, *, reach: Reach, kind: PartyKind | None = None, under: str = "", name: str = ""
    ) -> Sequence[Party]:
        """See the port."""
        wanted = select(PARTIES).where(PARTIES.c.id > page.after, within(PARTIES.c.id, reach))
        if kind is not None:
            wanted = wanted.where(PARTIES.c.kind == kind.value)
        if under:
            wanted = wanted.where(below(PARTIES.c.id, under))
        if name:
            wanted = wanted.where(PARTIES.c.name == name)
        async with self.database.reading() as connection:
            found = await connection.execute(wanted.order_by(PARTIES.c.id).limit(page.size))
            return [party_of(row) for row in found.mappings()]

    # --- keys

    async def add_key(
        self, key: KeyRecord, *, reach: Reach, audit: Mapping[str, str], replaced: KeyRecord | None = None
    ) -> KeyRecord:
        """See the port."""
        if key.imported and reach != EVERYWHERE:
            raise Conflict("Keys are imported by the installation's owner only.")  # others could claim a stranger's key
        async with self._act(audit, "this key is already known") as act:
            owner = await _party(act.connection, key.owner, reach)
            bounds = dated(key.bounds if key.origin else NO_BOUNDS, key.bounds, act.at)
            made = replace(key, bounds=bounds, version=1, created_at=act.at, updated_at=act.at)
            await act.connection.execute(insert(KEYS), key_row(made, (*owner.path, owner.id)[0]))
            if replaced is not None:
                await _put_key(act, replaced, reach)
                act.about(made.owner, replaced=replaced.id)
            act.about(made.owner, entity="key", id=made.id, name=made.name, prefix=made.prefix)
            act.changed("key", made.id)
        return made

    async def put_key(self, key: KeyRecord, *, reach: Reach, audit: Mapping[str, str]) -> KeyRecord:
        """See the port."""
        async with self._act(audit, "this key is already known") as act:
            before, made = await _put_key(act, key, reach)
            act.about(made.owner, entity="key", id=made.id, fields=changed_fields(before, made))
        return made

    async def remove_key(self, id: str, *, version: int, reach: Reach, audit: Mapping[str, str]) -> None:  # noqa: A002 - the field's name
        """See the port."""
        async with self._act(audit, "it is still in use") as act:
            before = await _key(act.connection, id, reach)
            _same_version(before, version)
            await act.connection.execute(delete(KEYS).where(KEYS.c.id == id))
            act.about(before.owner, entity="key", id=id, name=before.name, prefix=before.prefix)
            act.changed("key", id)

    async def key(self, id: str, *, reach: Reach) -> KeyRecord:  # noqa: A002 - the field's name
        """See the port."""
        async with self.database.reading() as connection:
            return await _key(connection, id, reach)

    async def keys(
        self, page: Page, *, reach: Reach, owner: str = "", under: str = "", prefix: str = ""
    ) -> Sequence[KeyRecord]:
        """See the port."""
        wanted = select(KEYS).where(KEYS.c.id > page.after, keys_within(reach))
        if owner:
            wanted = wanted.where(KEYS.c.owner == owner)
        if under:
            wanted = wanted.where(keys_within((under,)))
        if prefix:
            wanted = wanted.where(KEYS.c.prefix >= prefix, KEYS.c.prefix < prefix + _LAST)
        async with self.database.reading() as connection:
            found = await connection.execute(wanted.order_by(KEYS.c.id).limit(page.size))
            return [key_of(row) for row in found.mappings()]

    @asynccontextmanager
    async def _act(self, audit: Mapping[str, str], clash: str) -> AsyncGenerator[Act]:
        """One act; what the database itself refuses is a conflict, told as `clash`."""
        try:
            async with self._acts.begin(audit) as act:
                yield act
        except IntegrityError:
            raise Conflict(f"Refused: {clash}.") from None


async def _refuse_taken(connection: AsyncConnection, party: Party) -> None:
    """Names are unique among those that stand in one place, of whatever kind."""
    same = (PARTIES.c.parent == party.parent, PARTIES.c.name == party.name, PARTIES.c.id != party.id)
    found = (await connection.execute(select(PARTIES.c.id, PARTIES.c.kind).where(*same))).first()
    if found is not None:
        raise Conflict(f"There is another {found.kind} '{party.name}' in that place already: {found.id}. Use another name.")


async def _party(connection: AsyncConnection, id_: str, reach: Reach) -> Party:
    found = await connection.execute(select(PARTIES).where(PARTIES.c.id == id_, within(PARTIES.c.id, reach)))
    row = found.mappings().first()
    if row is None:
        raise Missing(f"There is no party {id_}.")
    return party_of(row)


async def _key(connection: AsyncConnection, id_: str, reach: Reach) -> KeyRecord:
    found = await connection.execute(select(KEYS).where(KEYS.c.id == id_, keys_within(reach)))
    row = found.mappings().first()
    if row is None:
        raise Missing(f"There is no key {id_}.")
    return key_of(row)


async def _put_key(act: Act, key: KeyRecord, reach: Reach) -> tuple[KeyRecord, KeyRecord]:
    """As it was, and as it is."""
    before = await _key(act.connection, key.id, reach)
    _same_version(before, key.version)
    made = replace(
        key, owner=before.owner, created_at=before.created_at,
        bounds=dated(before.bounds, key.bounds, act.at), version=before.version + 1, updated_at=act.at,
    )  # fmt: skip
    row = key_row(made, "")
    del row["organisation"]
    await act.connection.execute(update(KEYS).where(KEYS.c.id == made.id), row)
    act.changed("key", made.id)
    return before, made


def _same_version(record: Party | KeyRecord, version: int) -> None:
    if record.version != version:
        raise Conflict(
            f"{record.id} is at version {record.version} by now, not {version}: somebody else changed it. Read it again, then try."
        )


async def _path_below(connection: AsyncConnection, party: Party, reach: Reach) -> tuple[str, ...]:
    """The path of a child of `party.parent`. An organisation has none, and only who reaches everything may make one."""
    if not party.parent:
        if PARENTS[party.kind]:
            raise Conflict(f"A {party.kind} stands under another party: name its parent.")
        if reach != EVERYWHERE:
            raise Missing("An organisation can be made only by the installation's owner.")
        return ()
    parent = await _party(connection, party.parent, reach)
    if parent.kind not in PARENTS[party.kind]:
        raise Conflict(f"A {party.kind} cannot stand under a {parent.kind}.")
    return (*parent.path, parent.id)
