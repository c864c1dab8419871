"""A Messages request → `Conversation`. What has no place in the canonical form travels in `extra`, as it came."""

from __future__ import annotations

from typing import Any

from headworks.dialects.anthropic.blocks_in import read_parts
from headworks.dialects.anthropic.wire import NAME
from headworks.dialects.bounds import EXAMPLE, refuse_too_many
from headworks.dialects.fields import all_decoded
from headworks.dialects.unpacking import Unpacked
from headworks.domain.call import Ask
from headworks.domain.errors import Fault
from headworks.domain.message import (
    Conversation,
    JsonObject,
    Message,
    OutputFormat,
    ReasoningAsk,
    Role,
    Sampling,
    Text,
    Tool,
    ToolChoice,
    ToolChoiceMode,
)

_ROLES = {"user": Role.USER, "assistant": Role.ASSISTANT, "system": Role.SYSTEM}
_MODES = {
    "auto": ToolChoiceMode.AUTO,
    "any": ToolChoiceMode.REQUIRED,
    "tool": ToolChoiceMode.NAMED,
    "none": ToolChoiceMode.NONE,
}


def read_request(ask: Ask) -> Conversation:
    """The canonical form of a request. Raises `Fault` `invalid_json`, `invalid_request`."""
    fields = Unpacked(all_decoded(ask.fields), "")
    refuse_too_many(fields.rest.get("messages"), fields.rest.get("tools"))
    return Conversation(
        dialect=NAME,
        model=fields.word("model") or ask.model,
        messages=(*_system(fields.rest), *_messages(fields)),
        tools=tuple(map(_tool, fields.items("tools") or ())),
        tool_choice=_tool_choice(fields.rest),
        reasoning=_reasoning(fields.rest),
        output=_output(fields.rest),
        sampling=Sampling(
            temperature=fields.number("temperature"), top_p=fields.number("top_p"), top_k=fields.whole_number("top_k")
        ),
        max_tokens=fields.whole_number("max_tokens"),
        stop=tuple(fields.items("stop_sequences") or ()),
        stream=fields.flag("stream"),
        user=_user(fields.rest),
        extra=fields.rest,
    )


def _system(rest: JsonObject) -> tuple[Message, ...]:
    """The prompt that stands apart. One that says nothing stays in `rest`."""
    if not rest.get("system"):
        return ()
    return (_content({"content": rest.pop("system")}, Role.SYSTEM, "system", apart=True),)


def _messages(fields: Unpacked) -> tuple[Message, ...]:
    messages = fields.rest.pop("messages", None)
    if not isinstance(messages, list):
        raise Fault("invalid_request", f"'messages' must be a list such as {EXAMPLE}.", param="messages")
    return tuple(_message(message, f"messages.{place}") for place, message in enumerate(messages))


def _message(message: object, path: str) -> Message:
    fields = Unpacked(message, path)
    role = _ROLES.get(fields.word("role"))
    if role is None:
        raise Fault("invalid_request", f"{path}.role must be 'user', 'assistant' or 'system'.", param=f"{path}.role")
    return _content(fields.rest, role, f"{path}.content", apart=False)


def _content(rest: JsonObject, role: Role, path: str, *, apart: bool) -> Message:
    if "content" not in rest:
        return Message(role=role, absent=True, apart=apart, extra=rest)
    content = rest.pop("content")
    if isinstance(content, str):
        return Message(role=role, parts=(Text(text=content),), plain=True, apart=apart, extra=rest)
    if content is None:
        return Message(role=role, null=True, apart=apart, extra=rest)
    if not isinstance(content, list):
        raise Fault("invalid_request", f"{path} must be a string or a list of content blocks.", param=path)
    return Message(role=role, parts=read_parts(content, path), apart=apart, extra=rest)


def _tool(tool: Any) -> Tool:
    """A tool of the caller's, or one that runs at the provider's: that is `raw`."""
    fields = Unpacked(tool, "tools")
    name, schema = fields.word("name"), fields.object("input_schema")
    if tool.get("type", "custom") != "custom" or not name or schema is None:
        return Tool(raw=tool)
    return Tool(
        name=name, description=fields.text("description"), parameters=schema, strict=fields.flag("strict"), extra=fields.rest
    )


def _tool_choice(rest: JsonObject) -> ToolChoice | None:
    match rest.get("tool_choice"):
        case {"type": "auto" | "any" | "none" as word, **more}:
            name = ""
        case {"type": "tool" as word, "name": str(name), **more}:
            pass
        case _:
            return None
    alone = more.pop("disable_parallel_tool_use", None)
    if more or not (alone is None or isinstance(alone, bool)):
        return None
    del rest["tool_choice"]
    return ToolChoice(mode=_MODES[word], name=name, parallel=None if alone is None else not alone)


def _reasoning(rest: JsonObject) -> ReasoningAsk | None:
    """`thinking` and the effort of `output_config`. Kinds without a budget are told apart by the `type` in `extra`."""
    effort = _configured(rest, "effort")
    effort = _leave_config(rest, "effort") if effort and isinstance(effort, str) else ""
    match rest.get("thinking"):
        case {"type": "enabled", "budget_tokens": int(budget), **more}:
            asked = ReasoningAsk(budget=budget, effort=effort, extra=more)
        case {"type": "disabled", **more}:
            asked = ReasoningAsk(enabled=False, effort=effort, extra=more)
        case {"type": str()} as thinking if "budget_tokens" not in thinking:
            asked = ReasoningAsk(effort=effort, extra=thinking)
        case _:
            return ReasoningAsk(effort=effort) if effort else None
    del rest["thinking"]
    return asked


def _output(rest: JsonObject) -> OutputFormat | None:
    """`output_config.format`, or the older `output_format`, which `extra` remembers."""
    match _configured(rest, "format"):
        case {"type": "json_schema", "schema": dict(schema), **more}:
            _leave_config(rest, "format")
            return OutputFormat(kind="json_schema", schema=schema, extra=more)
        case _:
            pass
    match rest.get("output_format"):
        case {"type": "json_schema", "schema": dict(schema), **more}:
            del rest["output_format"]
            return OutputFormat(kind="json_schema", schema=schema, extra={**more, "field": "output_format"})
        case _:
            return None


def _configured(rest: JsonObject, name: str) -> Any:
    config = rest.get("output_config")
    return config.get(name) if isinstance(config, dict) else None


def _leave_config(rest: JsonObject, name: str) -> Any:
    """Take one field out of `output_config`, and the whole of it once nothing is left."""
    left = dict(rest["output_config"])
    value = left.pop(name)
    if left:
        rest["output_config"] = left
    else:
        del rest["output_config"]
    return value


def _user(rest: JsonObject) -> str:
    match rest.get("metadata"):
        case {"user_id": str(user), **more} if user and not more:
            del rest["metadata"]
            return user
        case _:
            return ""
