"""Words and shapes that several files of this dialect share."""

from __future__ import annotations

import msgspec

from headworks.domain.message import JsonObject

NAME = "anthropic"

ANSWER_TOOL = "headworks_json_answer"
"""The tool that stands in for structured output where a model knows none: its arguments are the answer's text."""


UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises where bytes are not the JSON that was promised, or are nested too deeply."""


def object_of(arguments: str) -> JsonObject:
    """A tool call's arguments as an object, which is all Anthropic takes: nothing and null are an empty one, other text is wrapped."""
    if not arguments.strip():
        return {}
    try:
        value = msgspec.json.decode(arguments)
    except UNREADABLE:
        return {"arguments": arguments}
    if value is None:
        return {}
    return value if isinstance(value, dict) else {"arguments": arguments}
