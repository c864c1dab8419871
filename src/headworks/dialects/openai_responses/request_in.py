"""A Responses request → the canonical conversation. Every item becomes a message of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from headworks.dialects.bounds import refuse_too_many
from headworks.dialects.fields import all_decoded
from headworks.dialects.openai_responses.names import ENCRYPTED, LIKELY, NAME
from headworks.dialects.openai_responses.parts import read_part
from headworks.dialects.openai_responses.tools import read_choice, read_tool
from headworks.dialects.signatures import is_redacted, stamped
from headworks.dialects.unpacking import Unpacked
from headworks.domain.errors import Fault
from headworks.domain.message import (
    FORM,
    Conversation,
    JsonObject,
    Message,
    Opaque,
    OutputFormat,
    Part,
    Reasoning,
    ReasoningAsk,
    Role,
    Sampling,
    Text,
    ToolCall,
    ToolResult,
)

_ROLES = {role.value: role for role in Role if role is not Role.TOOL}
BETWEEN = "\n\n"
_USUAL: JsonObject = {
    "store": False,
    "truncation": "disabled",
    "background": False,
    "include": [ENCRYPTED],
    "service_tier": "auto",
    "previous_response_id": "",
    "max_tool_calls": None,
}
"""Fields' values that ask for what every other language does anyway."""
_OF_CLIENTS = ("stream_options", "client_metadata")
"""Fields about the wire and the client, not about the answer."""


def read_request(raw: Mapping[str, Any]) -> Conversation:
    """The conversation in a body's undecoded fields. Raises `Fault` `invalid_request`."""
    fields = Unpacked(all_decoded(raw), "")
    refuse_too_many(fields.rest.get("input"), fields.rest.get("tools"))
    text = Unpacked(fields.rest.pop("text", None) or {}, "text")
    return Conversation(
        dialect=NAME,
        model=fields.word("model"),
        messages=(*_instructions(fields), *_input(fields)),
        tools=tuple(read_tool(tool, f"tools[{place}]") for place, tool in enumerate(fields.items("tools") or ())),
        tool_choice=read_choice(fields),
        output=_output(text),
        reasoning=_reasoning(fields),
        sampling=Sampling(temperature=fields.number("temperature"), top_p=fields.number("top_p")),
        max_tokens=fields.whole_number("max_output_tokens"),
        logprobs=_logprobs(fields),
        stream=fields.flag("stream"),
        user=fields.word("user"),
        metadata=(fields.object("metadata") or {}) if fields.rest.get("metadata") else {},
        extra=_extra(fields.rest, text.rest),
    )


def _extra(rest: JsonObject, text: JsonObject) -> JsonObject:
    """What is left over; apart what asks for nothing."""
    form = {name: value for name, value in rest.items() if name in _OF_CLIENTS or (name in _USUAL and value == _USUAL[name])}
    said = {name: value for name, value in rest.items() if name not in form}
    if set(text) == {"verbosity"}:
        said["verbosity"] = text["verbosity"]
    elif text:
        said["text"] = text
    return {**said, FORM: form} if form else said


def _logprobs(fields: Unpacked) -> int | None:
    include = fields.rest.get("include")
    if not isinstance(include, list) or LIKELY not in include:
        return None
    fields.rest["include"] = [name for name in include if name != LIKELY]
    if not fields.rest["include"]:
        del fields.rest["include"]
    return fields.whole_number("top_logprobs") or 0


def _instructions(fields: Unpacked) -> list[Message]:
    text = fields.word("instructions")
    return [Message(role=Role.SYSTEM, parts=(Text(text=text),), plain=True, apart=True)] if text else []


def _input(fields: Unpacked) -> list[Message]:
    value = fields.rest.pop("input", None)
    if isinstance(value, str):
        return [Message(role=Role.USER, parts=(Text(text=value),), plain=True, extra={FORM: "input"})]
    if value is None:
        return []
    if not isinstance(value, list):
        raise Fault("invalid_request", "'input' must be a text, or a list of items.", param="input")
    return [read_item(item, f"input[{place}]") for place, item in enumerate(value)]


