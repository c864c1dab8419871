"""Administrators, roles, tokens and sessions as the admin API asks for and tells them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from headworks.domain.administration.people import Administrator, AdminToken, AuditEntry, RoleGrant, Session
from headworks.domain.administration.roles import Role, Scope
from headworks.domain.administration.wire.values import Ends, Id, Label, Name, Text, When, when_of

Password = Annotated[str, Meta(min_length=12, max_length=256, description="At least 12 characters.")]
Said = Annotated[Text, Meta(min_length=1)]
Held = Annotated[Role, Meta(description="The role: one that whoever gives it holds there, too.")]
On = Annotated[Id, Meta(description="Id of the party on which, and below which, it counts; `*`: the whole installation.")]


class Setup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first administrator, by the one-time link that the control process printed."""

    link: Annotated[Said, Meta(description="What stands behind `#` in it.")]
    name: Name
    password: Password


class Login(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name and password."""

    name: Annotated[Said, Meta(description="The administrator's.")]
    password: Annotated[Said, Meta(description="Theirs.")]


class IdentityAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom an administrator comes as: the provider's name here, and the `sub` claim there."""

    provider: Annotated[Label, Meta(description="The identity provider's name in the configuration.")]
    subject: Annotated[Said, Meta(description="The `sub` claim there.")]


class NewPassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One's own password, to be changed."""

    old: Annotated[Said, Meta(description="The one of before.")]
    new: Password


class PowerView(msgspec.Struct, frozen=True, kw_only=True):
    """Scopes held on a party and below; `*` is the whole installation."""

    party: str
    scopes: tuple[Scope, ...]


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking. `csrf` goes into the header `x-headworks-csrf` of every write that a cookie stands for; null without a cookie."""

    id: str
    name: str
    powers: tuple[PowerView, ...]
    csrf: str | None = None


class AdministratorAsked(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """An administrator to be, with a first role. Others see whoever has a role within their reach."""

    name: Name
    password: Password
    role: Held
    party: On
    email: Annotated[Text, Meta(description="Address.")] = ""


class AdministratorPatch(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different."""

    name: Name | UnsetType = UNSET
    password: Password | UnsetType = UNSET
    email: Annotated[Text | UnsetType, Meta(description="Address.")] = UNSET
    disabled: Annotated[bool | UnsetType, Meta(description="Whether they are let in no more.")] = UNSET


class AdministratorView(msgspec.Struct, frozen=True, kw_only=True):
    """An administrator, as it is told: never the password's verifier."""

    id: str
    name: str
    email: str
    disabled: bool
    last_login_at: When | None
    version: int
    created_at: When | None
    updated_at: When | None

    @classmethod
    def of(cls, person: Administrator) -> AdministratorView:
        """As it is told."""
        return cls(
            id=person.id,
            name=person.name,
            email=person.email,
            last_login_at=when_of(person.last_login_at),
            disabled=person.disabled,
            version=person.version,
            created_at=when_of(person.created_at),
            updated_at=when_of(person.updated_at),
        )


class AdministratorListing(msgspec.Struct, frozen=True, kw_only=True):
    """One page."""

    data: tuple[AdministratorView, ...]
    next: str | None = None


class GrantAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role to be given, on a party and all below it; `*` is the whole installation."""

    administrator: Annotated[Id, Meta(description="Id of whom it is given to.")]
    role: Held
    party: On


class GrantView(msgspec.Struct, frozen=True, kw_only=True):
    """A role that somebody has."""

    id: str
    administrator: str
    role: Role
    party: str
    created_at: When | None

    @classmethod
    def of(cls, grant: RoleGrant) -> GrantView:
        """As it is told."""
        return cls(
            id=grant.id,
            administrator=grant.administrator,
            role=grant.role,
            party=grant.party,
            created_at=when_of(grant.created_at),
        )


class GrantListing(msgspec.Struct, frozen=True, kw_only=True):
    """One page."""

    data: tuple[GrantView, ...]
    next: str | None = None


class TokenAsked(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """A token to be: it acts as its maker, with these scopes (null: all that the maker has), on this party and below."""

    name: Name
    scopes: Annotated[
        tuple[Scope, ...] | None, Meta(description="What it may do. Left out or null: all that its maker may.")
    ] = None
    party: On = "*"
    expires_at: Ends = None


class TokenView(msgspec.Struct, frozen=True, kw_only=True):
    """A token, as it is told."""

    id: str
    name: str
    prefix: str
    scopes: tuple[Scope, ...] | None
    party: str
    expires_at: When | None
    revoked_at: When | None
    created_at: When | None

    @classmethod
    def of(cls, token: AdminToken) -> TokenView:
        """As it is told."""
        return cls(
            id=token.id,
            name=token.name,
            prefix=token.prefix,
            scopes=token.scopes,
            party=token.party,
            expires_at=when_of(token.expires_at),
            revoked_at=when_of(token.revoked_at),
            created_at=when_of(token.created_at),
        )


class TokenMade(msgspec.Struct, frozen=True, kw_only=True):
    """A new token. `secret` is shown here and never again."""

    token: TokenView
    secret: str

    def __repr__(self) -> str:
        return f"<TokenMade {self.token.id}>"


class TokenListing(msgspec.Struct, frozen=True, kw_only=True):
    """One page."""

    data: tuple[TokenView, ...]
    next: str | None = None


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """One of the caller's own sessions."""

    id: str
    peer: str
    current: bool
    seen_at: When | None
    created_at: When | None
    expires_at: When | None

    @classmethod
    def of(cls, session: Session, current: str) -> SessionView:
        """As it is told to whoever has the session `current`."""
        return cls(
            id=session.id,
            peer=session.peer,
            current=session.id == current,
            seen_at=when_of(session.seen_at),
            created_at=when_of(session.created_at),
            expires_at=when_of(session.expires_at),
        )


class SessionListing(msgspec.Struct, frozen=True, kw_only=True):
    """One page."""

    data: tuple[SessionView, ...]
    next: str | None = None


class AuditView(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did, or was refused."""

    number: int
    at: When | None
    facts: dict[str, str]

    @classmethod
    def of(cls, entry: AuditEntry) -> AuditView:
        """As it is told."""
        return cls(number=entry.number, at=when_of(entry.at), facts=entry.facts)


class AuditListing(msgspec.Struct, frozen=True, kw_only=True):
    """One page, newest first."""

    data: tuple[AuditView, ...]
    next: str | None = None
