"""Administrators and their roles. Nobody hands on, or takes away, or takes over, more than they hold themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta

from headworks.control.admin.operation import Act, Answer
from headworks.control.admin.paging import ListQuery, cut, page_of
from headworks.control.admin.problems import Refusal
from headworks.control.admin.versions import refuse_stale
from headworks.domain.administration import EVERYTHING, ROLES, Administrator, Identity, RoleAt, RoleGrant, Scope
from headworks.domain.administration.wire.people import (
    AdministratorAsked,
    AdministratorListing,
    AdministratorPatch,
    AdministratorView,
    GrantAsked,
    GrantListing,
    GrantView,
    IdentityAsked,
)
from headworks.domain.administration.wire.values import Id
from headworks.ports.records import Missing


class GrantQuery(ListQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which grants."""

    administrator: Annotated[Id | None, Meta(description="To this one.")] = None
    party: Annotated[Id | None, Meta(description="On this party itself.")] = None


async def list_administrators(act: Act) -> Answer:
    """Those who have a role within reach."""
    shown, cursor = cut(act, await act.office.people.administrators(page_of(act), reach=act.reach))
    return Answer(AdministratorListing(data=tuple(map(AdministratorView.of, shown)), next=cursor))


async def create_administrator(act: Act) -> Answer:
    """With a first role, and a password that they had better change."""
    asked = act.asked(AdministratorAsked)
    await refuse_beyond(act, ROLES[asked.role], asked.party)
    now = act.now()
    person = Administrator(
        id=act.office.new_id("adm"),
        name=asked.name,
        email=asked.email,
        password=await act.office.passwords.verifier(asked.password),
        created_at=now,
        updated_at=now,
    )
    facts = act.facts(role=asked.role, party=asked.party)
    made = await act.office.people.add_administrator(
        person,
        _grant(act, person.id, GrantAsked(administrator=person.id, role=asked.role, party=asked.party)),
        reach=act.reach,
        audit=facts,
    )
    return Answer(AdministratorView.of(made), made.version)


async def read_administrator(act: Act) -> Answer:
    """One of them."""
    person = await act.office.people.administrator(act.id, reach=act.reach)
    return Answer(AdministratorView.of(person), person.version)


async def update_administrator(act: Act) -> Answer:
    """By those who hold all that this one holds: who sets a password can sign in with it."""
    patch = act.asked(AdministratorPatch)
    person = await _dominated(act)
    changes = {name: value for name, value in msgspec.structs.asdict(patch).items() if value is not UNSET}
    if "password" in changes:
        if not person.password:  # whoever set one would have, from then on, what a provider's claims give
            raise Refusal(
                "not_allowed", "This administrator comes through an identity provider. Make another one for a password."
            )
        changes["password"] = await act.office.passwords.verifier(changes["password"])
    person = msgspec.structs.replace(person, **changes, updated_at=act.now())
    facts = act.facts(fields=",".join(sorted(changes)))
    put = await act.office.people.put_administrator(person, reach=act.reach, audit=facts)
    return Answer(AdministratorView.of(put), put.version)


async def remove_administrator(act: Act) -> Answer:
    """With roles, tokens and sessions."""
    person = await _dominated(act)
    facts = act.facts(removed=person.name)
    await act.office.people.remove_administrator(person.id, version=person.version, reach=act.reach, audit=facts)
    return Answer()


async def put_identity(act: Act) -> Answer:
    """By those who hold all that this one holds, and all that claims may give: whoever comes as the subject becomes this one."""
    asked = act.asked(IdentityAsked)
    person = await _dominated(act)
    provider = act.office.entrance.party(asked.provider).provider
    await _refuse_unheld(
        act,
        provider.roles.everything,
        "This provider's claims may give roles beyond your reach. Ask an owner to say who comes through it.",
    )
    identity = Identity(provider.issuer.issuer, asked.subject)
    put = await act.office.people.put_identity(person, identity, reach=act.reach, audit=act.facts(provider=asked.provider))
    return Answer(AdministratorView.of(put), put.version)


async def remove_identity(act: Act) -> Answer:
    """All sessions end, and the roles that came of it."""
    person = await _dominated(act)
    await act.office.people.put_identity(person, None, reach=act.reach, audit=act.facts())
    return Answer()


async def list_grants(act: Act) -> Answer:
    """Those on parties within reach."""
    query = act.wanted(GrantQuery)
    found = await act.office.people.grants(
        page_of(act), reach=act.reach, administrator=query.administrator or "", party=query.party or ""
    )
    shown, cursor = cut(act, found)
    return Answer(GrantListing(data=tuple(map(GrantView.of, shown)), next=cursor))


async def create_grant(act: Act) -> Answer:
    """A role for somebody whom the actor can see."""
    asked = act.asked(GrantAsked)
    await act.office.people.administrator(asked.administrator, reach=act.reach)
    await refuse_beyond(act, ROLES[asked.role], asked.party)
    grant = _grant(act, asked.administrator, asked)
    return Answer(GrantView.of(await act.office.people.add_grant(grant, reach=act.reach, audit=act.facts())))


async def remove_grant(act: Act) -> Answer:
    """By those who could have given it."""
    grant = await act.office.people.grant(act.id, reach=act.reach)
    await refuse_beyond(act, ROLES[grant.role], grant.party)
    await act.office.people.remove_grant(grant.id, reach=act.reach, audit=act.facts())
    return Answer()


async def refuse_beyond(act: Act, scopes: Collection[Scope], party: str) -> None:
    """Raise where the actor does not hold all of these scopes on that party; `Missing` where it is out of reach."""
    lineage: tuple[str, ...] = ()
    if party != EVERYTHING:
        if not act.everywhere:  # who is may also see to roles on what is gone
            await act.office.records.party(party, reach=act.reach)
        parties, _ = await act.office.records.lineage(party)
        lineage = tuple(each.id for each in parties)
    if not act.actor.powers.cover(scopes, lineage):
        lacking = sorted(frozenset(scopes) - act.actor.powers.scopes_at(lineage))
        raise Refusal("beyond_your_powers", f"You do not hold {', '.join(lacking)} there yourself. Ask somebody who does.")


async def _dominated(act: Act) -> Administrator:
    person = await act.office.people.administrator(act.id, reach=act.reach)
    refuse_stale(act, person.version)
    held = [RoleAt(grant.role, grant.party) for grant in await act.office.people.grants_of(person.id)]
    await _refuse_unheld(act, held, "This administrator has roles beyond your reach. Take away those within it instead.")
    return person


async def _refuse_unheld(act: Act, roles: Iterable[RoleAt], out_of_reach: str) -> None:
    """Raise where the actor does not hold all of these; with the last words where one stands out of reach."""
    for each in roles:
        try:
            await refuse_beyond(act, ROLES[each.role], each.party)
        except Missing:
            raise Refusal("beyond_your_powers", out_of_reach) from None


def _grant(act: Act, administrator: str, asked: GrantAsked) -> RoleGrant:
    return RoleGrant(
        id=act.office.new_id("grant"),
        administrator=administrator,
        role=asked.role,
        party=asked.party,
        created_at=act.now(),
        created_by=act.actor.id,
    )
