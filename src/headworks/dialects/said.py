"""All text in a piece of decoded JSON, for guards: what a field is called does not decide whether a model reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_MEDIA = frozenset(("data", "file_data", "signature", "encrypted_content", "encrypted_index"))
"""Fields of bytes in base64."""
_SHORTEST_MEDIA = 256
"""Characters: less than that is no file, and may be words."""
_MARKS = frozenset(("type", "role", "media_type", "format", "detail", "id", "tool_call_id", "tool_use_id"))
"""Fields that hold the API's words instead of the caller's, where these are as short and as plain as such words are."""
_LONGEST_MARK = 64


def texts(value: Any) -> Iterator[str]:
    """Every string, however deep, and the names of a schema's properties; but for files and the API's own words."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, str):
                if not _is_silent(name, item):
                    yield item
            elif isinstance(item, dict):
                yield from _nested(name, item)
            else:
                yield from texts(item)


def _nested(name: str, item: dict[str, Any]) -> Iterator[str]:
    """An object in a field. Of a call's arguments and a schema's properties the names are the caller's words too."""
    if name == "input":
        yield json.dumps(item, ensure_ascii=False, separators=(",", ":"))
        return
    if name == "properties":
        yield from item
    yield from texts(item)


def _is_silent(name: str, text: str) -> bool:
    if name in _MARKS:
        return len(text) <= _LONGEST_MARK and " " not in text
    if text.startswith("data:") and ";base64," in text[:128]:
        return True
    return name in _MEDIA and len(text) >= _SHORTEST_MEDIA and " " not in text[:_SHORTEST_MEDIA]
