"""API keys as the admin API asks for and tells them. The key itself is told once, when it is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from headworks.domain.administration.wire.bounds import BoundsBody
from headworks.domain.administration.wire.problem import Mistake
from headworks.domain.administration.wire.values import Ends, Id, Name, When, when_of
from headworks.domain.records import KeyRecord, Narrowed


class KeyAsked(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """A key to be. `owner` is the party that it belongs to."""

    owner: Annotated[Id, Meta(description="Id of the party that it belongs to.")]
    name: Name
    expires_at: Ends = None
    bounds: Annotated[BoundsBody, Meta(description="What it may do and use.")] = BoundsBody()


class KeyPatch(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different."""

    name: Name | UnsetType = UNSET
    expires_at: Ends | UnsetType = UNSET


class Rotation(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """For how long the old key stays good beside the new one."""

    overlap_seconds: Annotated[int, Meta(ge=0, le=90 * 86_400, description="For how long both are good.")] = 86_400


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key, as it is told: neither itself nor its digest."""

    id: str
    owner: str
    name: str
    prefix: str
    imported: bool
    bounds: BoundsBody
    expires_at: When | None
    revoked_at: When | None
    replaced_by: str | None
    version: int
    created_at: When | None
    updated_at: When | None

    @classmethod
    def of(cls, key: KeyRecord, warnings: Sequence[Mistake] = ()) -> KeyView:
        """As it is told."""
        return cls(
            id=key.id,
            owner=key.owner,
            name=key.name,
            prefix=key.prefix,
            imported=key.imported,
            bounds=BoundsBody.of(key.bounds, warnings),
            expires_at=when_of(key.expires_at),
            revoked_at=when_of(key.revoked_at),
            replaced_by=key.replaced_by or None,
            version=key.version,
            created_at=when_of(key.created_at),
            updated_at=when_of(key.updated_at),
        )


class KeyMade(msgspec.Struct, frozen=True, kw_only=True):
    """A new key. `secret` is what callers send; it is shown here and never again."""

    key: KeyView
    secret: str

    def __repr__(self) -> str:
        return f"<KeyMade {self.key.id}>"


class KeyListing(msgspec.Struct, frozen=True, kw_only=True):
    """One page. `next` is the cursor of the following one; null: there is none."""

    data: tuple[KeyView, ...]
    next: str | None = None


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What one party above the key, or the key itself, says."""

    id: str
    kind: str
    name: str
    bounds: BoundsBody


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What a key may do in effect. A model must be allowed by every entry of `models`; lists that are null are not narrowed anywhere.
    Limits and budgets of all levels hold together.
    """

    key: str
    usable: bool
    why_not: str | None
    expires_at: When | None
    models: tuple[tuple[str, ...], ...]
    endpoints: tuple[str, ...] | None
    features: tuple[str, ...]
    ordinary_features: tuple[str, ...] | None
    providers: tuple[str, ...] | None
    regions: tuple[str, ...] | None
    policies: tuple[str, ...]
    guards: tuple[str, ...]
    tags: dict[str, str]
    levels: tuple[Level, ...]

    @classmethod
    def of(cls, key: str, left: Narrowed, levels: Sequence[Level], *, why_not: str | None, ends: int) -> Policy:
        """What `levels` leave of one another. `why_not` is None where the key is good; `ends`: wall nanoseconds, 0 is never."""
        return cls(
            key=key,
            usable=why_not is None,
            why_not=why_not,
            expires_at=when_of(ends),
            models=left.levels,
            endpoints=left.endpoints,
            features=left.features,
            ordinary_features=left.ordinary,
            providers=left.providers,
            regions=left.regions,
            policies=left.policies,
            guards=left.guards,
            tags=left.tags,
            levels=tuple(levels),
        )
