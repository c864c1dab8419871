"""A v2 chat request → `Conversation`."""

from __future__ import annotations

from typing import Any

from headworks.dialects.bounds import refuse_too_many
from headworks.dialects.cohere.messages_in import read_messages, with_documents
from headworks.dialects.cohere.names import NAME
from headworks.dialects.fields import all_decoded
from headworks.dialects.unpacking import Unpacked
from headworks.domain.call import Ask
from headworks.domain.errors import Fault
from headworks.domain.message import (
    Conversation,
    JsonObject,
    OutputFormat,
    ReasoningAsk,
    Role,
    Sampling,
    Tool,
    ToolChoice,
    ToolChoiceMode,
)

_MODES = {"REQUIRED": ToolChoiceMode.REQUIRED, "NONE": ToolChoiceMode.NONE}


def read_request(ask: Ask) -> Conversation:
    """The canonical form of a request. Raises `Fault` `invalid_json`, `invalid_request`."""
    fields = Unpacked(all_decoded(ask.fields), "")
    refuse_too_many(fields.rest.get("messages"), fields.rest.get("tools"))
    messages = read_messages(fields.rest.pop("messages", None))
    if any(message.role is Role.USER for message in messages):
        messages = with_documents(messages, fields.rest.pop("documents", None) or [])
    strict = fields.flag("strict_tools")
    return Conversation(
        dialect=NAME,
        model=fields.word("model") or ask.model,
        messages=messages,
        tools=tuple(_tool(tool, strict or None) for tool in fields.items("tools") or ()),
        tool_choice=_tool_choice(fields),
        reasoning=_thinking(fields.rest),
        output=_output(fields.rest),
        sampling=_sampling(fields),
        max_tokens=fields.whole_number("max_tokens"),
        stop=_stop(fields),
        logprobs=0 if fields.flag("logprobs") else None,
        stream=fields.flag("stream"),
        extra=fields.rest,
    )


def _tool(tool: Any, strict: bool | None) -> Tool:  # noqa: FBT001 - a field of the canonical form
    """A function; anything else is `raw`."""
    fields = Unpacked(tool, "tools")
    kind, function = fields.word("type"), fields.object("function")
    if kind != "function" or function is None or not function.get("name"):
        return Tool(raw=tool)
    told = Unpacked(function, "tools.function")
    return Tool(
        name=told.word("name"),
        description=told.text("description"),
        parameters=told.object("parameters"),
        strict=strict,
        extra={**fields.rest, **told.rest},
    )


def _tool_choice(fields: Unpacked) -> ToolChoice | None:
    """One of any other word stays in `rest`."""
    mode = _MODES.get(str(fields.rest.get("tool_choice")))
    if mode is None:
        return None
    del fields.rest["tool_choice"]
    return ToolChoice(mode=mode)


def _thinking(rest: JsonObject) -> ReasoningAsk | None:
    match rest.get("thinking"):
        case {"type": "enabled", "token_budget": int(budget), **more}:
            asked = ReasoningAsk(budget=budget, extra=more)
        case {"type": "enabled", **more}:
            asked = ReasoningAsk(extra=more)
        case {"type": "disabled", **more}:
            asked = ReasoningAsk(enabled=False, extra=more)
        case _:
            return None
    del rest["thinking"]
    return asked


def _output(rest: JsonObject) -> OutputFormat | None:
    match rest.get("response_format"):
        case {"type": "json_object", "json_schema": dict(schema), **more}:
            wanted = OutputFormat(kind="json_schema", schema=schema, extra=more)
        case {"type": "json_object" | "text" as kind, **more}:
            wanted = OutputFormat(kind=kind, extra=more)
        case _:
            return None
    del rest["response_format"]
    return wanted


def _stop(fields: Unpacked) -> tuple[str, ...]:
    listed = fields.items("stop_sequences") or []
    if not all(isinstance(word, str) for word in listed):
        raise Fault("invalid_request", "'stop_sequences' must be a list of texts.", param="stop_sequences")
    return tuple(listed)


def _sampling(fields: Unpacked) -> Sampling:
    """Of `k` 0 means none."""
    return Sampling(
        temperature=fields.number("temperature"),
        top_p=fields.number("p"),
        top_k=fields.whole_number("k") or None,
        seed=fields.whole_number("seed"),
        frequency_penalty=fields.number("frequency_penalty"),
        presence_penalty=fields.number("presence_penalty"),
    )