def read_item(value: Any, path: str) -> Message:
    """One item. What the provider alone knows is kept as it is."""
    fields = Unpacked(value, path)
    kind = fields.rest.get("type") or "message"
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        return Message(role=Role.ASSISTANT, parts=(Opaque(raw=value),))
    return reader(fields)


def _message(fields: Unpacked) -> Message:
    role = _ROLES.get(fields.word("role"))
    if role is None:
        path = fields.path("role")
        raise Fault("invalid_request", f"{path} must be one of {', '.join(_ROLES)}.", param=path)
    plain, parts = _content(fields, "content")
    return Message(role=role, parts=parts, plain=plain, extra={FORM: fields.rest} if fields.rest else {})


def _content(fields: Unpacked, name: str) -> tuple[bool, tuple[Part, ...]]:
    value = fields.rest.pop(name, None)
    if isinstance(value, str):
        return True, (Text(text=value),)
    path = fields.path(name)
    if not isinstance(value, list):
        raise Fault("invalid_request", f"{path} must be a string or a list of parts.", param=path)
    return False, tuple(read_part(part, f"{path}[{place}]") for place, part in enumerate(value))


def _call(fields: Unpacked) -> Message:
    name, call_id = fields.word("name"), fields.word("call_id")
    text = fields.text("arguments") or ""
    return _said(ToolCall(id=call_id, name=name, arguments=text, extra={FORM: fields.rest}))


def _custom_call(fields: Unpacked) -> Message:
    name, call_id = fields.word("name"), fields.word("call_id")
    arguments = msgspec.json.encode({"input": fields.text("input") or ""}).decode()
    return _said(ToolCall(id=call_id, name=name, arguments=arguments, extra={FORM: fields.rest}))


def _result(fields: Unpacked) -> Message:
    call_id = fields.word("call_id")
    plain, content = _content(fields, "output")
    result = ToolResult(call_id=call_id, content=content, plain=plain, extra={FORM: fields.rest})
    return Message(role=Role.TOOL, parts=(result,))


def _thought(fields: Unpacked) -> Message:
    """Its text is that of the summary, or else of the thought itself. What was sealed by nobody else is this language's own."""
    sealed = stamped(NAME, fields.word("encrypted_content"))
    pieces = fields.rest.get("summary") or fields.rest.get("content") or []
    text = BETWEEN.join(piece["text"] for piece in pieces if isinstance(piece, dict) and isinstance(piece.get("text"), str))
    if is_redacted(sealed):
        return _said(Reasoning(redacted=sealed, extra={FORM: fields.rest}))
    return _said(Reasoning(text=text, signature=sealed, extra={FORM: fields.rest}))


def _said(part: Part) -> Message:
    return Message(role=Role.ASSISTANT, parts=(part,))


_READERS: Mapping[str, Callable[[Unpacked], Message]] = {
    "message": _message,
    "function_call": _call,
    "custom_tool_call": _custom_call,
    "function_call_output": _result,
    "custom_tool_call_output": _result,
    "reasoning": _thought,
}


def _output(text: Unpacked) -> OutputFormat | None:
    value = text.object("format")
    if value is None:
        return None
    form = Unpacked(value, "text.format")
    return OutputFormat(
        kind=form.word("type"),
        name=form.word("name"),
        schema=form.object("schema"),
        strict=form.flag("strict"),
        description=form.text("description"),
        extra=form.rest,
    )


def _reasoning(fields: Unpacked) -> ReasoningAsk | None:
    value = fields.object("reasoning")
    if value is None:
        return None
    asked = Unpacked(value, "reasoning")
    effort = asked.word("effort")
    form = {"summary": asked.rest.pop("summary")} if "summary" in asked.rest else {}
    return ReasoningAsk(enabled=effort != "none", effort=effort, extra={**asked.rest, FORM: form} if form else asked.rest)
