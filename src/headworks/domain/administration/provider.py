"""Identity providers (OpenID Connect): who may say who administers, and what follows from what they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from headworks.domain.administration.people import SOURCE
from headworks.domain.administration.powers import EVERYTHING
from headworks.domain.administration.roles import Role
from headworks.domain.issuer import Issuer

Passwords = Literal["all", "founder"]
"""Who may sign in by password: everybody who has one, or only whoever used the one-time link."""


class RoleAt(msgspec.Struct, frozen=True):
    """A role, and where it is held."""

    role: Role
    party: str = EVERYTHING


class RoleMap(msgspec.Struct, frozen=True):
    """Values of one claim → roles. What is not in the map gives nothing."""

    claim: str
    given: Mapping[str, tuple[RoleAt, ...]]

    @property
    def everything(self) -> frozenset[RoleAt]:
        """All that claims can come to."""
        return frozenset(each for given in self.given.values() for each in given)


class IdentityProvider(msgspec.Struct, frozen=True, kw_only=True):
    """One of them, with what it knows us by."""

    name: str
    """Part of the redirect address, and of what the audit says."""
    title: str
    """For people."""
    issuer: Issuer
    """`audience` is the client id: of ID tokens, and of nothing else."""
    client_id: str = ""
    """Empty: nobody signs in, it only makes tokens for programs."""
    client_secret: str = ""
    """Empty: a public client, which PKCE alone protects."""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    person: str = "email"
    """The claim that says what people are called."""
    roles: RoleMap
    provision: bool = False
    """Whether somebody who is not known, and has a role by the map, becomes an administrator."""
    audience: str = ""
    """What `aud` of access tokens must hold that may call the admin API; empty: none may."""

    @property
    def source(self) -> str:
        """What `RoleGrant.created_by` says of roles that it gave."""
        return f"{SOURCE}{self.name}"

    def __repr__(self) -> str:
        return f"<IdentityProvider {self.name} {self.issuer.issuer}>"
