"""What a request may use beyond plain text: two sets of features, told apart by what happens where nobody says anything of them.

A level of administration that lists features speaks of each set for itself: of the governed ones it allows those that it names; of the
ordinary ones those that it names, and all where it names none. An empty list allows nothing at all, `*` everything.
"""

from __future__ import annotations

from collections.abc import Iterable

from headworks.domain.call import Ask
from headworks.domain.errors import Fault
from headworks.domain.governed import FEATURES as GOVERNED
from headworks.domain.principal import Principal
from headworks.domain.uses import ordinary_uses

ORDINARY: frozenset[str] = frozenset(
    ("tools", "images", "audio", "audio_out", "video", "documents", "logprobs", "json_schema", "reasoning")
)
"""Allowed unless a level narrows them. `documents` are files inside the request; `files`, stored at the provider, are governed."""
_MADE = frozenset(("audio_out",))
"""What no field need say: the endpoint does."""
KNOWN = GOVERNED | ORDINARY
"""All that a list of features may name, beside the star."""
_SHOWN = 60
_NAMED = {"files": "documents"}
"""What the languages call by another name."""


def used(ask: Ask) -> frozenset[str]:
    """The features of a request, by the names that administrators know."""
    if "files" not in ask.features:
        return ask.features
    return frozenset(_NAMED.get(feature, feature) for feature in ask.features)


def refuse_ordinary(ask: Ask, principal: Principal) -> None:
    """Raise `feature_not_allowed` for the first ordinary feature that a level has taken from this caller."""
    if principal.ordinary is None:
        return
    uses = set(ordinary_uses(ask.fields)) | (ask.features & _MADE) if ask.fields else used(ask) & ORDINARY
    for feature in sorted(uses):
        if feature not in principal.ordinary:
            raise Fault(
                "feature_not_allowed",
                f"The request uses '{feature[:_SHOWN]}', which this key's features leave out. "
                "Send it without, or ask an administrator to add it to the features of the key and of all above it.",
            )


def refuse_uses(uses: frozenset[str], principal: Principal) -> None:
    """Raise `feature_not_allowed` for the first of these features, governed or ordinary, that this caller may not use."""
    for feature in sorted(uses):
        if feature in ORDINARY:
            allowed = principal.ordinary is None or feature in principal.ordinary
        else:
            allowed = feature in principal.features
        if not allowed:
            raise Fault(
                "feature_not_allowed",
                f"This uses '{feature[:_SHOWN]}', which this key lacks. "
                "Send it without, or ask an administrator to add it to the features of the key and of all above it.",
            )


def governed_of(levels: Iterable[tuple[str, ...] | None]) -> tuple[str, ...]:
    """The governed features that every level allows which says anything of features; none where no level does."""
    said = [GOVERNED if "*" in level else GOVERNED.intersection(level) for level in levels if level is not None]
    return tuple(sorted(frozenset.intersection(*said))) if said else ()


def ordinary_of(levels: Iterable[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """The ordinary features that are left; None for all."""
    left: frozenset[str] | None = None
    for level in levels:
        if level is None or "*" in level:
            continue
        named = ORDINARY.intersection(level)
        if named or not level:
            left = named if left is None else left & named
    return None if left is None else tuple(sorted(left))
