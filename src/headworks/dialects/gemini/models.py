"""What the models behind Gemini's API can do, by the version in their name. One without a version is taken for the newest."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

_VERSION = re.compile(r"gemini-(\d+)(?:\.(\d+))?")
_THIRD = (3, 0)
_NEWEST: tuple[int, int] = (99, 0)


class Abilities(msgspec.Struct, frozen=True):
    """What may be asked of a model."""

    json_schema: bool
    """Takes JSON schemas; otherwise only the subset that OpenAPI 3.0 has of them."""
    thinks: bool
    levels: frozenset[str]
    """Is asked to think by one of these words; where there are none, by a budget of tokens."""
    budget: tuple[int, int]
    """Tokens that it may be told to think with, at least and at most."""
    rests: bool
    """Can be told not to think."""
    signs_calls: bool
    """Wants every call back with the signature of the thoughts that led to it."""
    json_beside_tools: bool
    """Can be asked for JSON where it has tools."""


def _levels(version: tuple[int, int], *, pro: bool) -> frozenset[str]:
    if not pro:
        return frozenset(("minimal", "low", "medium", "high"))
    return frozenset(("low", "high") if version == _THIRD else ("low", "medium", "high"))


@lru_cache(maxsize=256)
def abilities(model: str) -> Abilities:
    """The facts about one model."""
    found = _VERSION.search(model)
    version: tuple[int, int] = (int(found[1]), int(found[2] or 0)) if found else _NEWEST
    newer, pro = version >= _THIRD, "pro" in model
    return Abilities(
        json_schema=version >= (2, 5),
        thinks=version >= (2, 5),
        levels=_levels(version, pro=pro) if newer else frozenset(),
        budget=(128, 32768) if pro else (512 if "lite" in model else 1, 24576),
        rests=not newer and not pro,
        signs_calls=newer and found is not None,
        json_beside_tools=newer,
    )
