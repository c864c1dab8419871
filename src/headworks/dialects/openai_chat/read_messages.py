"""Messages of a Chat Completions request → canonical messages."""

from __future__ import annotations

from typing import Any

from headworks.dialects.openai_chat.parts import read_part
from headworks.dialects.unpacking import Unpacked
from headworks.domain.errors import Fault
from headworks.domain.message import (
    JsonObject,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
)

REASONING_FIELDS = ("reasoning_content", "reasoning")
"""Where providers put a turn's reasoning as plain text. A part read from another field than the first names it in `extra`."""

_ROLES = {role.value: role for role in Role} | {"function": Role.TOOL}


def read_message(value: Any, path: str) -> Message:
    """One turn. Raises `Fault` `invalid_request`."""
    fields = Unpacked(value, path)
    said = fields.word("role")
    role = _ROLES.get(said)
    if role is None:
        raise Fault("invalid_request", f"{path}.role must be one of {', '.join(Role)}.", param=f"{path}.role")
    if said != role:
        fields.rest["role"] = said
    if role is Role.TOOL:
        return _tool_message(fields)
    plain, content = _content(fields)
    rest = fields.rest
    null, absent = "content" in rest, not plain and content is None and "content" not in rest
    rest.pop("content", None)
    parts = content or ()
    if role is Role.ASSISTANT:
        parts = (*_reasoning(fields), *parts, *_refusal(fields), *_tool_calls(fields))
    return Message(role=role, parts=parts, name=fields.word("name"), plain=plain, null=null, absent=absent, extra=fields.rest)


def _tool_message(fields: Unpacked) -> Message:
    plain, content = _content(fields)
    null, absent = "content" in fields.rest, content is None and "content" not in fields.rest
    fields.rest.pop("content", None)
    name = fields.word("name")
    call_id = fields.word("tool_call_id")
    by_name = {} if call_id or not name else {"by": "name"}  # the old way: a function's result goes by its name
    result = ToolResult(call_id=call_id or name, content=content or (), plain=plain, extra=by_name)
    return Message(role=Role.TOOL, parts=(result,), name=name, plain=plain, null=null, absent=absent, extra=fields.rest)


def _content(fields: Unpacked) -> tuple[bool, tuple[Part, ...] | None]:
    """Whether the content is a bare string, and its parts. None where there is no content; null stays in `rest`."""
    value = fields.rest.get("content")
    if value is None:
        return False, None
    del fields.rest["content"]
    if isinstance(value, str):
        return True, (Text(text=value),)
    path = fields.path("content")
    if not isinstance(value, list):
        raise Fault("invalid_request", f"{path} must be a string or a list of parts.", param=path)
    return False, tuple(read_part(part, f"{path}[{place}]") for place, part in enumerate(value))


def _reasoning(fields: Unpacked) -> list[Part]:
    """What an earlier answer thought. Structured details come first; the plain text beside them is their echo and stays extra."""
    details = fields.items("reasoning_details")
    if details:
        return [_reasoning_detail(detail, fields.path(f"reasoning_details[{place}]")) for place, detail in enumerate(details)]
    for name in REASONING_FIELDS:
        text = fields.rest.get(name)
        if text and isinstance(text, str):
            del fields.rest[name]
            return [Reasoning(text=text, extra={} if name == REASONING_FIELDS[0] else {"field": name})]
    return []


def _reasoning_detail(value: Any, path: str) -> Part:
    """OpenRouter's form. `extra` keeps its `type`, which tells it from the others."""
    fields = Unpacked(value, path)
    match fields.rest.get("type"):
        case "reasoning.text":
            return Reasoning(text=fields.word("text"), signature=fields.word("signature"), extra=fields.rest)
        case "reasoning.summary":
            return Reasoning(text=fields.word("summary"), extra=fields.rest)
        case "reasoning.encrypted":
            return Reasoning(redacted=fields.word("data"), extra=fields.rest)
        case _:
            return Opaque(raw=fields.rest, extra={"in": "reasoning_details"})


def _refusal(fields: Unpacked) -> list[Part]:
    text = fields.word("refusal")
    return [Refusal(text=text)] if text else []


def _tool_calls(fields: Unpacked) -> list[Part]:
    calls = fields.items("tool_calls") or []
    return [_tool_call(call, fields.path(f"tool_calls[{place}]")) for place, call in enumerate(calls)]


def _tool_call(value: Any, path: str) -> Part:
    call = Unpacked(value, path)
    if call.rest.get("type", "function") != "function":
        return Opaque(raw=call.rest, extra={"in": "tool_calls"})
    extra: JsonObject = {} if "type" in call.rest else {"type": None}
    call.rest.pop("type", None)
    function = Unpacked(call.rest.pop("function", None), call.path("function"))
    name = function.word("name")
    parsed = None
    if isinstance(function.rest.get("arguments"), dict):
        parsed = function.object("arguments")
    arguments = function.word("arguments")
    if function.rest:
        extra["function"] = function.rest
    return ToolCall(id=call.word("id"), name=name, arguments=arguments, parsed=parsed, extra={**extra, **call.rest})
