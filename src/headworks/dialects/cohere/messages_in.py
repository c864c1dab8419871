"""Messages and documents of a v2 chat request → canonical messages. What has no place there travels in `extra`, as it came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from headworks.dialects.bounds import EXAMPLE
from headworks.dialects.cohere.names import PLAN, SIGNATURE
from headworks.dialects.data_urls import split_data_url
from headworks.dialects.signatures import is_redacted
from headworks.dialects.unpacking import Unpacked
from headworks.domain.errors import Fault
from headworks.domain.message import (
    FORM,
    Document,
    Image,
    JsonObject,
    Message,
    Opaque,
    Part,
    Reasoning,
    Role,
    Text,
    ToolCall,
    ToolResult,
)

_ROLES = {"system": Role.SYSTEM, "user": Role.USER, "assistant": Role.ASSISTANT, "tool": Role.TOOL}
_WORDS = frozenset(("text", "title"))
"""What a document holds that is nothing but text."""


def read_messages(messages: Any) -> tuple[Message, ...]:
    """All of them. Raises `Fault` `invalid_request`."""
    if not isinstance(messages, list):
        raise Fault("invalid_request", f"'messages' must be a list such as {EXAMPLE}.", param="messages")
    return tuple(_message(message, f"messages[{place}]") for place, message in enumerate(messages))


def with_documents(messages: tuple[Message, ...], listed: Any) -> tuple[Message, ...]:
    """The documents beside the messages as parts of the last thing that the user said, which is what they are to answer."""
    if not listed:
        return messages
    if not isinstance(listed, list):
        raise Fault("invalid_request", "'documents' must be a list of texts or of objects with 'data'.", param="documents")
    parts = tuple(_document(document, {"documents": document}) for document in listed)
    last = max(place for place, message in enumerate(messages) if message.role is Role.USER)
    asked = messages[last]
    told = msgspec.structs.replace(asked, parts=(*parts, *asked.parts), plain=False)
    return (*messages[:last], told, *messages[last + 1 :])


def _message(message: Any, path: str) -> Message:
    fields = Unpacked(message, path)
    role = _ROLES.get(fields.word("role"))
    if role is None:
        raise Fault("invalid_request", f"{path}.role must be 'system', 'user', 'assistant' or 'tool'.", param=f"{path}.role")
    content = fields.rest.pop("content", None)
    plain = isinstance(content, str)
    parts = _content(content, f"{path}.content")
    if role is Role.TOOL:
        result = ToolResult(call_id=fields.word("tool_call_id"), content=tuple(map(_as_text, parts)), plain=plain)
        return Message(role=role, parts=(result,), extra=fields.rest)
    if role is Role.ASSISTANT:
        parts = (*parts, *_plan(fields), *_calls(fields))
    return Message(role=role, parts=parts, plain=plain and len(parts) == 1, null=content is None, extra=fields.rest)


def _content(content: Any, path: str) -> tuple[Part, ...]:
    if content is None:
        return ()
    if isinstance(content, str):
        return (Text(text=content),)
    if not isinstance(content, list):
        raise Fault("invalid_request", f"{path} must be a string or a list of parts.", param=path)
    return tuple(_part(part, f"{path}[{place}]") for place, part in enumerate(content))


def _part(value: Any, path: str) -> Part:
    """What its kind does not explain stays in `extra`; what is of no kind known here is carried as it is."""
    fields = Unpacked(value, path)
    read = _READERS.get(fields.word("type"))
    part = read(fields) if read is not None else None
    return Opaque(raw=value) if part is None else part


def _text(fields: Unpacked) -> Part | None:
    text = fields.text("text")
    return None if text is None else Text(text=text, extra=fields.rest)


def _thinking(fields: Unpacked) -> Part | None:
    """A thought, and the seal of the provider whose model had it, where that is another than Cohere."""
    text, sealed = fields.text("thinking"), fields.word(SIGNATURE)
    if text is None:
        return None
    if is_redacted(sealed):
        return Reasoning(redacted=sealed, extra=fields.rest)
    return Reasoning(text=text, signature=sealed, extra=fields.rest)


def _image(fields: Unpacked) -> Part | None:
    match fields.object("image_url"):
        case {"url": str(url), **more} if isinstance(detail := more.pop("detail", None) or "", str) and not more:
            inline = split_data_url(url)
            if inline is None:
                return Image(url=url, detail=detail, extra=fields.rest)
            return Image(media_type=inline[0], data=inline[1], detail=detail, extra=fields.rest)
        case _:
            return None


def _shown(fields: Unpacked) -> Part | None:
    """A document in a message, as the results of tools are told."""
    document = fields.rest.pop("document", None)
    return None if document is None else _document(document, {"document": document})


def _document(document: Any, form: JsonObject) -> Document:
    """`form` tells where it stood. Its id is but the name by which Cohere cites it."""
    data = document.get("data") if isinstance(document, dict) else document
    if isinstance(data, dict) and data.keys() <= _WORDS and isinstance(data.get("text"), str):
        return Document(media_type="text/plain", text=data["text"], name=str(data.get("title") or ""), extra={FORM: form})
    text = data if isinstance(data, str) else msgspec.json.encode(data).decode()
    return Document(media_type="text/plain", text=text, extra={FORM: form})


def _as_text(part: Part) -> Part:
    """What a tool said: other languages have words for it where Cohere has documents."""
    return Text(text=part.text, extra=part.extra) if isinstance(part, Document) else part


def _plan(fields: Unpacked) -> list[Part]:
    plan = fields.word(PLAN)
    return [Text(text=plan, extra={FORM: PLAN})] if plan else []


def _calls(fields: Unpacked) -> list[Part]:
    listed = fields.items("tool_calls") or []
    return [_call(call, fields.path(f"tool_calls[{place}]")) for place, call in enumerate(listed)]


def _call(value: Any, path: str) -> Part:
    fields = Unpacked(value, path)
    called = Unpacked(fields.rest.pop("function", None), f"{path}.function")
    name, arguments = called.word("name"), called.text("arguments")
    if not name:
        raise Fault("invalid_request", f"{path}.function.name must be a string.", param=f"{path}.function.name")
    if called.rest:
        fields.rest["function"] = called.rest
    if fields.rest.get("type") == "function":
        del fields.rest["type"]
    return ToolCall(id=fields.word("id"), name=name, arguments=arguments or "", extra=fields.rest)


_READERS: Mapping[str, Callable[[Unpacked], Part | None]] = {
    "text": _text,
    "thinking": _thinking,
    "image_url": _image,
    "document": _shown,
}
