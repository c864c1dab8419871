"""What the models behind Gemini's API can do, by the version in their name. One without a version is taken for the newest."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

_VERSION = re.compile(r"gemini-(\d+)(?:\.(\d+))?")
_NEWEST: tuple[int, int] = (99, 0)


class Abilities(msgspec.Struct, frozen=True):
    """What may be asked of a model."""

    json_schema: bool
    """Takes JSON schemas; otherwise only the subset that OpenAPI 3.0 has of them."""
    thinks: bool
    levels: bool
    """Is asked to think by a word; otherwise by a budget of tokens."""
    rests: bool
    """Can be told not to think."""
    signs_calls: bool
    """Wants every call back with the signature of the thoughts that led to it."""


@lru_cache(maxsize=256)
def abilities(model: str) -> Abilities:
    """The facts about one model."""
    found = _VERSION.search(model)
    version: tuple[int, int] = (int(found[1]), int(found[2] or 0)) if found else _NEWEST
    newer = version >= (3, 0)
    return Abilities(
        json_schema=version >= (2, 5),
        thinks=version >= (2, 5),
        levels=newer,
        rests=version < (3, 0) and "pro" not in model,
        signs_calls=newer and found is not None,
    )
