"""What a configuration has names for: what bounds can sensibly speak of."""

from __future__ import annotations

import msgspec


class Numbered(msgspec.Struct, frozen=True):
    """A model with versions: the one that is live, and all of them."""

    live: str
    numbers: tuple[str, ...]
    digests: dict[str, str] = {}
    """Of what is written of each, by number."""


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """Of one configuration."""

    models: tuple[str, ...] = ()
    """Names and patterns."""
    providers: frozenset[str] = frozenset()
    """Those that serve a model."""
    regions: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()
    guards: frozenset[str] = frozenset()
    versions: dict[str, Numbered] = {}
    """Of the models that have numbered versions."""
