"""What the models behind Anthropic's API can do, by the version in their name: facts that its API answers with a 400 otherwise.

Names of any spelling are understood (`claude-sonnet-4-5-20250929`, `anthropic/claude-haiku-4.5`, `claude-3-7-sonnet-latest`). A
Claude without a version is taken for the newest; a model that is no Claude speaks the protocol's oldest form.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?![\d.])")
_NEWEST = (99, 0)
_NEVER = (0, 0)


class Abilities(msgspec.Struct, frozen=True):
    """What may be asked of a model."""

    adaptive_thinking: bool
    """Is asked to think by a word of effort; otherwise by a budget of tokens."""
    xhigh: bool
    """Knows the effort between `high` and `max`."""
    rests: bool
    """Can be told not to think."""
    sampling: bool
    """Takes `temperature`, `top_p` and `top_k`."""
    schemas: bool
    """Takes a JSON schema for its answer, and keeps to those of tools."""


@lru_cache(maxsize=256)
def abilities(model: str) -> Abilities:
    """The facts about one model."""
    version = _version(model)
    return Abilities(
        adaptive_thinking=version >= (4, 6),
        xhigh=version >= (4, 7),
        rests="fable" not in model and "mythos" not in model,
        sampling=version < (4, 7),
        schemas=version >= (4, 1),
    )


def _version(model: str) -> tuple[int, int]:
    if "claude" not in model:
        return _NEVER
    found = _VERSION.search(model)
    return (int(found[1]), int(found[2] or 0)) if found else _NEWEST
