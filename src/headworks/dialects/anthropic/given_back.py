"""Turns that a client gives back, in which another provider may have thought: this one would refuse the whole request for it."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.anthropic.wire import NAME
from headworks.dialects.signatures import bare
from headworks.domain.message import JsonObject

_MESSAGES = msgspec.json.Decoder(list[JsonObject])


def without_foreign_thoughts(raw: msgspec.Raw) -> list[JsonObject]:
    """The messages with this language's own thoughts as they were made, and without those of others."""
    messages: list[JsonObject] = []
    for message in _MESSAGES.decode(raw):
        content = message.get("content")
        if not isinstance(content, list):
            messages.append(message)
        elif kept := [own for block in content if (own := _own(block)) is not None]:
            messages.append({**message, "content": kept})
    return messages


def _own(block: Any) -> Any:
    """The block as its maker wrote it; None where another made it."""
    match block:
        case {"type": "thinking", "signature": str() as sealed} if sealed:
            field = "signature"
        case {"type": "redacted_thinking", "data": str() as sealed} if sealed:
            field = "data"
        case _:
            return block
    own = bare(NAME, sealed)
    return {**block, field: own} if own else None
