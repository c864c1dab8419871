"""The canonical conversation → an `/api/chat` request."""

from __future__ import annotations

import msgspec

from headworks.dialects.choices import narrowed
from headworks.dialects.ollama.messages_out import MessageWriter
from headworks.dialects.ollama.names import LEFT_OUT, OWN_FIELDS
from headworks.dialects.unpacking import losses
from headworks.domain.message import (
    Conversation,
    Downgrade,
    JsonObject,
    OutputFormat,
    ReasoningAsk,
    Tool,
    ToolChoice,
    ToolChoiceMode,
)
from headworks.domain.target import Target

_OPTIONS = {
    "min_p": "min_p",
    "repeat_last_n": "repeat_last_n",
    "repeat_penalty": "repeat_penalty",
    "repetition_penalty": "repeat_penalty",
    "typical_p": "typical_p",
}
"""What clients of servers that people run themselves say at the top of a request → Ollama's option."""
_DEGREES = frozenset(("low", "medium", "high"))
_NEAREST = {"minimal": "low", "xhigh": "high", "max": "high"}


def write_request(talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
    """The body for `target`, and what could not be said in it. Raises `Fault` `inexpressible`.

    Whether a stream is wanted is always said: left out, Ollama streams.
    """
    reported: list[Downgrade] = []
    talk = narrowed(talk, reported)
    body: JsonObject = {
        "model": target.model,
        "messages": MessageWriter(talk.messages, reported).write(),
        "stream": bool(talk.stream),
    }
    body |= {name: talk.extra[name] for name in OWN_FIELDS if talk.extra.get(name) is not None}
    _write_tools(talk, body, reported)
    if talk.output is not None:
        body |= _output(talk.output, reported)
    if talk.reasoning is not None:
        body["think"] = _think(talk.reasoning, reported)
    if talk.logprobs is not None:
        body |= {"logprobs": True, "top_logprobs": talk.logprobs}
    options = _options(talk)
    if options:
        given = body.get("options")
        body["options"] = {**given, **options} if isinstance(given, dict) else options
    _report_rest(talk, reported)
    rejected = [name for name in target.quirks.drop if body.pop(name, None) is not None]
    reported.extend(Downgrade(name, f"left out: {target.provider} rejects it") for name in rejected)
    return msgspec.json.encode(body), tuple(reported)


def _write_tools(talk: Conversation, body: JsonObject, reported: list[Downgrade]) -> None:
    kept: list[Tool] = []
    for place, tool in enumerate(talk.tools):
        path = f"tools[{place}]"
        if tool.raw is not None:
            reported.append(Downgrade(path, LEFT_OUT))
            continue
        reported.extend(Downgrade(left, LEFT_OUT) for left in losses(tool.extra, path) if not left.endswith(".type"))
        if tool.strict:
            reported.append(Downgrade(f"{path}.strict", LEFT_OUT))
        kept.append(tool)
    if talk.tool_choice is not None:
        kept = _chosen(kept, talk.tool_choice, reported)
    if kept:
        body["tools"] = [_tool(tool) for tool in kept]


def _chosen(tools: list[Tool], choice: ToolChoice, reported: list[Downgrade]) -> list[Tool]:
    """Ollama's models choose by themselves: what they are not to call is not offered."""
    if choice.parallel is False and tools:
        reported.append(Downgrade("parallel_tool_calls", LEFT_OUT))
    match choice.mode:
        case ToolChoiceMode.NONE:
            if tools:
                reported.append(Downgrade("tool_choice", "said by offering no tools"))
            return []
        case ToolChoiceMode.NAMED:
            reported.append(
                Downgrade("tool_choice", f"said by offering no other tool than {choice.name!r}: it may go uncalled")
            )
            return [tool for tool in tools if tool.name == choice.name]
        case ToolChoiceMode.REQUIRED:
            reported.append(Downgrade("tool_choice", "left out: the model may call no tool"))
        case ToolChoiceMode.AUTO:
            pass
    return tools


def _tool(tool: Tool) -> JsonObject:
    said = {"name": tool.name, "description": tool.description, "parameters": tool.parameters or {"type": "object"}}
    return {"type": "function", "function": {name: value for name, value in said.items() if value is not None}}


def _output(output: OutputFormat, reported: list[Downgrade]) -> JsonObject:
    if output.description:
        reported.append(Downgrade("response_format.description", LEFT_OUT))
    if output.kind == "json_schema" and output.schema is not None:
        return {"format": output.schema}
    return {} if output.kind == "text" else {"format": "json"}


def _think(asked: ReasoningAsk, reported: list[Downgrade]) -> bool | str:
    """A word where one was said: models that know no degrees take it for yes."""
    if not asked.enabled:
        return False
    if asked.budget is not None and not asked.effort:
        reported.append(Downgrade("reasoning.budget", "said as thinking at all: Ollama counts no tokens of it"))
        return True
    effort = _NEAREST.get(asked.effort, asked.effort)
    if effort != asked.effort:
        reported.append(Downgrade("reasoning.effort", f"{asked.effort!r} is said as {effort!r}"))
    return effort if effort in _DEGREES else True


def _options(talk: Conversation) -> JsonObject:
    drawn = talk.sampling
    said = {
        "num_predict": talk.max_tokens,
        "temperature": drawn.temperature,
        "top_p": drawn.top_p,
        "top_k": drawn.top_k,
        "seed": drawn.seed,
        "frequency_penalty": drawn.frequency_penalty,
        "presence_penalty": drawn.presence_penalty,
        "stop": talk.stop or None,
    }
    said |= {option: talk.extra[name] for name, option in _OPTIONS.items() if name in talk.extra}
    return {name: value for name, value in said.items() if value is not None}


def _report_rest(talk: Conversation, reported: list[Downgrade]) -> None:
    said = {**talk.extra, **talk.metadata, "user": talk.user or None}
    known = (*OWN_FIELDS, *_OPTIONS, "stream_options")
    reported.extend(Downgrade(path, LEFT_OUT) for path in losses(said) if path not in known)
    if talk.choices is not None and talk.choices > 1:
        reported.append(Downgrade("n", "one answer only: Ollama gives no more"))
