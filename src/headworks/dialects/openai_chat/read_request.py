"""A Chat Completions request → the canonical conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headworks.dialects.bounds import EXAMPLE, refuse_too_many
from headworks.dialects.fields import all_decoded
from headworks.dialects.openai_chat.names import NAME
from headworks.dialects.openai_chat.read_messages import read_message
from headworks.dialects.unpacking import Unpacked
from headworks.domain.errors import Fault
from headworks.domain.message import (
    Conversation,
    JsonObject,
    OutputFormat,
    ReasoningAsk,
    Sampling,
    Tool,
    ToolChoice,
    ToolChoiceMode,
)

_MODES = {
    "auto": ToolChoiceMode.AUTO,
    "none": ToolChoiceMode.NONE,
    "required": ToolChoiceMode.REQUIRED,
    "any": ToolChoiceMode.REQUIRED,  # Mistral's word
}
_REASONING_FIELDS = ("reasoning_effort", "reasoning", "thinking", "enable_thinking")


def read_request(raw: Mapping[str, Any]) -> Conversation:
    """The conversation in a body's undecoded fields. Raises `Fault` `invalid_request`."""
    fields = Unpacked(all_decoded(raw), "")
    refuse_too_many(fields.rest.get("messages"), fields.rest.get("tools"))
    messages = fields.items("messages")
    if messages is None:
        raise Fault("invalid_request", f"messages must be a list such as {EXAMPLE}.", param="messages")
    max_tokens, max_tokens_field = _max_tokens(fields)
    stop, stop_plain = _stop(fields)
    include_usage = _include_usage(fields)
    return Conversation(
        dialect=NAME,
        model=fields.word("model"),
        messages=tuple(read_message(message, f"messages[{place}]") for place, message in enumerate(messages)),
        tools=tuple(_tool(tool, f"tools[{place}]") for place, tool in enumerate(fields.items("tools") or ())),
        tool_choice=_tool_choice(fields),
        output=_output(fields),
        reasoning=_reasoning(fields),
        sampling=_sampling(fields),
        max_tokens=max_tokens,
        max_tokens_field=max_tokens_field,
        stop=stop,
        stop_plain=stop_plain,
        choices=fields.whole_number("n"),
        logprobs=_logprobs(fields),
        stream=fields.flag("stream"),
        include_usage=include_usage,
        user=fields.word("user"),
        metadata=_metadata(fields),
        extra=fields.rest,
    )


def _max_tokens(fields: Unpacked) -> tuple[int | None, str]:
    """The output cap and the name it was given by. Where both names are used, the newer one counts."""
    for name in ("max_completion_tokens", "max_tokens"):
        value = fields.whole_number(name)
        if value is not None:
            return value, name
    return None, ""


def _stop(fields: Unpacked) -> tuple[tuple[str, ...], bool]:
    value = fields.rest.get("stop")
    if isinstance(value, str):
        del fields.rest["stop"]
        return (value,), True
    sequences = fields.items("stop") or []
    if not all(isinstance(sequence, str) for sequence in sequences):
        raise Fault("invalid_request", "stop must be a string or a list of strings.", param="stop")
    return tuple(sequences), False


def _logprobs(fields: Unpacked) -> int | None:
    """A spoken 0 of others stays in `rest`, to be written back as it came."""
    if fields.rest.get("logprobs") is not True:
        return None
    del fields.rest["logprobs"]
    return fields.whole_number("top_logprobs") if fields.rest.get("top_logprobs") else 0


def _include_usage(fields: Unpacked) -> bool | None:
    """Other stream options stay in `extra`."""
    value = fields.object("stream_options")
    if value is None:
        return None
    options = Unpacked(value, "stream_options")
    include = options.flag("include_usage")
    if options.rest or include is None:
        fields.rest["stream_options"] = options.rest
    return include


def _metadata(fields: Unpacked) -> JsonObject:
    return (fields.object("metadata") or {}) if fields.rest.get("metadata") else {}


def _sampling(fields: Unpacked) -> Sampling:
    return Sampling(
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        top_k=fields.whole_number("top_k"),
        seed=fields.whole_number("seed"),
        frequency_penalty=fields.number("frequency_penalty"),
        presence_penalty=fields.number("presence_penalty"),
    )


