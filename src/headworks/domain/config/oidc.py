"""How people sign in to the control plane through an identity provider, as an operator writes it."""

from __future__ import annotations

from typing import Literal

from headworks.domain.administration import EVERYTHING
from headworks.domain.config.written import Written
from headworks.domain.issuer import Algorithm

RoleName = Literal["owner", "admin", "operator", "billing", "auditor", "developer"]
"""As `Role` has them."""


class MappedRole(Written, frozen=True):
    """A role on one party and below it."""

    role: RoleName = "developer"
    party: str = EVERYTHING
    """An id; `*` is the whole installation."""


class RolesRule(Written, frozen=True):
    """Which roles follow from a claim."""

    claim: str = "groups"
    """Its name, or a path into it with dots: `realm_access.roles`."""
    map: dict[str, RoleName | MappedRole | tuple[MappedRole, ...]] = {}
    """By its values: a role on the whole installation, or `{role: …, party: …}`, or a list of these."""


class OidcRule(Written, frozen=True):
    """An OpenID provider that is believed about administrators."""

    title: str = ""
    """What the sign-in page calls it."""
    issuer: str = ""
    """The `iss` claim, to the letter; its discovery document is below it."""
    client_id: str = ""
    """As which it knows us. Left out: nobody signs in through it."""
    client_secret: str = ""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    name: str = "email"
    """The claim that says what people are called."""
    roles: RolesRule = RolesRule()
    provision: bool = False
    """Make an administrator of whoever has a role by the map."""
    audience: str = ""
    """Of access tokens that may call the admin API. Left out: none may."""
    algorithms: tuple[Algorithm, ...] = ("RS256", "ES256")
    leeway: float = 30.0
    """How far its clock may differ, seconds."""
