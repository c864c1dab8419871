"""From what an identity provider says of somebody to an administrator with roles."""

from __future__ import annotations

from headworks.control.admin.operation import Act
from headworks.control.admin.problems import Refusal
from headworks.domain.administration import Administrator, Identity, Powers, RoleGrant
from headworks.identity.jwt import Claims
from headworks.identity.oidc import RelyingParty
from headworks.ports.records import Conflict


async def enter(act: Act, party: RelyingParty, claims: Claims) -> Administrator:
    """Whoever has this identity, with the roles that the claims give now, instead of those that they gave before. Found by issuer and
    subject alone: a name or an e-mail address is not proof of anything here. Raises `Refusal`, which the audit notes with the subject.
    """
    identity, people = party.identity_of(claims), act.office.people
    person = await people.administrator_by_identity(identity) or await _provisioned(act, party, claims, identity)
    if person.disabled:
        raise _refused(party, identity, "This administrator is disabled. Ask another one to change that.")
    facts = act.facts(actor=person.id, by=person.name, provider=party.provider.name)
    await people.replace_grants(person.id, _grants(act, party, claims, person.id), audit=facts)
    if not Powers.of(await people.grants_of(person.id), act.now()).held:
        raise _refused(
            party, identity, "None of what your identity provider says of you gives you a role here. Ask an owner for one."
        )
    return person


def _grants(act: Act, party: RelyingParty, claims: Claims, administrator: str) -> list[RoleGrant]:
    return [
        RoleGrant(
            id=act.office.new_id("grant"),
            administrator=administrator,
            role=given.role,
            party=given.party,
            created_at=act.now(),
            created_by=party.provider.source,
        )
        for given in party.roles_of(claims)
    ]


async def _provisioned(act: Act, party: RelyingParty, claims: Claims, identity: Identity) -> Administrator:
    if not (party.provider.provision and party.roles_of(claims)):
        raise _refused(
            party,
            identity,
            f"Nobody here comes as the subject {identity.subject!r} of this provider. Ask an owner to let you in.",
        )
    now = act.now()
    person = Administrator(id=act.office.new_id("adm"), name=party.name_of(claims), created_at=now, updated_at=now)
    facts = act.facts(actor=person.id, by=person.name, provider=party.provider.name)
    try:
        await act.office.people.provision(person, identity, audit=facts)
    except Conflict:
        detail = f"There is an administrator {person.name!r} who does not come as the subject {identity.subject!r} of this provider. "
        raise _refused(party, identity, detail + "Ask an owner to give them this identity, or another name.") from None
    return person


def _refused(party: RelyingParty, identity: Identity, detail: str) -> Refusal:
    return Refusal("not_allowed", detail, facts={"actor": f"{party.provider.source}:{identity.subject}"})
