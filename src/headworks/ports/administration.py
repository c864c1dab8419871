"""Where it is kept who administers. SQL behind it; asked by the control process alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from headworks.domain.administration import (
    ALL_ACTS,
    Administrator,
    AdminToken,
    AuditEntry,
    AuditFilter,
    Identity,
    RoleGrant,
    Session,
)
from headworks.ports.records import Page, Reach

Facts = Mapping[str, str]
"""What the audit record says: actor, operation, entity, request id, …"""


class Repeat(msgspec.Struct, frozen=True, kw_only=True):
    """A request with an idempotency key, and what was answered: `status` 0 while it is under way."""

    actor: str
    key: str
    """Keyed hash of the idempotency key."""
    request: str
    """Hash of what was asked."""
    status: int = 0
    answer: str = ""
    """Encrypted under a key that only the idempotency key gives."""
    created_at: int = 0
    expires_at: int = 0


class Administration(Protocol):
    """Administrators, their roles, tokens and sessions. Each write is one transaction with its audit record. What lies outside `reach`
    is `Missing`, as if it did not exist: grants are where their party is, and administrators wherever they have a role.
    """

    async def found(self, owner: Administrator, grant: RoleGrant, *, link: bytes, audit: Facts) -> None:
        """Make the first administrator, using up a setup link by its digest. Raises `Missing` where there is no such link (any more:
        `owner.created_at` decides), or there is an owner already; `Conflict` where the
        name is taken.
        """
        ...

    async def put_link(self, id: str, digest: bytes, *, now: int, expires_at: int) -> None:  # noqa: A002 - the field's name
        """Remember a setup link."""
        ...

    async def is_founded(self) -> bool:
        """Whether there is an owner of the installation, other than by what an identity provider claims."""
        ...

    async def add_administrator(self, person: Administrator, grant: RoleGrant, *, reach: Reach, audit: Facts) -> Administrator:
        """With a first role. Raises `Conflict` where the name is taken, `Missing` where the role's party is out of reach."""
        ...

    async def put_administrator(self, person: Administrator, *, reach: Reach, audit: Facts) -> Administrator:
        """Replace; `version` is the one that was read. All sessions end where the password changes or it is disabled; tokens, too, are
        good for nothing while it is disabled. Raises `Conflict`, `Missing`.
        """
        ...

    async def remove_administrator(self, id: str, *, version: int, reach: Reach, audit: Facts) -> None:  # noqa: A002 - the field's name
        """With all roles, tokens and sessions. Raises `Conflict` also for the last owner of the whole installation."""
        ...

    async def administrator(self, id: str, *, reach: Reach) -> Administrator:  # noqa: A002 - the field's name
        """Raises `Missing`."""
        ...

    async def administrator_by_name(self, name: str) -> Administrator | None:
        """For signing in."""
        ...

    async def administrator_by_identity(self, identity: Identity) -> Administrator | None:
        """For signing in through an identity provider."""
        ...

    async def provision(self, person: Administrator, identity: Identity, *, audit: Facts) -> None:
        """Make an administrator without a role, of somebody whom a provider vouches for. Raises `Conflict` where the name or the identity
        is taken.
        """
        ...

    async def put_identity(
        self, person: Administrator, identity: Identity | None, *, reach: Reach, audit: Facts
    ) -> Administrator:
        """Whom they come as through an identity provider, in the place of all that went before; None: as nobody. Their sessions end, and
        the roles that followed from claims. With an identity their password and tokens end, too, for whoever knows one of these would
        have what claims give from then on; not those of a lasting owner of the installation, to whom claims give nothing. Raises
        `Missing`, and `Conflict` where it is somebody else's, or their version is another one by now.
        """
        ...

    async def replace_grants(self, administrator: str, grants: Sequence[RoleGrant], *, audit: Facts) -> None:
        """These instead of all that claims have given: a person comes through one provider alone. What is granted already, whoever did that, is left as it is."""
        ...

    async def administrators(self, page: Page, *, reach: Reach) -> Sequence[Administrator]:
        """By id."""
        ...

    async def add_grant(self, grant: RoleGrant, *, reach: Reach, audit: Facts) -> RoleGrant:
        """Raises `Conflict` where it is granted already, `Missing` where party or administrator is out of reach."""
        ...

    async def remove_grant(self, id: str, *, reach: Reach, audit: Facts) -> None:  # noqa: A002 - the field's name
        """Raises `Missing`, and `Conflict` for the last owner of the whole installation."""
        ...

    async def grant(self, id: str, *, reach: Reach) -> RoleGrant:  # noqa: A002 - the field's name
        """Raises `Missing`."""
        ...

    async def grants(self, page: Page, *, reach: Reach, administrator: str = "", party: str = "") -> Sequence[RoleGrant]:
        """By id."""
        ...

    async def grants_of(self, administrator: str) -> Sequence[RoleGrant]:
        """All of them, wherever they are."""
        ...

    async def add_token(self, token: AdminToken, *, audit: Facts) -> AdminToken:
        """Keep it. Raises `Missing` where the token that makes it was revoked meanwhile."""
        ...

    async def revoke_token(self, id: str, *, administrator: str, now: int, audit: Facts) -> AdminToken:  # noqa: A002 - the field's name
        """With all that were made by it, and by those. Raises `Missing` where this administrator has no such token."""
        ...

    async def tokens(self, page: Page, *, administrator: str) -> Sequence[AdminToken]:
        """By id."""
        ...

    async def token_by_digest(self, digest: bytes) -> AdminToken | None:
        """For signing in."""
        ...

    async def add_session(self, session: Session, *, proved: str, audit: Facts) -> None:
        """Somebody signed in by a password that fits the verifier `proved`. Raises `Missing` where theirs is another by now, or they may
        not sign in any more.
        """
        ...

    async def turn_session(self, id: str, successor: Session, *, until: int) -> bool:  # noqa: A002 - the field's name
        """Put another in its place; this one ends at `until`. False where that has been done already."""
        ...

    async def see_session(self, id: str, *, now: int) -> None:  # noqa: A002 - the field's name
        """It was used."""
        ...

    async def session_by_digest(self, digest: bytes) -> Session | None:
        """By its cookie."""
        ...

    async def sessions(self, page: Page, *, administrator: str) -> Sequence[Session]:
        """By id."""
        ...

    async def remove_session(self, id: str, *, administrator: str, audit: Facts) -> None:  # noqa: A002 - the field's name
        """Raises `Missing` where this administrator has no such session."""
        ...

    async def claim_repeat(self, claim: Repeat) -> Repeat | None:
        """None: it is now claimed. Otherwise who claimed it before, unless that has expired at `claim.created_at`."""
        ...

    async def conclude_repeat(self, claim: Repeat) -> None:
        """Keep what was answered; status 0: nothing came of it, and it may be asked again."""
        ...

    async def denied(self, facts: Facts, *, times: int) -> None:
        """An audit record of its own."""
        ...

    async def audit_entries(self, page: Page, *, reach: Reach, only: AuditFilter = ALL_ACTS) -> Sequence[AuditEntry]:
        """Newest first; `page.after` is a number. Only those that happened within reach."""
        ...
