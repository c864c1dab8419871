"""Parts → content blocks. Expects parts that Anthropic knows: `parts.py` has seen to that where they came from another dialect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from headworks.dialects.anthropic.wire import object_of
from headworks.domain.message import (
    Document,
    Image,
    JsonObject,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)


def write_content(message: Message) -> JsonObject:
    """The `content` field of a message, in the form it had: a string, null, absent or blocks."""
    if message.absent:
        return {}
    if message.null:
        return {"content": None}
    if message.plain:
        return {"content": _plain(message.parts)}
    return {"content": write_blocks(message.parts)}


def write_blocks(parts: Iterable[Part]) -> list[JsonObject]:
    """One block for each part that Anthropic has a block for."""
    return [block for block in map(_block, parts) if block is not None]


def _block(part: Part) -> JsonObject | None:
    write = _WRITERS.get(type(part))
    return write(part) if write is not None else None


def _plain(parts: tuple[Part, ...]) -> str:
    return "".join(part.text for part in parts if isinstance(part, Text))


def _text(part: Text | Refusal) -> JsonObject:
    return {"type": "text", "text": part.text, **part.extra}


def _image(part: Image) -> JsonObject:
    return {"type": "image", "source": _source(part), **part.extra}


def _source(part: Image | Document) -> JsonObject:
    if part.url:
        return {"type": "url", "url": part.url}
    if part.file_id:
        return {"type": "file", "file_id": part.file_id}
    return {"type": "base64", "media_type": part.media_type, "data": part.data}


def _document(part: Document) -> JsonObject:
    inline = not (part.data or part.url or part.file_id)
    source = {"type": "text", "media_type": part.media_type or "text/plain", "data": part.text} if inline else _source(part)
    block: JsonObject = {"type": "document", "source": source}
    if part.name:
        block["title"] = part.name
    if part.context:
        block["context"] = part.context
    return {**block, **part.extra}


def _tool_use(part: ToolCall) -> JsonObject:
    given = object_of(part.arguments) if part.parsed is None else part.parsed
    return {"type": "tool_use", "id": part.id, "name": part.name, "input": given, **part.extra}


def _tool_result(part: ToolResult) -> JsonObject:
    block: JsonObject = {"type": "tool_result", "tool_use_id": part.call_id}
    if part.content:
        block["content"] = _plain(part.content) if part.plain else write_blocks(part.content)
    if part.is_error:
        block["is_error"] = True
    return {**block, **part.extra}


def _thinking(part: Reasoning) -> JsonObject:
    if part.redacted:
        return {"type": "redacted_thinking", "data": part.redacted, **part.extra}
    block: JsonObject = {"type": "thinking", "thinking": part.text}
    if part.signature:
        block["signature"] = part.signature
    return {**block, **part.extra}


def _opaque(part: Opaque) -> JsonObject:
    return part.raw


_WRITERS: Mapping[type[Part], Callable[[Any], JsonObject]] = {
    Text: _text,
    Refusal: _text,
    Image: _image,
    Document: _document,
    ToolCall: _tool_use,
    ToolResult: _tool_result,
    Reasoning: _thinking,
    Opaque: _opaque,
}
