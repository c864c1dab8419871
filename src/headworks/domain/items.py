"""Items of Responses and their ids: in questions, whole or as no more than a reference to what was answered before, and in answers."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

ANSWERED = re.compile(
    rb'"(?:item_)?id":\s*"((?:msg|rs|fc|ctc|ws|fs|ci|ig|mcp|mcpl|mcpr|mcpa|cu|sh|lsh|ap|ts|cmp)_[^"\\]+)"',
)
"""What makes an item's id in an answer known. In a text the quotes would be escaped."""
_TOKENS = re.compile(rb'"id":\s*"([a-z]+_hw[A-Za-z0-9_-]+)"')


class _Item(msgspec.Struct):
    id: str | None = None
    type: str | None = None
    role: str | None = None


_ITEM = msgspec.json.Decoder(_Item)
_ITEMS = msgspec.json.Decoder(list[_Item])


def references(raw: bytes) -> list[str]:
    """The ids of those items of an `input` that are only references. Raises what decoding raises."""
    return [item.id or "" for item in _ITEMS.decode(raw) if _is_reference(item)] if raw.lstrip().startswith(b"[") else []


def reference(raw: msgspec.Raw) -> str | None:
    """The id where an item is only a reference."""
    item = _ITEM.decode(raw)
    return (item.id or "") if _is_reference(item) else None


def tokens(fields: Mapping[str, msgspec.Raw]) -> list[str]:
    """Ids of items in a question that may be tokens."""
    raw = bytes(fields.get("input", b""))
    return [token.decode() for token in _TOKENS.findall(raw)] if b"_hw" in raw else []


def _is_reference(item: _Item) -> bool:
    """An item without a type and a role is one, too: it has nothing but an id."""
    return item.type == "item_reference" or (not item.type and not item.role)
