"""Who administers, and by what they are known. Times are wall-clock nanoseconds, 0 for never."""

from __future__ import annotations

import msgspec

from headworks.domain.administration.roles import Role, Scope

SESSION_LIFE = 12 * 3600 * 1_000_000_000
"""Nanoseconds for which it counts, at most, that somebody has signed in."""
SOURCE = "oidc:"
"""How `RoleGrant.created_by` begins where an identity provider's claims gave the role; the provider's name follows."""


class Administrator(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Somebody who may sign in to the control plane. Not a user of models: that is a party."""

    id: str
    """`adm_` and 32 hex digits."""
    name: str
    """What they sign in with, unique in the installation."""
    password: str = ""
    """Verifier, never the password; empty: no sign-in by password."""
    email: str = ""
    disabled: bool = False
    version: int = 1
    created_at: int = 0
    updated_at: int = 0
    last_login_at: int = 0

    def __repr__(self) -> str:
        return f"<Administrator {self.id} {self.name}>"


class RoleGrant(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A role on a party and all below it. Never changed, only given and taken away."""

    id: str
    """`grant_` and 32 hex digits."""
    administrator: str
    role: Role
    party: str
    """`*`: the whole installation."""
    created_at: int = 0
    created_by: str = ""

    @property
    def ends_at(self) -> int:
        """A role that followed from claims counts until whoever has it must sign in again: the claims may be others by then. 0: never."""
        return self.created_at + SESSION_LIFE if self.created_by.startswith(SOURCE) else 0

    @property
    def founding(self) -> bool:
        """Whether the one-time link made it: nobody else gives themselves the whole installation."""
        return self.role is Role.OWNER and self.party == "*" and self.created_by == self.administrator


class AdminToken(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A credential for programs. It acts as its administrator, with no more than these scopes, on no more than this party: what its
    administrator loses, it loses.
    """

    id: str
    """`tok_` and 32 hex digits."""
    administrator: str
    name: str
    prefix: str
    """`hwa-` and eight characters."""
    digest: bytes
    """SHA-256 of the whole token, which has 256 random bits."""
    scopes: tuple[Scope, ...] | None = None
    """None: all that its administrator has."""
    party: str = "*"
    """`*`: wherever its administrator may act."""
    expires_at: int = 0
    revoked_at: int = 0
    created_at: int = 0
    created_by: str = ""

    def valid_at(self, now: int) -> bool:
        """Neither revoked nor expired."""
        return not self.revoked_at and (not self.expires_at or now < self.expires_at)

    def __repr__(self) -> str:
        return f"<AdminToken {self.id} {self.prefix}…>"


class Identity(msgspec.Struct, frozen=True):
    """Who somebody is elsewhere: a subject is unique within its issuer alone. Never an e-mail address, which can change hands."""

    issuer: str
    subject: str


class Session(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A signed-in browser. From time to time another one takes its place, with a cookie of its own; this one stays good for a moment."""

    id: str
    """`ses_` and 32 hex digits."""
    administrator: str
    digest: bytes
    """SHA-256 of the cookie, which has 256 random bits."""
    csrf: str
    """What a page must send beside the cookie; the same in the one that takes its place."""
    created_at: int = 0
    """When somebody signed in."""
    expires_at: int = 0
    seen_at: int = 0
    peer: str = ""

    def __repr__(self) -> str:
        return f"<Session {self.id}>"


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines of the audit log. What says nothing lets all through."""

    actor: str = ""
    """Id or name."""
    operation: str = ""
    """`keys.revoke`, or `keys` for all of them."""
    object: str = ""
    """Id or name of what it was done to, or the id of the party that this belongs to."""
    outcome: str = ""
    """`done` or `denied`."""
    since: int = 0
    """Wall-clock nanoseconds."""
    until: int = 0
    """Wall-clock nanoseconds, that one excluded; 0: for ever."""


ALL_ACTS = AuditFilter()


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the audit log, as it is listed."""

    number: int
    at: int
    facts: dict[str, str]
