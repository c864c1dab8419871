"""All text of a question, for guards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from headworks.domain.call import Ask, Kind

_FIELDS = {Kind.CHAT: "messages", Kind.COMPLETIONS: "prompt", Kind.EMBEDDINGS: "input"}
_TEXTS = frozenset(("content", "text", "arguments", "refusal", "reasoning", "reasoning_content", "input", "thinking"))


def prompt_text(kind: Kind, ask: Ask) -> str:
    """Every text a caller wrote or gives back, one a line."""
    raw = ask.fields.get(_FIELDS[kind])
    if raw is None:
        return ""
    value = msgspec.json.decode(raw)
    return value if isinstance(value, str) else "\n".join(_texts(value))


def _texts(value: Any) -> Iterator[str]:
    """Strings in lists, and strings in fields that hold text, however deep."""
    if isinstance(value, list):
        for item in value:
            if isinstance(item, str):
                yield item
            else:
                yield from _texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, str):
                if name in _TEXTS:
                    yield item
            else:
                yield from _texts(item)
