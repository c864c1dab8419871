"""What a request may not exceed, so that reading one never keeps the others waiting, and its words fit into headers and logs."""

from __future__ import annotations

from typing import Any

from headworks.domain.errors import Fault
from headworks.domain.target import AskedModel

EXAMPLE = '[{"role": "user", "content": "Hello"}]'
"""Of messages, as both dialects take them: what an error shows."""
LONGEST_MODEL = 256
"""Characters of a model's name."""
MOST_MESSAGES = 10_000
MOST_PARTS = 10_000
"""Content parts and tool calls of all messages together."""
MOST_TOOLS = 1_000
_SHOWN = 60

_NESTED = ("content", "tool_calls", "reasoning_details")
"""Fields of a message or a part that hold lists of parts."""


def asked_model(name: str) -> AskedModel:
    """A model's name as the caller gave it. Raises `Fault` `invalid_request` where it cannot be one: it also stands in headers."""
    if len(name) > LONGEST_MODEL:
        shown = ascii(name[:_SHOWN])
        raise Fault(
            "invalid_request",
            f"The model's name {shown}… is longer than {LONGEST_MODEL} characters. Use a name that GET /v1/models lists.",
            param="model",
        )
    if not (name.isascii() and name.isprintable()):
        shown = ascii(name[:_SHOWN])[: _SHOWN + 2]
        raise Fault("invalid_request", f"The model's name {shown} must be printable ASCII characters.", param="model")
    return AskedModel(name)


def refuse_too_many(messages: Any, tools: Any) -> None:
    """Raises `Fault` `invalid_request` where decoded lists are longer than anybody's question. What is no list is judged by its reader."""
    if isinstance(messages, list):
        _refuse(len(messages), MOST_MESSAGES, "messages", "messages")
        _refuse(_count_parts(messages), MOST_PARTS, "messages", "content parts")
    if isinstance(tools, list):
        _refuse(len(tools), MOST_TOOLS, "tools", "tools")


def _count_parts(items: list[Any]) -> int:
    """Parts of messages or of other parts; no further than there may be."""
    count = 0
    for item in items:
        if isinstance(item, dict):
            for name in _NESTED:
                inner = item.get(name)
                if isinstance(inner, list):
                    count += len(inner)
                    if count > MOST_PARTS:
                        return count
                    count += _count_parts(inner)
    return count


def _refuse(count: int, most: int, field: str, what: str) -> None:
    if count > most:
        raise Fault(
            "invalid_request", f"The request has more than {most:,} {what}. Send fewer of them, or longer ones.", param=field
        )
