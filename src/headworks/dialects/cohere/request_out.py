"""The canonical conversation → a v2 chat request."""

from __future__ import annotations

import msgspec

from headworks.dialects.choices import narrowed
from headworks.dialects.cohere.messages_out import MessageWriter
from headworks.dialects.cohere.names import LEFT_OUT, NAME
from headworks.dialects.unpacking import losses
from headworks.domain.message import Conversation, Downgrade, JsonObject, OutputFormat, ReasoningAsk, Tool, ToolChoiceMode
from headworks.domain.target import Target

MOST_STOPS = 5
"""Stop sequences that Cohere takes."""
_SHARED = ("safety_mode", "documents", "citation_options")
"""Cohere's own fields that a client of any language may say: others leave them as they came."""


def write_request(talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
    """The body for `target`, and what could not be said in it. Raises `Fault` `inexpressible`."""
    reported: list[Downgrade] = []
    talk = narrowed(talk, reported)
    own = talk.dialect == NAME
    writer = MessageWriter(reported, own=own)
    body: JsonObject = {"model": target.model, "messages": writer.write(talk.messages)}
    shared = {name: talk.extra[name] for name in (talk.extra if own else _SHARED) if talk.extra.get(name) is not None}
    body.update(shared)
    if writer.documents:
        body["documents"] = [*writer.documents, *shared.get("documents", ())]
    _write_tools(talk, body, reported)
    _write_shape(talk, body, reported)
    _write_sampling(talk, body, reported)
    if talk.stream is not None:
        body["stream"] = talk.stream
    left = losses({name: value for name, value in {**talk.extra, **talk.metadata}.items() if name not in shared})
    reported.extend(Downgrade(path, LEFT_OUT) for path in left if path != "stream_options")
    rejected = [name for name in target.quirks.drop if body.pop(name, None) is not None]
    reported.extend(Downgrade(name, f"left out: {target.provider} rejects it") for name in rejected)
    return msgspec.json.encode(body), tuple(reported)


def _write_tools(talk: Conversation, body: JsonObject, reported: list[Downgrade]) -> None:
    kept: list[Tool] = []
    for place, tool in enumerate(talk.tools):
        if tool.raw is not None and talk.dialect != NAME:
            reported.append(Downgrade(f"tools[{place}]", LEFT_OUT))
            continue
        if talk.dialect != NAME:
            left = losses(tool.extra, f"tools[{place}]")
            reported.extend(Downgrade(path, LEFT_OUT) for path in left if not path.endswith(".type"))
        kept.append(tool)
    choice = talk.tool_choice
    if choice is not None and (kept or talk.dialect == NAME):
        if choice.mode is ToolChoiceMode.NAMED:
            kept = [tool for tool in kept if tool.name == choice.name]
            reported.append(Downgrade("tool_choice", f"said by offering no other tool than {choice.name!r}"))
        if choice.mode in (ToolChoiceMode.NAMED, ToolChoiceMode.REQUIRED):
            body["tool_choice"] = "REQUIRED"
        elif choice.mode is ToolChoiceMode.NONE:
            body["tool_choice"] = "NONE"
        if choice.parallel is False:
            reported.append(Downgrade("parallel_tool_calls", LEFT_OUT))
    if kept:
        body["tools"] = [_tool(tool, own=talk.dialect == NAME) for tool in kept]
        _write_strictness(kept, body, reported)


def _write_strictness(tools: list[Tool], body: JsonObject, reported: list[Downgrade]) -> None:
    """Cohere holds all tools to their schemas, or none."""
    strict = [tool.name for tool in tools if tool.strict]
    if strict:
        body["strict_tools"] = True
    if strict and len(strict) < len(tools):
        reported.append(
            Downgrade("tools", f"all are strict, because {', '.join(strict)} should be: Cohere knows no difference")
        )


def _tool(tool: Tool, *, own: bool) -> JsonObject:
    if tool.raw is not None:
        return tool.raw
    said = {"name": tool.name, "description": tool.description, "parameters": tool.parameters or {"type": "object"}}
    function = {name: value for name, value in said.items() if value is not None}
    return {"type": "function", "function": {**function, **(tool.extra if own else {})}}


def _write_shape(talk: Conversation, body: JsonObject, reported: list[Downgrade]) -> None:
    """What the answer should look like, how long it may be, how much thought goes into it."""
    if talk.output is not None:
        body["response_format"] = {**_output(talk.output, reported), **(talk.output.extra if talk.dialect == NAME else {})}
    if talk.max_tokens is not None:
        body["max_tokens"] = talk.max_tokens
    if talk.reasoning is not None:
        body["thinking"] = {**_thinking(talk.reasoning, reported), **(talk.reasoning.extra if talk.dialect == NAME else {})}


def _output(output: OutputFormat, reported: list[Downgrade]) -> JsonObject:
    if output.description:
        reported.append(Downgrade("response_format.description", LEFT_OUT))
    if output.kind == "json_schema" and output.schema is not None:
        return {"type": "json_object", "json_schema": output.schema}
    return {"type": "text" if output.kind == "text" else "json_object"}


def _thinking(asked: ReasoningAsk, reported: list[Downgrade]) -> JsonObject:
    if not asked.enabled:
        return {"type": "disabled"}
    if asked.budget is not None:
        return {"type": "enabled", "token_budget": asked.budget}
    if asked.effort:
        reported.append(
            Downgrade("reasoning.effort", f"{asked.effort!r} is said as thinking at all: Cohere knows no degrees of it")
        )
    return {"type": "enabled"}


def _write_sampling(talk: Conversation, body: JsonObject, reported: list[Downgrade]) -> None:
    drawn = talk.sampling
    said = {
        "temperature": drawn.temperature,
        "p": drawn.top_p,
        "k": drawn.top_k,
        "seed": drawn.seed,
        "frequency_penalty": drawn.frequency_penalty,
        "presence_penalty": drawn.presence_penalty,
    }
    body.update({name: value for name, value in said.items() if value is not None})
    if talk.stop:
        body["stop_sequences"] = talk.stop[:MOST_STOPS]
        if len(talk.stop) > MOST_STOPS:
            reported.append(Downgrade("stop", f"only the first {MOST_STOPS} of {len(talk.stop)} stop sequences are kept"))
    if talk.choices is not None and talk.choices > 1:
        reported.append(Downgrade("n", "one answer only: Cohere gives no more"))
    if talk.logprobs is not None:
        body["logprobs"] = True
        if talk.logprobs:
            reported.append(
                Downgrade("top_logprobs", "left out: Cohere tells how likely the words were that it chose, and of no others")
            )
    if talk.user:
        reported.append(Downgrade("user", LEFT_OUT))