def _tool(value: Any, path: str) -> Tool:
    """A tool without `type` (some clients forget it) is remembered by a null one in `extra`."""
    tool = Unpacked(value, path)
    if tool.rest.get("type", "function") != "function" or not isinstance(tool.rest.get("function"), dict):
        return Tool(raw=tool.rest)
    extra: JsonObject = {} if "type" in tool.rest else {"type": None}
    tool.rest.pop("type", None)
    function = Unpacked(tool.rest.pop("function"), tool.path("function"))
    name, description = function.word("name"), function.text("description")
    parameters, strict = function.object("parameters"), function.flag("strict")
    if function.rest:
        extra["function"] = function.rest
    return Tool(name=name, description=description, parameters=parameters, strict=strict, extra={**extra, **tool.rest})


def _tool_choice(fields: Unpacked) -> ToolChoice | None:
    parallel = fields.flag("parallel_tool_calls")
    value = fields.rest.get("tool_choice")
    if value is None:
        return None if parallel is None else ToolChoice(mode=ToolChoiceMode.AUTO, parallel=parallel, implied=True)
    del fields.rest["tool_choice"]
    match value:
        case str() if value in _MODES:
            raw = None if value == _MODES[value] else value
            return ToolChoice(mode=_MODES[value], parallel=parallel, raw=raw)
        case {"function": {"name": str() as name}}:
            plain = value == {"type": "function", "function": {"name": name}}
            return ToolChoice(mode=ToolChoiceMode.NAMED, name=name, parallel=parallel, raw=None if plain else value)
        case {"type": "allowed_tools", "allowed_tools": {"mode": "auto" | "required" as word, "tools": [*tools]}} if (
            names := _names(tools)
        ):
            return ToolChoice(mode=_MODES[word], allowed=names, parallel=parallel, raw=value)
        case str() | dict():
            return ToolChoice(mode=ToolChoiceMode.AUTO, parallel=parallel, raw=value)
        case _:
            raise Fault("invalid_request", "tool_choice must be a string or an object.", param="tool_choice")


def _names(tools: list[Any]) -> tuple[str, ...]:
    """Of functions: nothing else can be chosen in other languages."""
    functions = [tool["function"] for tool in tools if isinstance(tool, dict) and isinstance(tool.get("function"), dict)]
    return tuple(str(function.get("name")) for function in functions)


def _output(fields: Unpacked) -> OutputFormat | None:
    value = fields.object("response_format")
    if value is None:
        return None
    form = Unpacked(value, "response_format")
    kind = form.word("type")
    if kind != "json_schema":
        return OutputFormat(kind=kind, extra=form.rest)
    schema = Unpacked(form.rest.pop("json_schema", None), "response_format.json_schema")
    name, description = schema.word("name"), schema.text("description")
    strict, shape = schema.flag("strict"), schema.object("schema")
    extra = {**form.rest, **({"json_schema": schema.rest} if schema.rest else {})}
    return OutputFormat(kind=kind, name=name, schema=shape, strict=strict, description=description, extra=extra)


def _reasoning(fields: Unpacked) -> ReasoningAsk | None:
    """How much to think, in whichever of the providers' ways it was said. All but a lone `reasoning_effort` is kept in `extra`."""
    said = {name: fields.rest.pop(name) for name in _REASONING_FIELDS if fields.rest.get(name) is not None}
    if not said:
        return None
    effort = said.get("reasoning_effort")
    if len(said) == 1 and effort and isinstance(effort, str):
        return ReasoningAsk(enabled=effort != "none", effort=effort)
    enabled, budget = effort != "none", None
    match said.get("reasoning"):
        case {**options}:
            effort = effort or options.get("effort")
            budget = options.get("max_tokens")
            enabled = options.get("enabled") is not False
        case _:
            pass
    match said.get("thinking"):
        case {"type": kind, **options}:
            enabled = kind != "disabled"
            budget = options.get("budget_tokens", budget)
        case _:
            pass
    if said.get("enable_thinking") is False:
        enabled = False
    return ReasoningAsk(
        enabled=enabled,
        effort=effort if isinstance(effort, str) else "",
        budget=budget if isinstance(budget, int) else None,
        extra=said,
    )
