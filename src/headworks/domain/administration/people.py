"""Who administers, and by what they are known. Times are wall-clock nanoseconds, 0 for never."""

from __future__ import annotations

import msgspec

from headworks.domain.administration.roles import Role, Scope


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


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the audit log, as it is listed."""

    number: int
    at: int
    facts: dict[str, str]
