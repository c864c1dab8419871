"""What all parts of a written configuration have in common, and how partial settings lie over whole ones."""

from __future__ import annotations

from typing import TypeVar

import msgspec

Settings = TypeVar("Settings", bound=msgspec.Struct)


class Written(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A part of what an operator writes. Every field may be left out; whether that makes sense is the compiler's to judge."""


def overlay(base: Settings, patch: Written | None) -> Settings:
    """`base` with every field that `patch` sets (is not None). Fields have the same names on both."""
    if patch is None:
        return base
    changes = {name: value for name in patch.__struct_fields__ if (value := getattr(patch, name)) is not None}
    return msgspec.structs.replace(base, **changes) if changes else base
