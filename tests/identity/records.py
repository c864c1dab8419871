"""Records in plain dicts, with a change log, that can be slow, cut or gone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from headworks.domain.records import NO_BOUNDS, Bounds, KeyRecord, Party, PartyKind
from headworks.identity import Digests, Pepper, make_key
from headworks.ports.records import Change, Found, Head

DIGESTS = Digests((Pepper(b"p" * 32),))
Answer = TypeVar("Answer")
ALL_MODELS = Bounds(models=("*",))


class FakeLookups:
    """A `ports.records.Lookups`. `asked` names every question; `closed` holds answers back until it is set again."""

    def __init__(self) -> None:
        self.parties: dict[str, Party] = {}
        self.keys: dict[str, KeyRecord] = {}
        self.changes: list[Change] = []
        self.log = "log-1"
        self.pruned_to = 0
        self.asked: list[str] = []
        self.under_way = 0
        self.most_under_way = 0
        self.gone = False
        self.feed_cut = False
        self.open = asyncio.Event()
        self.open.set()
        self.read = asyncio.Event()
        """Set once an answer has been read from the tables, whether or not it has been given."""

    # what administrators do

    def put_party(self, party: Party) -> Party:
        before = self.parties.get(party.id)
        path = (*self.parties[party.parent].path, party.parent) if party.parent else ()
        party = msgspec.structs.replace(party, path=path, version=before.version + 1 if before else 1)
        self.parties[party.id] = party
        self.note("party", party.id)
        return party

    def change_party(self, id_: str, **changes: Any) -> Party:
        return self.put_party(msgspec.structs.replace(self.parties[id_], **changes))

    def put_key(self, record: KeyRecord) -> KeyRecord:
        self.keys[record.id] = record
        self.note("key", record.id)
        return record

    def change_key(self, id_: str, **changes: Any) -> KeyRecord:
        return self.put_key(msgspec.structs.replace(self.keys[id_], **changes))

    def remove_key(self, id_: str) -> None:
        del self.keys[id_]
        self.note("key", id_)

    def note(self, entity: str, id_: str) -> None:
        self.changes.append(Change(len(self.changes) + 1, 0, entity, id_))

    def restore_backup(self, number: int) -> None:
        """The log as it was long ago, under a new name."""
        self.log, self.changes = "log-2", self.changes[:number]

    # what the gateway asks

    async def key_by_digest(self, digests: Sequence[bytes]) -> Found | None:
        return await self._answer("key", self._found(digests))

    async def lineage(self, party: str) -> tuple[tuple[Party, ...], int]:
        return await self._answer("lineage", (self._lineage(party), len(self.changes)))

    async def party_by_name(self, kind: PartyKind, name: str, *, under: str) -> Party | None:
        named = [p for p in self.parties.values() if p.kind is kind and p.name == name and under in p.path]
        return await self._answer("name", named[0] if len(named) == 1 else None)

    async def changes_after(self, number: int, most: int = 1000) -> Sequence[Change]:
        self._alive()
        await asyncio.sleep(0)
        return self.changes[number : number + most]

    async def head(self) -> Head:
        self._alive()
        await asyncio.sleep(0)
        return Head(self.log, len(self.changes), self.pruned_to)

    def _found(self, digests: Sequence[bytes]) -> Found | None:
        keys = [key for key in self.keys.values() if key.digest in digests]
        return Found(keys[0], self._lineage(keys[0].owner), len(self.changes)) if keys else None

    def _lineage(self, party: str) -> tuple[Party, ...]:
        if party not in self.parties:
            return ()
        return (*(self.parties[above] for above in self.parties[party].path), self.parties[party])

    async def _answer(self, question: str, answer: Answer) -> Answer:
        self.asked.append(question)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        self.read.set()
        try:
            if self.gone:
                raise ConnectionError("postgresql://headworks:hunter2@db/headworks does not answer")
            await self.open.wait()
            await asyncio.sleep(0)
            return answer
        finally:
            self.under_way -= 1

    def _alive(self) -> None:
        if self.gone or self.feed_cut:
            raise ConnectionError("postgresql://headworks:hunter2@db/headworks does not answer")


def organisation(name: str = "acme", bounds: Bounds = ALL_MODELS, **fields: Any) -> Party:
    return Party(id=f"org_{name}", kind=PartyKind.ORGANISATION, name=name, bounds=bounds, **fields)


def below(parent: Party, kind: PartyKind, name: str, bounds: Bounds = NO_BOUNDS, **fields: Any) -> Party:
    beginning = {"team": "team", "project": "proj", "user": "user", "service_account": "svc"}[kind]
    return Party(id=f"{beginning}_{parent.name}_{name}", kind=kind, name=name, parent=parent.id, bounds=bounds, **fields)


def key_of(owner: Party, name: str = "one", **fields: Any) -> tuple[bytes, KeyRecord]:
    """A new key, and its record."""
    key = make_key()
    digest, pepper = DIGESTS.of_new(key)
    return key.encode(), KeyRecord(
        id=f"key_{owner.name}_{name}", owner=owner.id, name=name, prefix=key[:11], digest=digest, pepper=pepper, **fields
    )
