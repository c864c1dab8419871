"""An `/api/chat` or `/api/generate` request → the canonical conversation."""

from __future__ import annotations

from typing import Any

from headworks.dialects.bounds import refuse_too_many
from headworks.dialects.fields import all_decoded
from headworks.dialects.ollama.messages_in import MessageReader, read_pictures
from headworks.dialects.ollama.names import NAME
from headworks.dialects.unpacking import Unpacked
from headworks.domain.call import Ask
from headworks.domain.errors import Fault
from headworks.domain.message import (
    Conversation,
    JsonObject,
    Message,
    OutputFormat,
    Part,
    ReasoningAsk,
    Role,
    Sampling,
    Text,
    Tool,
)

_QUIET: tuple[Any, ...] = (None, "", [], {}, False)
_SAID_EMPTY = frozenset(("suffix", "template", "context", "raw", "keep_alive", "tools", "images", "format", "options"))
"""Fields that Ollama's clients send whether or not they say anything."""


def read_request(ask: Ask) -> Conversation:
    """See `Front.read_request`."""
    fields = Unpacked(all_decoded(ask.fields), "")
    for name in ("model", "name", "stream"):
        fields.rest.pop(name, None)
    refuse_too_many(fields.rest.get("messages"), fields.rest.get("tools"))
    messages = _one_prompt(fields) if ask.native is not None else _messages(fields)
    options = Unpacked(fields.object("options") or {}, "options")
    tools = tuple(_tool(tool, f"tools[{place}]") for place, tool in enumerate(fields.items("tools") or ()))
    options.rest.pop("num_predict", None)  # already read, as the cap
    return Conversation(
        dialect=NAME,
        model=ask.model,
        messages=messages,
        tools=tools,
        output=_output(fields),
        reasoning=_reasoning(fields),
        sampling=_sampling(options),
        max_tokens=ask.max_tokens,
        stop=_stop(options),
        logprobs=_logprobs(fields),
        stream=ask.stream,
        extra=_rest(fields, options),
    )


def _messages(fields: Unpacked) -> tuple[Message, ...]:
    reader = MessageReader()
    return tuple(reader.read(message, place) for place, message in enumerate(fields.items("messages") or ()))


def _one_prompt(fields: Unpacked) -> tuple[Message, ...]:
    """What a model gets of `/api/generate`: its `system` if there is one, and the prompt."""
    fields.rest.pop("messages", None)
    system = fields.text("system")
    text = fields.text("prompt") or ""
    said: list[Part] = [Text(text=text)] if text else []
    parts = (*said, *read_pictures(fields))
    if not parts:
        raise Fault(
            "invalid_request", "'prompt' is empty. Send a text: models are neither loaded nor unloaded here.", param="prompt"
        )
    first = (Message(role=Role.SYSTEM, parts=(Text(text=system),), plain=True),) if system else ()
    return (*first, Message(role=Role.USER, parts=parts, plain=len(parts) == len(said)))


def _tool(value: Any, path: str) -> Tool:
    tool = Unpacked(value, path)
    if tool.rest.get("type", "function") != "function" or not isinstance(tool.rest.get("function"), dict):
        return Tool(raw=tool.rest)
    tool.rest.pop("type", None)
    function = Unpacked(tool.rest.pop("function"), tool.path("function"))
    name, description, parameters = function.word("name"), function.text("description"), function.object("parameters")
    return Tool(name=name, description=description, parameters=parameters, extra={**function.rest, **tool.rest})


def _output(fields: Unpacked) -> OutputFormat | None:
    value = fields.rest.get("format")
    if value == "json":
        del fields.rest["format"]
        return OutputFormat(kind="json_object")
    if not value:
        return None
    return OutputFormat(kind="json_schema", schema=fields.object("format"))


def _reasoning(fields: Unpacked) -> ReasoningAsk | None:
    """Yes, no, or how much of it."""
    if isinstance(fields.rest.get("think"), bool):
        return ReasoningAsk(enabled=fields.rest.pop("think"))
    effort = fields.word("think")
    return ReasoningAsk(effort=effort) if effort else None


def _sampling(options: Unpacked) -> Sampling:
    return Sampling(
        temperature=options.number("temperature"),
        top_p=options.number("top_p"),
        top_k=options.whole_number("top_k"),
        seed=options.whole_number("seed"),
        frequency_penalty=options.number("frequency_penalty"),
        presence_penalty=options.number("presence_penalty"),
    )


def _stop(options: Unpacked) -> tuple[str, ...]:
    said = options.rest.get("stop")
    if isinstance(said, str):
        del options.rest["stop"]
        return (said,) if said else ()
    listed = options.items("stop") or []
    if not all(isinstance(each, str) for each in listed):
        raise Fault("invalid_request", "options.stop must be a string or a list of strings.", param="options.stop")
    return tuple(listed)


def _logprobs(fields: Unpacked) -> int | None:
    wanted, others = fields.flag("logprobs"), fields.whole_number("top_logprobs")
    return (others or 0) if wanted else None


def _rest(fields: Unpacked, options: Unpacked) -> JsonObject:
    """Whatever else was said, the options that no other language has words for in an object of their own."""
    rest = {name: value for name, value in fields.rest.items() if name not in _SAID_EMPTY or value not in _QUIET}
    loading = {name: value for name, value in options.rest.items() if value not in _QUIET[:4]}
    return rest | ({"options": loading} if loading else {})
