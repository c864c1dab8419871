"""Parties as the admin API asks for and tells them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from headworks.domain.administration.wire.bounds import BoundsBody
from headworks.domain.administration.wire.problem import Mistake
from headworks.domain.administration.wire.values import Ends, Id, Name, Text, When, when_of
from headworks.domain.records import Party, PartyKind

Email = Annotated[Text, Meta(description="Address, of people.")]
Parent = Annotated[Id, Meta(description="Id of the party that it stands under.")]


class PartyAsked(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """A party to be. An organisation has no `parent`, everything else has one."""

    name: Name
    parent: Parent | None = None
    email: Email = ""
    expires_at: Ends = None
    bounds: Annotated[BoundsBody, Meta(description="What it may do and use.")] = BoundsBody()


class PartyPatch(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different. `disabled` and `expires_at` are set by whoever administers a party above."""

    name: Name | UnsetType = UNSET
    email: Email | UnsetType = UNSET
    disabled: Annotated[bool | UnsetType, Meta(description="Whether all keys at and below it are refused.")] = UNSET
    expires_at: Ends | UnsetType = UNSET


class Move(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The new place of a party."""

    parent: Parent


class PartyView(msgspec.Struct, frozen=True, kw_only=True):
    """A party, as it is told. `path`: ids from the organisation down to the parent."""

    id: str
    kind: PartyKind
    name: str
    parent: str | None
    path: tuple[str, ...]
    email: str
    disabled: bool
    expires_at: When | None
    bounds: BoundsBody
    version: int
    created_at: When | None
    updated_at: When | None

    @classmethod
    def of(cls, party: Party, warnings: Sequence[Mistake] = ()) -> PartyView:
        """As it is told."""
        return cls(
            id=party.id,
            kind=party.kind,
            name=party.name,
            parent=party.parent or None,
            path=party.path,
            email=party.email,
            disabled=party.disabled,
            expires_at=when_of(party.expires_at),
            bounds=BoundsBody.of(party.bounds, warnings),
            version=party.version,
            created_at=when_of(party.created_at),
            updated_at=when_of(party.updated_at),
        )


class PartyListing(msgspec.Struct, frozen=True, kw_only=True):
    """One page. `next` is the cursor of the following one; null: there is none."""

    data: tuple[PartyView, ...]
    next: str | None = None
