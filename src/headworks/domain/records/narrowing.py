"""What all levels above a key, and its own, leave of what may be done. A level more never allows more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from headworks.domain.features import governed_of, ordinary_of
from headworks.domain.records.bounds import NO_BOUNDS, Bounds


class Narrowed(msgspec.Struct, frozen=True, kw_only=True):
    """What is left, in the fields of `Principal` that bear these names."""

    levels: tuple[tuple[str, ...], ...]
    """Patterns of models of each level that says something of them. Where the organisation does not, one level without any: nothing."""
    features: tuple[str, ...]
    ordinary: tuple[str, ...] | None
    endpoints: tuple[str, ...] | None
    providers: tuple[str, ...] | None
    regions: tuple[str, ...] | None
    policies: tuple[str, ...]
    guards: tuple[str, ...]
    tags: dict[str, str]


def narrowed(bounds: Sequence[Bounds]) -> Narrowed:
    """The bounds of the organisation first, the key's last.

    What is denied by default, models and governed features, the organisation grants and every level below it narrows: where it is
    silent nothing is allowed, or whoever makes keys could give them what nobody above has granted.
    """
    granted = bounds[0] if bounds else NO_BOUNDS
    tags: dict[str, str] = {}
    for level in bounds:
        tags = {**level.tags, **tags}
    return Narrowed(
        levels=tuple(level.models for level in bounds if level.models is not None) if granted.models is not None else ((),),
        features=governed_of(level.features for level in bounds) if granted.features is not None else (),
        ordinary=ordinary_of(level.features for level in bounds),
        endpoints=_common(level.endpoints for level in bounds),
        providers=_common(level.providers for level in bounds),
        regions=_common(level.regions for level in bounds),
        policies=_all_of(level.policies for level in bounds),
        guards=_all_of(level.guards for level in bounds),
        tags=tags,
    )


def _common(levels: Iterable[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """What every level allows that says anything; None where none does."""
    left: tuple[str, ...] | None = None
    for level in levels:
        if level is not None:
            left = level if left is None else tuple(name for name in left if name in level)
    return left


def _all_of(levels: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for level in levels for name in level))
