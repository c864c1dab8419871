"""What a model can do, as far as anybody has said."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Profile(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Facts about a model. What nobody said is None: that is neither yes nor no."""

    context: int | None = None
    """Tokens that it reads at most; of most models its answer counts too."""
    max_output: int | None = None
    """Tokens that it writes at most."""
    serves: tuple[str, ...] | None = None
    """The kinds of request that it answers, as `Kind` calls them."""
    features: tuple[str, ...] | None = None
    """What it takes and gives beyond plain text, as `features.ORDINARY` calls it. Sorted."""
    deprecated: bool | None = None
    """Whether its provider is going to end it."""

    def over(self, other: Profile) -> Profile:
        """These facts, and the other's where these are silent."""
        own = {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}
        return msgspec.structs.replace(other, **own)


UNKNOWN = Profile()


def in_common(profiles: Iterable[Profile]) -> Profile:
    """What callers may count on, whichever of several models answers: the smallest sizes, and what all can do that are known."""
    every = list(profiles)
    return Profile(
        context=min((profile.context for profile in every if profile.context is not None), default=None),
        max_output=min((profile.max_output for profile in every if profile.max_output is not None), default=None),
        serves=_shared(profile.serves for profile in every),
        features=_shared(profile.features for profile in every),
        deprecated=None if all(profile.deprecated is None for profile in every) else any(p.deprecated for p in every),
    )


def _shared(said: Iterable[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    sets = [frozenset(names) for names in said if names is not None]
    return tuple(sorted(frozenset.intersection(*sets))) if sets else None
