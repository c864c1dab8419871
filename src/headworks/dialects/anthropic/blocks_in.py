"""Content blocks of a request → parts. A block of a kind or shape not known here becomes `Opaque` and travels as it came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headworks.dialects.unpacking import Unpacked
from headworks.domain.message import Document, Image, Opaque, Part, Reasoning, Text, ToolCall, ToolResult


def read_part(block: Any, path: str) -> Part:
    """One block. What its kind does not explain stays in the part's `extra`. Raises `Fault` `invalid_request`."""
    fields = Unpacked(block, path)
    read = _READERS.get(fields.word("type"))
    part = read(fields) if read is not None else None
    return Opaque(raw=block) if part is None else part


def read_parts(blocks: list[Any], path: str) -> tuple[Part, ...]:
    """All blocks of a list."""
    return tuple(read_part(block, f"{path}.{place}") for place, block in enumerate(blocks))


def _text(fields: Unpacked) -> Part | None:
    text = fields.text("text")
    return None if text is None else Text(text=text, extra=fields.rest)


def _image(fields: Unpacked) -> Part | None:
    match fields.object("source"):
        case {"type": "base64", "media_type": str(media), "data": str(data), **more} if not more:
            return Image(media_type=media, data=data, extra=fields.rest)
        case {"type": "url", "url": str(url), **more} if not more:
            return Image(url=url, extra=fields.rest)
        case {"type": "file", "file_id": str(file), **more} if not more:
            return Image(file_id=file, extra=fields.rest)
        case _:
            return None


def _document(fields: Unpacked) -> Part | None:
    name, context, rest = fields.word("title"), fields.word("context"), fields.rest
    match fields.object("source"):
        case {"type": "base64", "media_type": str(media), "data": str(data), **more} if not more:
            return Document(media_type=media, data=data, name=name, context=context, extra=rest)
        case {"type": "text", "media_type": str(media), "data": str(text), **more} if not more:
            return Document(media_type=media, text=text, name=name, context=context, extra=rest)
        case {"type": "url", "url": str(url), **more} if not more:
            return Document(url=url, name=name, context=context, extra=rest)
        case {"type": "file", "file_id": str(file), **more} if not more:
            return Document(file_id=file, name=name, context=context, extra=rest)
        case {"type": "content", "content": content} as source:
            # Its blocks can be cited one by one: only this dialect can say that, the others get the text.
            return Document(text=_flat(content), name=name, context=context, extra={**rest, "source": source})
        case _:
            return None


def _flat(content: Any) -> str:
    if isinstance(content, str):
        return content
    blocks: list[Any] = content if isinstance(content, list) else []
    return "\n".join(block["text"] for block in blocks if isinstance(block, dict) and isinstance(block.get("text"), str))


def _tool_use(fields: Unpacked) -> Part | None:
    call, name, given = fields.word("id"), fields.word("name"), fields.object("input")
    if not call or not name or given is None:
        return None
    return ToolCall(id=call, name=name, parsed=given, extra=fields.rest)


def _tool_result(fields: Unpacked) -> Part | None:
    call = fields.word("tool_use_id")
    is_error = fields.rest.get("is_error") is True
    if is_error:
        del fields.rest["is_error"]
    content = fields.rest.get("content")
    if not call:
        return None
    if isinstance(content, str):
        del fields.rest["content"]
        return ToolResult(call_id=call, content=(Text(text=content),), is_error=is_error, plain=True, extra=fields.rest)
    blocks = read_parts(fields.items("content") or [], fields.path("content"))
    return ToolResult(call_id=call, content=blocks, is_error=is_error, extra=fields.rest)


def _thinking(fields: Unpacked) -> Part | None:
    text = fields.text("thinking")
    return None if text is None else Reasoning(text=text, signature=fields.word("signature"), extra=fields.rest)


def _redacted_thinking(fields: Unpacked) -> Part | None:
    data = fields.word("data")
    return Reasoning(redacted=data, extra=fields.rest) if data else None


_READERS: Mapping[str, Callable[[Unpacked], Part | None]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "thinking": _thinking,
    "redacted_thinking": _redacted_thinking,
}
