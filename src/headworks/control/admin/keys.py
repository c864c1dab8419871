"""API keys: made and shown once, searched by prefix, rotated with an overlap, revoked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import msgspec
from msgspec import UNSET, Meta

from headworks.control.admin.bounds import checked
from headworks.control.admin.expiry import checked_expiry
from headworks.control.admin.operation import Act, Answer
from headworks.control.admin.paging import ListQuery, cut, page_of
from headworks.control.admin.problems import Refusal
from headworks.control.admin.versions import refuse_stale
from headworks.domain.administration.wire.keys import KeyAsked, KeyListing, KeyMade, KeyPatch, KeyView, Rotation
from headworks.domain.administration.wire.problem import Mistake
from headworks.domain.administration.wire.values import Id, Text, wall_of
from headworks.domain.records import Bounds, KeyRecord

_SECOND = 1_000_000_000


class KeyQuery(ListQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which keys."""

    owner: Annotated[Id | None, Meta(description="Of this party itself.")] = None
    under: Annotated[Id | None, Meta(description="Of parties somewhere below this one.")] = None
    prefix: Annotated[Text, Meta(description="Beginning with this: `hw-` and up to eight characters.")] = ""


class Keys:
    """The acts on keys."""

    async def list(self, act: Act) -> Answer:
        """Those within reach."""
        query = act.wanted(KeyQuery)
        found = await act.office.records.keys(
            page_of(act), reach=act.reach, owner=query.owner or "", under=query.under or "", prefix=query.prefix
        )
        shown, cursor = cut(act, found)
        return Answer(KeyListing(data=tuple(map(KeyView.of, shown)), next=cursor))

    async def create(self, act: Act) -> Answer:
        """A new one. The only answer that ever holds it."""
        asked = act.asked(KeyAsked)
        await act.office.records.party(asked.owner, reach=act.reach)
        expires_at = checked_expiry(act, asked.expires_at)
        bounds, warnings = await checked(act, asked.bounds, asked.owner, "/bounds")
        return await _made(act, _NewKey(asked.owner, asked.name, bounds, expires_at), warnings)

    async def read(self, act: Act) -> Answer:
        """One of them."""
        key = await self.found(act)
        return Answer(KeyView.of(key), key.version)

    async def update(self, act: Act) -> Answer:
        """Its name or expiry."""
        patch = act.asked(KeyPatch)
        key = await self.found(act)
        refuse_stale(act, key.version)
        changes = {name: value for name, value in msgspec.structs.asdict(patch).items() if value is not UNSET}
        if "expires_at" in changes:
            changes["expires_at"] = wall_of(changes["expires_at"])
        return await _put(act, msgspec.structs.replace(key, **changes))

    async def rotate(self, act: Act) -> Answer:
        """Another key in its place, which goes on with what it has used. The old one stays good for the overlap, unless it ends before."""
        rotation = act.asked(Rotation)
        old = await self.found(act)
        refuse_stale(act, old.version)
        if old.revoked_at or not old.valid_at(act.now()):
            raise Refusal("conflict", "This key is replaced, revoked or expired already. Create another one instead.")
        until = act.now() + rotation.overlap_seconds * _SECOND
        asked = _NewKey(old.owner, old.name, old.bounds, old.expires_at, old.counted_as)
        return await _made(act, asked, replaced=msgspec.structs.replace(old, revoked_at=until))

    async def revoke(self, act: Act) -> Answer:
        """From now on it is refused, on all gateways within a second."""
        key = await self.found(act)
        now = act.now()
        if key.revoked_at and key.revoked_at <= now:
            return Answer(KeyView.of(key), key.version)
        refuse_stale(act, key.version)
        return await _put(act, msgspec.structs.replace(key, revoked_at=now))

    async def remove(self, act: Act) -> Answer:
        """As if it had never been; what it was used for stays in the ledger."""
        key = await self.found(act)
        refuse_stale(act, key.version)
        await act.office.records.remove_key(key.id, version=key.version, reach=act.reach, audit=act.facts())
        return Answer()

    async def found(self, act: Act) -> KeyRecord:
        """The key that the path names."""
        return await act.office.records.key(act.id, reach=act.reach)

    async def put_bounds(self, act: Act, record: KeyRecord, bounds: Bounds, where: str) -> KeyRecord:
        """Other bounds."""
        changed = msgspec.structs.replace(record, bounds=bounds, updated_at=act.now())
        facts = act.facts(changed=f"bounds{where}")
        return await act.office.records.put_key(changed, reach=act.reach, audit=facts)

    def refuse_own(self, act: Act, record: KeyRecord) -> None:
        """A key is below every party within reach."""

    def above(self, record: KeyRecord) -> str:
        """Its owner."""
        return record.owner


class _NewKey(NamedTuple):
    """What a new key is told by."""

    owner: str
    name: str
    bounds: Bounds
    expires_at: int
    origin: str = ""


async def _made(act: Act, asked: _NewKey, warnings: Sequence[Mistake] = (), *, replaced: KeyRecord | None = None) -> Answer:
    new, now = act.office.mint(), act.now()
    key = KeyRecord(
        id=act.office.new_id("key"),
        owner=asked.owner,
        name=asked.name,
        prefix=new.prefix,
        digest=new.digest,
        pepper=new.pepper,
        bounds=asked.bounds,
        expires_at=asked.expires_at,
        origin=asked.origin,
        created_at=now,
        updated_at=now,
    )
    if replaced is not None:
        replaced = msgspec.structs.replace(replaced, replaced_by=key.id)
    kept = await act.office.records.add_key(key, reach=act.reach, audit=act.facts(), replaced=replaced)
    return Answer(KeyMade(key=KeyView.of(kept, warnings), secret=new.secret), kept.version)


async def _put(act: Act, key: KeyRecord) -> Answer:
    key = msgspec.structs.replace(key, updated_at=act.now())
    put = await act.office.records.put_key(key, reach=act.reach, audit=act.facts())
    return Answer(KeyView.of(put), put.version)
