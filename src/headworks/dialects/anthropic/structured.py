"""Structured output that another dialect asks for → Anthropic's: a schema where the model takes one, else a tool that it must call."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.anthropic.models import Abilities
from headworks.dialects.anthropic.wire import ANSWER_TOOL
from headworks.domain.message import (
    Conversation,
    Downgrade,
    JsonObject,
    Message,
    OutputFormat,
    Role,
    Text,
    Tool,
    ToolChoice,
    ToolChoiceMode,
)

_PATH = "response_format"
_ANY_OBJECT: JsonObject = {"type": "object"}
_NAMED_SCHEMAS = frozenset(("properties", "$defs", "definitions", "patternProperties"))
"""Keywords whose value maps names to schemas."""
_VALUES = frozenset(("enum", "const", "default", "examples"))
"""Keywords whose value is data."""


def with_output(talk: Conversation, wanted: OutputFormat | None, able: Abilities, losses: list[Downgrade]) -> Conversation:
    """`talk`, already in Anthropic's terms, with the form of the answer that was asked for."""
    if wanted is None or wanted.kind in ("", "text"):
        return talk
    if wanted.kind not in ("json_schema", "json_object"):
        losses.append(Downgrade(_PATH, f"left out: Anthropic has no answer of type '{wanted.kind}'"))
        return talk
    schema = wanted.schema
    if schema is not None and able.schemas:
        closed = _closed(schema)
        if closed != schema:
            losses.append(Downgrade(_PATH, "its objects are closed (additionalProperties: false), as Anthropic wants them"))
        return msgspec.structs.replace(talk, output=OutputFormat(kind="json_schema", schema=closed))
    shape = schema if schema is not None else _ANY_OBJECT
    if talk.tools or shape.get("type") != "object":
        return by_words(talk, schema, losses)
    return _by_tool(talk, wanted, shape, losses)


def _by_tool(talk: Conversation, wanted: OutputFormat, shape: JsonObject, losses: list[Downgrade]) -> Conversation:
    losses.append(Downgrade(_PATH, "asked for by a tool that the model must call; its arguments become the answer"))
    tool = Tool(name=ANSWER_TOOL, description=wanted.description or "Give the answer.", parameters=shape)
    choice = ToolChoice(mode=ToolChoiceMode.NAMED, name=ANSWER_TOOL)
    return msgspec.structs.replace(talk, tools=(tool,), tool_choice=choice)


def by_words(talk: Conversation, schema: JsonObject | None, losses: list[Downgrade]) -> Conversation:
    """`talk` with the form of the answer asked for in its system prompt."""
    losses.append(Downgrade(_PATH, "asked for in words, and not enforced"))
    words = "Answer with one JSON value and nothing else: no explanation, no code fence."
    if schema is not None:
        words += f" It must be valid against this JSON schema: {msgspec.json.encode(schema).decode()}"
    first, *rest = talk.messages or (None,)
    if first is None:
        return talk  # there is nothing to answer, and whoever writes it says so
    if first.apart:
        asked = Message(role=Role.SYSTEM, parts=(*first.parts, Text(text=words)), apart=True)
        return msgspec.structs.replace(talk, messages=(asked, *rest))
    asked = Message(role=Role.SYSTEM, parts=(Text(text=words),), plain=True, apart=True)
    return msgspec.structs.replace(talk, messages=(asked, first, *rest))


def _closed(schema: Any) -> Any:
    """The schema with every object that lists its properties closed to others, where it says nothing about them."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed: JsonObject = {}
    for name, value in schema.items():
        if name in _NAMED_SCHEMAS and isinstance(value, dict):
            closed[name] = {key: _closed(inner) for key, inner in value.items()}
        else:
            closed[name] = value if name in _VALUES else _closed(value)
    if isinstance(schema.get("properties"), dict):
        closed.setdefault("additionalProperties", False)
    return closed
