"""What models can do, by family: rows of `profiles.toml`, checked when read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files

import msgspec

from headworks.domain.profile import UNKNOWN, Profile

_BEFORE = re.compile(
    r"^(?:(?:[a-z]{2,6}|us-gov)\.)?(?:ai21|amazon|anthropic|cohere|deepseek|meta|mistral|openai|qwen|writer)\."
)
"""Region and vendor before Bedrock's names (`eu.anthropic.claude-…`)."""
_SPELLINGS = (
    ("claude-3.5-", "claude-3-5-"),
    ("claude-3.7-", "claude-3-7-"),
    ("meta-llama-", "llama-"),
    ("llama3-", "llama-3."),
)
"""How some providers write others' names."""


class FamilyRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One family; `profiles.toml` explains the fields."""

    context: int | None = None
    output: int | None = None
    serves: tuple[str, ...] = ("chat",)
    features: tuple[str, ...] = ()


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    families: dict[str, FamilyRow]


class Profiles:
    """All families. A look-up tries as many beginnings of a name as families' names have lengths."""

    __slots__ = ("_lengths", "_profiles")

    def __init__(self, families: Mapping[str, FamilyRow]) -> None:
        self._profiles = {
            name: Profile(context=row.context, max_output=row.output, serves=row.serves, features=row.features)
            for name, row in families.items()
        }
        self._lengths = sorted({len(name) for name in families}, reverse=True)

    def of(self, model: str) -> Profile:
        """What is known of a model by its provider's name for it; `UNKNOWN` where its family is not in the list."""
        name = _plain(model)
        beginnings = (name[:length] for length in self._lengths if length <= len(name))
        return next((found for beginning in beginnings if (found := self._profiles.get(beginning)) is not None), UNKNOWN)


def shipped_profiles() -> Profiles:
    """The list that came with this version of Headworks."""
    text = files("headworks.providers").joinpath("profiles.toml").read_text("utf-8")
    return Profiles(msgspec.convert(tomllib.loads(text), _Written).families)


def _plain(model: str) -> str:
    name = _BEFORE.sub("", model.lower().rpartition("/")[2])
    for written, usual in _SPELLINGS:
        if name.startswith(written):
            return usual + name[len(written) :]
    return name
