"""A question whose answer has begun elsewhere, as a target is asked to go on with it."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.continued import tokens_told
from headworks.domain.message import Conversation, Message, Role, Text
from headworks.domain.partial import Partial

_FLAGS = {"continue_final_message": True, "add_generation_prompt": False}


def gone_on(talk: Conversation, partial: Partial) -> Conversation:
    """With what was said by now as the assistant's last turn; without the blanks at its end, which some refuse and none needs."""
    said = partial.text.rstrip()
    if not said:
        return talk
    turn = Message(role=Role.ASSISTANT, parts=(Text(text=said),), plain=True)
    left = None if talk.max_tokens is None else max(talk.max_tokens - tokens_told(partial), 1)
    return msgspec.structs.replace(talk, messages=(*talk.messages, turn), max_tokens=left)


def prefilled(body: bytes, how: str) -> bytes:
    """The body, marked as targets of this kind want it: see `Quirks.prefill`."""
    if how not in ("flags", "prefix"):
        return body
    fields: dict[str, Any] = msgspec.json.decode(body)
    if how == "flags":
        return msgspec.json.encode(fields | _FLAGS)
    *before, last = fields["messages"]
    return msgspec.json.encode(fields | {"messages": [*before, last | {"prefix": True}]})
