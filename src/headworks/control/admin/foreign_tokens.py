"""Tokens of identity providers on the admin API: for services with client credentials, which have no administrator of their own."""

from __future__ import annotations

import hashlib

from headworks.control.admin.office import Office
from headworks.control.admin.operation import Actor
from headworks.control.admin.problems import Refusal
from headworks.domain.administration import Powers, RoleGrant, Scope
from headworks.identity.jwt import Claims, stated

_PARTS = 3
_HASHED = 32
"""Hex digits that tell subjects apart: 128 bits."""
_SCOPES = frozenset(Scope)
_SUBJECTS = frozenset(scope.partition(":")[0] for scope in Scope)


async def foreign_actor(office: Office, secret: str) -> Actor | None:
    """Who acts by a JWT that a configured provider made for the admin API; None where it is no JWT, or no such provider is configured.
    Raises `Fault` for one that is not good, and `Refusal` where no role follows from it.
    """
    if secret.count(".") != _PARTS - 1 or not office.entrance.parties:
        return None
    token = secret.encode()
    party = office.entrance.of_issuer(stated(token).issuer)
    if party is None:
        return None
    claims = await party.claims_of(token)
    identity = party.identity_of(claims)
    id_ = f"jwt:{party.provider.name}:{hashlib.sha256(identity.subject.encode()).hexdigest()[:_HASHED]}"
    grants = [RoleGrant(id="", administrator=id_, role=given.role, party=given.party) for given in party.roles_of(claims)]
    person = await office.people.administrator_by_identity(identity)
    if person is not None and person.disabled:
        detail = "The administrator of this identity is disabled. Ask another one to change that."
        raise Refusal("not_allowed", detail, facts={"actor": id_, "by": person.name})
    name = f"{party.name_of(claims)} ({party.provider.name})"
    if not grants:
        detail = "No role follows from the claims of this token. Ask whoever configures the control plane to map one."
        raise Refusal("not_allowed", detail, facts={"actor": id_, "by": name})
    scopes = _scopes_of(claims)
    powers = Powers.of(grants, office.clock.wall_ns()).narrowed(scopes, ())
    return Actor(id=id_, name=name, powers=powers, scopes=scopes, foreign=True)


def _scopes_of(claims: Claims) -> tuple[Scope, ...] | None:
    """What the token is narrowed to, where it names scopes of ours; they never add to what the roles give. One that only looks like ours
    narrows too: a slip of the pen must not widen.
    """
    said = claims.get("scope", claims.get("scp"))
    words = said.split() if isinstance(said, str) else said if isinstance(said, list) else ()
    ours = [word for word in words if isinstance(word, str) and ":" in word and word.partition(":")[0] in _SUBJECTS]
    return tuple(Scope(word) for word in ours if word in _SCOPES) if ours else None
