"""Organisations, teams, projects, users and service accounts: the same acts on each kind of party."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta

from headworks.control.admin.bounds import checked
from headworks.control.admin.expiry import checked_expiry
from headworks.control.admin.operation import Act, Answer
from headworks.control.admin.paging import ListQuery, cut, page_of
from headworks.control.admin.problems import Refusal
from headworks.control.admin.versions import refuse_stale
from headworks.domain.administration.wire.parties import Move, PartyAsked, PartyListing, PartyPatch, PartyView
from headworks.domain.administration.wire.problem import Mistake
from headworks.domain.administration.wire.values import Id, Text, wall_of
from headworks.domain.records import PARENTS, Bounds, Party, PartyKind
from headworks.ports.records import Missing

_IDS = {
    PartyKind.ORGANISATION: "org",
    PartyKind.TEAM: "team",
    PartyKind.PROJECT: "proj",
    PartyKind.USER: "user",
    PartyKind.SERVICE_ACCOUNT: "svc",
}


class PartyQuery(ListQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which parties."""

    under: Annotated[Id | None, Meta(description="Somewhere below this party.")] = None
    name: Annotated[Text, Meta(description="With exactly this name.")] = ""


class Parties:
    """The acts on one kind of party."""

    def __init__(self, kind: PartyKind) -> None:
        self.kind = kind

    async def list(self, act: Act) -> Answer:
        """Those within reach."""
        query = act.wanted(PartyQuery)
        found = await act.office.records.parties(
            page_of(act), reach=act.reach, kind=self.kind, under=query.under or "", name=query.name
        )
        shown, cursor = cut(act, found)
        return Answer(PartyListing(data=tuple(map(PartyView.of, shown)), next=cursor))

    async def create(self, act: Act) -> Answer:
        """Under a parent that is within reach; an organisation by whoever may do so everywhere."""
        asked = act.asked(PartyAsked)
        await self._check_parent(act, asked.parent)
        now, above = act.now(), asked.parent or ""
        expires_at = checked_expiry(act, asked.expires_at)
        bounds, warnings = await checked(act, asked.bounds, above, "/bounds")
        party = Party(
            id=act.office.new_id(_IDS[self.kind]),
            kind=self.kind,
            name=asked.name,
            parent=above,
            bounds=bounds,
            email=asked.email,
            expires_at=expires_at,
            created_at=now,
            updated_at=now,
        )
        made = await act.office.records.add_party(party, reach=act.reach, audit=act.facts())
        return Answer(PartyView.of(made, warnings), made.version)

    async def read(self, act: Act) -> Answer:
        """One of them."""
        party = await self.found(act)
        return Answer(PartyView.of(party), party.version)

    async def update(self, act: Act) -> Answer:
        """Some of its fields."""
        patch = act.asked(PartyPatch)
        party = await self.found(act)
        if patch.disabled is not UNSET or patch.expires_at is not UNSET:
            self.refuse_own(act, party)
        refuse_stale(act, party.version)
        changes = {name: value for name, value in msgspec.structs.asdict(patch).items() if value is not UNSET}
        if "expires_at" in changes:
            changes["expires_at"] = wall_of(changes["expires_at"])
        return await self._put(act, msgspec.structs.replace(party, **changes))

    async def put_bounds(self, act: Act, record: Party, bounds: Bounds, where: str) -> Party:
        """Other bounds."""
        changed = msgspec.structs.replace(record, bounds=bounds, updated_at=act.now())
        facts = act.facts(changed=f"bounds{where}")
        return await act.office.records.put_party(changed, reach=act.reach, audit=facts)

    def refuse_own(self, act: Act, record: Party) -> None:
        """What holds a party back is changed by those who hold the scope above it, not by those who hold it on this very party."""
        if not act.everywhere and not any(above in act.reach for above in record.path):
            raise Refusal(
                "set_from_above",
                f"Your role stands on {record.id} itself: this is changed by whoever holds {act.operation.needs} above it. Ask them.",
            )

    def above(self, record: Party) -> str:
        """The party next above it."""
        return record.parent

    async def move(self, act: Act) -> Answer:
        """With all below it."""
        move = act.asked(Move)
        party = await self.found(act)
        self.refuse_own(act, party)
        refuse_stale(act, party.version)
        await self._check_parent(act, move.parent)
        facts = act.facts()
        moved = await act.office.records.move_party(party.id, move.parent, version=party.version, reach=act.reach, audit=facts)
        return Answer(PartyView.of(moved), moved.version)

    async def remove(self, act: Act) -> Answer:
        """It and its keys."""
        party = await self.found(act)
        self.refuse_own(act, party)
        refuse_stale(act, party.version)
        facts = act.facts()
        await act.office.records.remove_party(party.id, version=party.version, reach=act.reach, audit=facts)
        return Answer()

    async def found(self, act: Act) -> Party:
        """The party that the path names. Raises `Missing`, also where it is of another kind."""
        party = await act.office.records.party(act.id, reach=act.reach)
        if party.kind is not self.kind:
            raise Missing(act.id)
        return party

    async def _put(self, act: Act, party: Party) -> Answer:
        party = msgspec.structs.replace(party, updated_at=act.now())
        put = await act.office.records.put_party(party, reach=act.reach, audit=act.facts())
        return Answer(PartyView.of(put), put.version)

    async def _check_parent(self, act: Act, parent: str | None) -> None:
        allowed = PARENTS[self.kind]
        if not allowed:
            if parent is not None:
                raise _wrong_parent("An organisation stands under nothing. Leave `parent` out.")
            if not act.everywhere:
                raise Refusal(
                    "not_allowed", "Organisations are made by whoever holds this on the whole installation. Ask its owner."
                )
            return
        kinds = " or ".join(sorted(allowed))
        if parent is None:
            raise _wrong_parent(f"Give `parent`: the {kinds} that it stands under.")
        above = await act.office.records.party(parent, reach=act.reach)
        if above.kind not in allowed:
            raise _wrong_parent(f"A {self.kind} cannot stand under a {above.kind}. Use a {kinds}.")


def _wrong_parent(detail: str) -> Refusal:
    return Refusal("invalid", detail, errors=[Mistake(detail=detail, pointer="/parent")])
