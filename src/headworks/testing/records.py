"""Records in memory: what `ports.records.Records` promises, without a database. For tests of whoever asks it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from headworks.domain.records import NO_BOUNDS, PARENTS, KeyRecord, Party, PartyKind, dated
from headworks.ports.clock import Clock
from headworks.ports.records import EVERYWHERE, Change, Conflict, Found, Head, Missing, Page, Reach

_Record = TypeVar("_Record", Party, KeyRecord)


class MemoryRecords:
    """Implements `ports.records.Records`. `audit` holds what was said of each write, `changes` all changes; both may be read by tests."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._parties: dict[str, Party] = {}
        self._keys: dict[str, KeyRecord] = {}
        self.audit: list[dict[str, str]] = []
        self.changes: list[Change] = []
        self.asked = 0
        """Look-ups of keys and lineages so far."""

    # --- what the data plane asks

    async def key_by_digest(self, digests: Sequence[bytes]) -> Found | None:
        """See the port."""
        self.asked += 1
        found = [key for key in self._keys.values() if key.digest in digests]
        if not found:
            return None
        now = self._clock.wall_ns()
        key = next((key for key in found if not key.valid_at(now)), found[0])
        return Found(key, self._line(key.owner), len(self.changes))

    async def lineage(self, party: str) -> tuple[tuple[Party, ...], int]:
        """See the port."""
        self.asked += 1
        return self._line(party), len(self.changes)

    async def party_by_name(self, kind: PartyKind, name: str, *, under: str) -> Party | None:
        """See the port."""
        found = [p for p in self._parties.values() if p.kind == kind and p.name == name and under in p.path]
        return found[0] if len(found) == 1 else None

    async def changes_after(self, number: int, most: int = 1000) -> Sequence[Change]:
        """See the port."""
        return self.changes[number : number + most]

    async def head(self) -> Head:
        """See the port."""
        return Head("memory", len(self.changes))

    # --- parties

    async def add_party(self, party: Party, *, reach: Reach, audit: Mapping[str, str]) -> Party:
        """See the port."""
        path = self._path_below(party, reach)
        self._check_name(party)
        if party.id in self._parties:
            raise Conflict(f"There is a party {party.id} already.")
        now = self._clock.wall_ns()
        bounds = dated(NO_BOUNDS, party.bounds, now)
        made = replace(party, path=path, bounds=bounds, version=1, created_at=now, updated_at=now)
        return self._keep_party(made, audit)

    async def put_party(self, party: Party, *, reach: Reach, audit: Mapping[str, str]) -> Party:
        """See the port."""
        before = _at_version(self._seen_party(party.id, reach), party.version)
        bounds = dated(before.bounds, party.bounds, self._clock.wall_ns())
        place = {name: getattr(before, name) for name in ("kind", "parent", "path", "created_at")}
        made = replace(party, bounds=bounds, **place)
        self._check_name(made)
        return self._keep_party(self._next(made), audit)

    async def move_party(self, id: str, parent: str, *, version: int, reach: Reach, audit: Mapping[str, str]) -> Party:  # noqa: A002 - the field's name
        """See the port."""
        before = _at_version(self._seen_party(id, reach), version)
        path = self._path_below(replace(before, parent=parent), reach)
        if not path or id in path:
            raise Conflict("It cannot stand there.")
        made = self._next(replace(before, parent=parent, path=path))
        self._check_name(made)
        for other in list(self._parties.values()):
            if id in other.path:
                self._parties[other.id] = replace(other, path=path + other.path[len(before.path) :])
        return self._keep_party(made, audit)

    async def remove_party(self, id: str, *, version: int, reach: Reach, audit: Mapping[str, str]) -> None:  # noqa: A002 - the field's name
        """See the port."""
        _at_version(self._seen_party(id, reach), version)
        if any(party.parent == id for party in self._parties.values()):
            raise Conflict("Other parties stand under it.")
        del self._parties[id]
        self._keys = {key.id: key for key in self._keys.values() if key.owner != id}
        self._tell("party", id, audit)

    async def party(self, id: str, *, reach: Reach) -> Party:  # noqa: A002 - the field's name
        """See the port."""
        return self._seen_party(id, reach)

    async def parties(
        self, page: Page, *, reach: Reach, kind: PartyKind | None = None, under: str = "", name: str = ""
    ) -> Sequence[Party]:
        """See the port."""
        seen = (p for p in self._parties.values() if self._within(p.id, reach) and kind in {None, p.kind})
        return _page((p for p in seen if (not under or under in p.path) and name in {"", p.name}), page)

    # --- keys

    async def add_key(
        self, key: KeyRecord, *, reach: Reach, audit: Mapping[str, str], replaced: KeyRecord | None = None
    ) -> KeyRecord:
        """See the port."""
        if key.imported and reach != EVERYWHERE:
            raise Conflict("Keys are imported by the installation's owner only.")
        self._seen_party(key.owner, reach)
        if key.id in self._keys or any(key.digest == other.digest for other in self._keys.values()):
            raise Conflict("This key is already known.")
        if replaced is not None:
            await self.put_key(replaced, reach=reach, audit=audit)
        now = self._clock.wall_ns()
        bounds = dated(NO_BOUNDS, key.bounds, now)
        return self._keep_key(replace(key, bounds=bounds, version=1, created_at=now, updated_at=now), audit)

    async def put_key(self, key: KeyRecord, *, reach: Reach, audit: Mapping[str, str]) -> KeyRecord:
        """See the port."""
        before = _at_version(self._seen_key(key.id, reach), key.version)
        bounds = dated(before.bounds, key.bounds, self._clock.wall_ns())
        made = replace(key, owner=before.owner, bounds=bounds, created_at=before.created_at)
        return self._keep_key(self._next(made), audit)

    async def remove_key(self, id: str, *, version: int, reach: Reach, audit: Mapping[str, str]) -> None:  # noqa: A002 - the field's name
        """See the port."""
        _at_version(self._seen_key(id, reach), version)
        del self._keys[id]
        self._tell("key", id, audit)

    async def key(self, id: str, *, reach: Reach) -> KeyRecord:  # noqa: A002 - the field's name
        """See the port."""
        return self._seen_key(id, reach)

    async def keys(
        self, page: Page, *, reach: Reach, owner: str = "", under: str = "", prefix: str = ""
    ) -> Sequence[KeyRecord]:
        """See the port."""
        seen = (k for k in self._keys.values() if self._within(k.owner, reach) and k.prefix.startswith(prefix))
        return _page((k for k in seen if owner in {"", k.owner} and (not under or self._within(k.owner, (under,)))), page)

    # --- how

    def _line(self, party: str) -> tuple[Party, ...]:
        last = self._parties.get(party)
        return (*(self._parties[id_] for id_ in last.path), last) if last else ()

    def _within(self, party: str, reach: Reach) -> bool:
        line = {party, *self._parties[party].path} if party in self._parties else set[str]()
        return reach == EVERYWHERE or not line.isdisjoint(reach)

    def _seen_party(self, id_: str, reach: Reach) -> Party:
        if id_ not in self._parties or not self._within(id_, reach):
            raise Missing(f"There is no party {id_}.")
        return self._parties[id_]

    def _seen_key(self, id_: str, reach: Reach) -> KeyRecord:
        if id_ not in self._keys or not self._within(self._keys[id_].owner, reach):
            raise Missing(f"There is no key {id_}.")
        return self._keys[id_]

    def _path_below(self, party: Party, reach: Reach) -> tuple[str, ...]:
        if not party.parent:
            if PARENTS[party.kind]:
                raise Conflict(f"A {party.kind} stands under another party.")
            if reach != EVERYWHERE:
                raise Missing("An organisation can be made only by the installation's owner.")
            return ()
        parent = self._seen_party(party.parent, reach)
        if parent.kind not in PARENTS[party.kind]:
            raise Conflict(f"A {party.kind} cannot stand under a {parent.kind}.")
        return (*parent.path, parent.id)

    def _check_name(self, party: Party) -> None:
        for other in self._parties.values():
            if (other.parent, other.name) == (party.parent, party.name) and other.id != party.id:
                raise Conflict(f"The name {party.name} is taken.")

    def _next(self, record: _Record) -> _Record:
        return replace(record, version=record.version + 1, updated_at=self._clock.wall_ns())

    def _keep_party(self, party: Party, audit: Mapping[str, str]) -> Party:
        self._parties[party.id] = party
        self._tell("party", party.id, audit)
        return party

    def _keep_key(self, key: KeyRecord, audit: Mapping[str, str]) -> KeyRecord:
        self._keys[key.id] = key
        self._tell("key", key.id, audit)
        return key

    def _tell(self, entity: str, id_: str, audit: Mapping[str, str]) -> None:
        self.audit.append({**audit, "entity": entity, "id": id_})
        self.changes.append(Change(len(self.changes) + 1, self._clock.wall_ns(), entity, id_))


def _at_version(record: _Record, version: int) -> _Record:
    if record.version != version:
        raise Conflict(f"{record.id} is at version {record.version} by now, not {version}.")
    return record


def _page(records: Iterable[_Record], page: Page) -> list[_Record]:
    return sorted((each for each in records if each.id > page.after), key=lambda each: each.id)[: page.size]
