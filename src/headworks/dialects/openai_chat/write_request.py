"""The canonical conversation → a Chat Completions request for one target."""

from __future__ import annotations

import msgspec

from headworks.dialects.choices import narrowed
from headworks.dialects.openai_chat.call_ids import fit_written
from headworks.dialects.openai_chat.losses import LEFT_OUT, lost_fields
from headworks.dialects.openai_chat.names import NAME
from headworks.dialects.openai_chat.write_messages import MessageWriter
from headworks.dialects.openai_fields import NO_REST, SHARING, shared_fields, write_user
from headworks.dialects.turns import joined
from headworks.domain.message import Conversation, Downgrade, JsonObject, OutputFormat, Tool, ToolChoice, ToolChoiceMode
from headworks.domain.target import Target

MAX_STOP = 4
"""Stop sequences that OpenAI takes."""
_EFFORTS = ((2048, "low"), (8192, "medium"))

_ENCODER = msgspec.json.Encoder()


def write_request(talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
    """The body for `target`, and what could not be said in it."""
    own = talk.dialect == NAME
    messages = MessageWriter(target.quirks, own=own)
    body: JsonObject = {"model": target.model, "messages": messages.write(talk.messages if own else joined(talk.messages))}
    if target.quirks.call_id_length:
        fit_written(body["messages"], target.quirks.call_id_length)
    downgrades = messages.downgrades
    talk = talk if own else narrowed(talk, downgrades)
    _write_tools(talk, body, downgrades)
    _write_shape(talk, target, body, downgrades)
    _write_sampling(talk, body, downgrades)
    _write_stream(talk, target, body)
    if own:
        body = _merge(body, talk.extra)
    else:
        shared = shared_fields(talk) | ({"verbosity": talk.extra["verbosity"]} if "verbosity" in talk.extra else {})
        body.update(shared)
        lost = {**talk.extra, **({} if talk.dialect in SHARING else talk.metadata)}
        downgrades.extend(lost_fields({name: value for name, value in lost.items() if name not in shared}))
    if target.quirks.seed_field and "seed" in body:
        body[target.quirks.seed_field] = body.pop("seed")
    for name in target.quirks.drop:
        if body.pop(name, None) is not None and name != "stream_options":
            downgrades.append(Downgrade(name, f"left out: {target.provider} rejects it"))
    return _ENCODER.encode(body), tuple(downgrades)


def _write_tools(talk: Conversation, body: JsonObject, downgrades: list[Downgrade]) -> None:
    own = talk.dialect == NAME
    tools: list[JsonObject] = []
    for place, tool in enumerate(talk.tools):
        path = f"tools[{place}]"
        if tool.raw is not None and not own:
            downgrades.append(Downgrade(path, LEFT_OUT))
            continue
        if not own:
            downgrades.extend(lost_fields(tool.extra, path))
        tools.append(_tool(tool, own=own))
    if tools:
        body["tools"] = tools
    choice = talk.tool_choice
    if choice is not None and (own or tools):
        body.update(_tool_choice(choice, own=own))


def _tool(tool: Tool, *, own: bool) -> JsonObject:
    if tool.raw is not None:
        return tool.raw
    kept = dict(tool.extra) if own else {}
    optional = {
        "name": tool.name or None,
        "description": tool.description,
        "parameters": tool.parameters,
        "strict": tool.strict,
    }
    function = {name: value for name, value in optional.items() if value is not None} | kept.pop("function", {})
    wire = {"type": "function", "function": function, **kept}
    if "type" in kept:
        del wire["type"]
    return wire


def _tool_choice(choice: ToolChoice, *, own: bool) -> JsonObject:
    wire: JsonObject = {}
    if choice.raw is not None and own:
        wire["tool_choice"] = choice.raw
    elif choice.mode is ToolChoiceMode.NAMED:
        wire["tool_choice"] = {"type": "function", "function": {"name": choice.name}}
    elif not choice.implied:
        wire["tool_choice"] = choice.mode.value
    if choice.parallel is not None:
        wire["parallel_tool_calls"] = choice.parallel
    return wire


def _write_shape(talk: Conversation, target: Target, body: JsonObject, downgrades: list[Downgrade]) -> None:
    """What the answer should look like: its form, its length, how much thought goes into it."""
    own = talk.dialect == NAME
    if talk.output is not None:
        body["response_format"] = _output(talk.output, own=own)
    if talk.max_tokens is not None:
        said = talk.max_tokens_field if own else ""
        body[target.quirks.max_tokens_field or said or "max_completion_tokens"] = talk.max_tokens
    reasoning = talk.reasoning
    if reasoning is None:
        return
    if own and reasoning.extra:
        body.update(reasoning.extra)
        return
    effort = reasoning.effort
    if not effort and reasoning.enabled and reasoning.budget is not None:
        effort = next((word for limit, word in _EFFORTS if reasoning.budget <= limit), "high")
        downgrades.append(Downgrade("reasoning.budget", f"a budget of {reasoning.budget} tokens is said as effort {effort!r}"))
    if effort:
        body["reasoning_effort"] = effort
    elif not reasoning.enabled:
        downgrades.append(Downgrade("reasoning", NO_REST))
    if not own:
        downgrades.extend(lost_fields(reasoning.extra, "reasoning"))


def _output(form: OutputFormat, *, own: bool) -> JsonObject:
    kept = dict(form.extra) if own else {}
    if form.kind != "json_schema":
        return {**({"type": form.kind} if form.kind else {}), **kept}
    optional = {"schema": form.schema, "strict": form.strict, "description": form.description}
    said = {name: value for name, value in optional.items() if value is not None}
    name = form.name or ("" if own else "answer")
    schema = {**({"name": name} if name else {}), **said, **kept.pop("json_schema", {})}
    return {"type": "json_schema", "json_schema": schema, **kept}


def _write_sampling(talk: Conversation, body: JsonObject, downgrades: list[Downgrade]) -> None:
    own = talk.dialect == NAME
    drawn = talk.sampling
    optional = {
        "temperature": drawn.temperature,
        "top_p": drawn.top_p,
        "seed": drawn.seed,
        "frequency_penalty": drawn.frequency_penalty,
        "presence_penalty": drawn.presence_penalty,
        "n": talk.choices,
        "logprobs": None if talk.logprobs is None else True,
        "top_logprobs": talk.logprobs or None,
        "user": (talk.user if talk.dialect in SHARING else write_user(talk.user, downgrades)) or None,
        "top_k": drawn.top_k if own else None,
        "metadata": (talk.metadata or None) if own else None,
    }
    body.update({name: value for name, value in optional.items() if value is not None})
    if drawn.top_k is not None and not own:
        downgrades.append(Downgrade("top_k", LEFT_OUT))
    stop = talk.stop
    if len(stop) > MAX_STOP and not own:
        downgrades.append(Downgrade("stop", f"only the first {MAX_STOP} of {len(stop)} stop sequences are kept"))
        stop = stop[:MAX_STOP]
    if stop:
        body["stop"] = stop[0] if talk.stop_plain else stop


def _write_stream(talk: Conversation, target: Target, body: JsonObject) -> None:
    """Usage is always asked for, where the provider understands that: the caller is shown it only if it asked."""
    if talk.stream is not None:
        body["stream"] = talk.stream
    if talk.stream and target.quirks.stream_usage:
        body["stream_options"] = {"include_usage": True}
    elif talk.include_usage is not None:
        body["stream_options"] = {"include_usage": talk.include_usage}


def _merge(body: JsonObject, extra: JsonObject) -> JsonObject:
    """What only this dialect knows goes back in; what was left over of stream options joins them."""
    options = extra.get("stream_options")
    if options and "stream_options" in body:
        return {**body, **extra, "stream_options": {**options, **body["stream_options"]}}
    if "stream_options" in body:
        return {**body, **{name: value for name, value in extra.items() if name != "stream_options"}}
    return {**body, **extra}
