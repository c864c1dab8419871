"""The canonical conversation → a Responses request for one target."""

from __future__ import annotations

import msgspec

from headworks.dialects.choices import narrowed
from headworks.dialects.openai_fields import NO_REST, SHARING, shared_fields, write_user
from headworks.dialects.openai_responses.items_asked import ItemsAsked
from headworks.dialects.openai_responses.names import ENCRYPTED, LIKELY, NAME
from headworks.dialects.openai_responses.tools import write_choice, write_tool
from headworks.dialects.unpacking import asks, losses
from headworks.domain.message import FORM, Conversation, Downgrade, JsonObject, Message, OutputFormat, ReasoningAsk, Text
from headworks.domain.target import Target

LEFT_OUT = "left out: not expressible in OpenAI's Responses language"
SMALLEST_CAP = 16
"""Output tokens, below which OpenAI refuses a cap."""
_EFFORTS = ((2048, "low"), (8192, "medium"))
_ASKED_OTHERWISE = frozenset(("verbosity", FORM))

_ENCODER = msgspec.json.Encoder()


def write_request(talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
    """The body for `target`, and what could not be said in it."""
    own = talk.dialect == NAME
    lost: list[Downgrade] = []
    talk = talk if own else narrowed(talk, lost)
    body: JsonObject = {"model": target.model, **_turns(talk, lost, own=own)}
    _write_tools(talk, body, lost, own=own)
    _write_shape(talk, body, lost, own=own)
    optional = {
        "temperature": talk.sampling.temperature,
        "top_p": talk.sampling.top_p,
        "stream": talk.stream,
        "user": (talk.user if talk.dialect in SHARING else write_user(talk.user, lost)) or None,
        "metadata": (talk.metadata or None) if own else None,
    }
    body.update({name: value for name, value in optional.items() if value is not None})
    if own:
        said = {name: value for name, value in talk.extra.items() if name not in ("text", "verbosity", FORM)}
        body.update({**said, **talk.extra.get(FORM, {})})
    else:
        _write_foreign(talk, body, lost)
    if talk.logprobs is not None:
        body["include"] = [*body.get("include", ()), LIKELY]
        body.update({"top_logprobs": talk.logprobs} if talk.logprobs else {})
    dropped = [name for name in target.quirks.drop if body.pop(name, None) is not None]
    lost.extend(Downgrade(name, f"left out: {target.provider} rejects it") for name in dropped)
    return _ENCODER.encode(body), tuple(lost)


def _turns(talk: Conversation, lost: list[Downgrade], *, own: bool) -> JsonObject:
    """`instructions` and `input`. A system prompt that stands apart and is one text is the former."""
    first = talk.messages[0] if talk.messages else None
    wire: JsonObject = {}
    rest: tuple[Message, ...] = talk.messages
    if first is not None and first.apart and len(first.parts) == 1 and isinstance(first.parts[0], Text):
        wire["instructions"] = first.parts[0].text
        lost.extend(Downgrade(place, LEFT_OUT) for place in losses(first.parts[0].extra, "system"))
        rest = talk.messages[1:]
    if own and len(rest) == 1 and rest[0].extra.get(FORM) == "input":
        part = rest[0].parts[0]
        return {**wire, "input": part.text if isinstance(part, Text) else ""}
    if own and not rest:
        return wire
    return {**wire, "input": ItemsAsked(lost, own=own).write(rest)}


def _write_tools(talk: Conversation, body: JsonObject, lost: list[Downgrade], *, own: bool) -> None:
    tools = [write_tool(tool, f"tools[{place}]", lost, own=own) for place, tool in enumerate(talk.tools)]
    kept = [tool for tool in tools if tool is not None]
    if kept:
        body["tools"] = kept
    if talk.tool_choice is not None and (own or kept):
        body.update(write_choice(talk.tool_choice, own=own))


def _write_shape(talk: Conversation, body: JsonObject, lost: list[Downgrade], *, own: bool) -> None:
    """What the answer should look like: its form, its length, how much thought goes into it."""
    text: JsonObject = dict(talk.extra.get("text") or {}) if own else {}
    if talk.output is not None:
        text["format"] = _output(talk.output, lost, own=own)
    if talk.extra.get("verbosity"):
        text["verbosity"] = talk.extra["verbosity"]
    if text:
        body["text"] = text
    cap = talk.max_tokens
    if cap is not None and cap < SMALLEST_CAP and not own:
        lost.append(Downgrade("max_tokens", f"{cap} is raised to {SMALLEST_CAP}, the least that OpenAI takes"))
        cap = SMALLEST_CAP
    if cap is not None:
        body["max_output_tokens"] = cap
    if talk.reasoning is not None:
        reasoning = _reasoning(talk.reasoning, lost, own=own)
        if reasoning or own:
            body["reasoning"] = reasoning


def _output(form: OutputFormat, lost: list[Downgrade], *, own: bool) -> JsonObject:
    optional = {"schema": form.schema, "strict": form.strict, "description": form.description}
    wire: JsonObject = {"type": form.kind, **({"name": form.name} if form.name else {})}
    wire.update({name: value for name, value in optional.items() if value is not None})
    if own:
        return {**wire, **form.extra}
    lost.extend(Downgrade(place, LEFT_OUT) for place in losses(form.extra, "response_format"))
    return {"name": "answer", **wire} if form.kind == "json_schema" else wire


def _reasoning(asked: ReasoningAsk, lost: list[Downgrade], *, own: bool) -> JsonObject:
    if own:
        rest = {name: value for name, value in asked.extra.items() if name != FORM}
        return {**({"effort": asked.effort} if asked.effort else {}), **rest, **asked.extra.get(FORM, {})}
    effort = asked.effort
    if not effort and asked.enabled and asked.budget is not None:
        effort = next((word for limit, word in _EFFORTS if asked.budget <= limit), "high")
        lost.append(Downgrade("reasoning.budget", f"a budget of {asked.budget} tokens is said as effort {effort!r}"))
    if not asked.enabled and not effort:
        lost.append(Downgrade("reasoning", NO_REST))
        return {}
    return {**({"effort": effort} if effort else {}), "summary": "auto"}


def _write_foreign(talk: Conversation, body: JsonObject, lost: list[Downgrade]) -> None:
    """What another language asks for beside the turns: what can be said is, nothing is stored unasked, the rest is told."""
    shared = shared_fields(talk)
    body.update(shared)
    body.setdefault("store", False)
    include: list[str] = [ENCRYPTED] if "reasoning" in body and talk.reasoning and talk.reasoning.enabled else []
    if include:
        body["include"] = include
    drawn = talk.sampling
    asked = {
        "stop": list(talk.stop) or None,
        "seed": drawn.seed,
        "top_k": drawn.top_k,
        "frequency_penalty": drawn.frequency_penalty or None,
        "presence_penalty": drawn.presence_penalty or None,
        "n": talk.choices if (talk.choices or 1) > 1 else None,
        **(talk.metadata if talk.dialect not in SHARING else {}),
        **{name: value for name, value in talk.extra.items() if name not in shared and name not in _ASKED_OTHERWISE},
    }
    lost.extend(Downgrade(name, LEFT_OUT) for name, value in asked.items() if asks(name, value))
