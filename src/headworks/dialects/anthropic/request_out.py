"""`Conversation` → a Messages request. What another dialect asked for is first adapted to what Anthropic can express."""

from __future__ import annotations

import msgspec

from headworks.dialects.anthropic.adapt import adapt
from headworks.dialects.anthropic.blocks_out import write_content
from headworks.dialects.anthropic.wire import NAME
from headworks.domain.message import (
    Conversation,
    Downgrade,
    JsonObject,
    Message,
    OutputFormat,
    ReasoningAsk,
    Tool,
    ToolChoice,
    ToolChoiceMode,
)
from headworks.domain.target import Target

_WORDS = {
    ToolChoiceMode.AUTO: "auto",
    ToolChoiceMode.REQUIRED: "any",
    ToolChoiceMode.NAMED: "tool",
    ToolChoiceMode.NONE: "none",
}


def write_request(talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
    """The body for `target`, and what could not be said in it."""
    losses: list[Downgrade] = []
    if talk.dialect != NAME:
        talk = adapt(talk, target, losses)
    body = _body(talk)
    body["model"] = target.model
    for name in target.quirks.drop:
        if name in body:
            del body[name]
            losses.append(Downgrade(name, f"left out: {target.provider} rejects it"))
    if target.body is not None:
        target.body.apply(body)
    return msgspec.json.encode(body), tuple(losses)


def _body(talk: Conversation) -> JsonObject:
    body: JsonObject = {"model": talk.model}
    if talk.max_tokens is not None:
        body["max_tokens"] = talk.max_tokens
    for message in talk.messages:
        if message.apart:
            body["system"] = write_content(message).get("content")
    body["messages"] = [_message(message) for message in talk.messages if not message.apart]
    if talk.tools:
        body["tools"] = [_tool(tool) for tool in talk.tools]
    if talk.tool_choice is not None:
        body["tool_choice"] = _tool_choice(talk.tool_choice)
    _write_sampling(talk, body)
    if talk.stop:
        body["stop_sequences"] = list(talk.stop)
    if talk.stream is not None:
        body["stream"] = talk.stream
    if talk.user:
        body["metadata"] = {"user_id": talk.user}
    body.update(talk.extra)
    _write_reasoning(talk.reasoning, body)
    _write_output(talk.output, body)
    return body


def _message(message: Message) -> JsonObject:
    return {"role": message.role, **write_content(message), **message.extra}


def _tool(tool: Tool) -> JsonObject:
    if tool.raw is not None:
        return tool.raw
    body: JsonObject = {"name": tool.name}
    if tool.description is not None:
        body["description"] = tool.description
    body["input_schema"] = tool.parameters
    if tool.strict is not None:
        body["strict"] = tool.strict
    return {**body, **tool.extra}


def _tool_choice(choice: ToolChoice) -> JsonObject:
    body: JsonObject = {"type": _WORDS[choice.mode]}
    if choice.mode is ToolChoiceMode.NAMED:
        body["name"] = choice.name
    if choice.parallel is not None:
        body["disable_parallel_tool_use"] = not choice.parallel
    return body


def _write_sampling(talk: Conversation, body: JsonObject) -> None:
    sampling = talk.sampling
    for name, value in (("temperature", sampling.temperature), ("top_p", sampling.top_p), ("top_k", sampling.top_k)):
        if value is not None:
            body[name] = value


def _write_reasoning(asked: ReasoningAsk | None, body: JsonObject) -> None:
    if asked is None:
        return
    if not asked.enabled:
        body["thinking"] = {"type": "disabled", **asked.extra}
    elif asked.budget is not None:
        body["thinking"] = {"type": "enabled", "budget_tokens": asked.budget, **asked.extra}
    elif "type" in asked.extra:
        body["thinking"] = asked.extra
    if asked.effort:
        body["output_config"] = {**body.get("output_config", {}), "effort": asked.effort}


def _write_output(output: OutputFormat | None, body: JsonObject) -> None:
    if output is None:
        return
    extra = dict(output.extra)
    older = extra.pop("field", "")
    wanted: JsonObject = {"type": "json_schema", "schema": output.schema, **extra}
    if older:
        body[older] = wanted
    else:
        body["output_config"] = {**body.get("output_config", {}), "format": wanted}
