"""A conversation read from another dialect → one that Anthropic can express. What cannot be said is reported, never dropped in silence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from headworks.dialects.anthropic.models import Abilities, abilities
from headworks.dialects.anthropic.structured import with_output
from headworks.dialects.anthropic.thinking import with_thinking
from headworks.dialects.anthropic.turns import adapt_messages
from headworks.dialects.anthropic.wire import NAME
from headworks.dialects.choices import narrowed
from headworks.dialects.unpacking import asks, says_something
from headworks.domain.message import FORM, Conversation, Downgrade, JsonObject, Sampling, Tool, ToolChoice, ToolChoiceMode
from headworks.domain.target import Target

UNKNOWN = "left out: Anthropic has no such field"
LONGEST_USER = 512
_TIERS = {"auto": "auto", "default": "standard_only", "standard_only": "standard_only"}
_USUAL = {"modalities": ["text"], "verbosity": "medium"}
"""Fields' values that ask for what Anthropic does anyway."""
_NOTHING: JsonObject = {"type": "object", "properties": {}}


def adapt(talk: Conversation, target: Target, losses: list[Downgrade]) -> Conversation:
    """The same request in Anthropic's terms. Raises `Fault` `inexpressible` where nothing of it would be left."""
    able = abilities(target.model)
    talk = narrowed(talk, losses)
    tools = _tools(talk.tools, able, losses)
    extra = _extra(talk.extra, losses)
    _report_unknown(talk, losses)
    adapted = Conversation(
        dialect=NAME,
        model=talk.model,
        messages=adapt_messages(talk.messages, losses),
        tools=tools,
        tool_choice=_tool_choice(talk.tool_choice, tools, losses),
        sampling=adapt_sampling(talk.sampling, able, losses),
        max_tokens=target.max_output if talk.max_tokens is None else talk.max_tokens,
        stop=_stop(talk.stop, losses),
        stream=talk.stream,
        user=_user(talk, losses),
        extra=extra,
    )
    return with_thinking(with_output(adapted, talk.output, able, losses), talk.reasoning, able, losses)


def _tools(tools: Iterable[Tool], able: Abilities, losses: list[Downgrade]) -> tuple[Tool, ...]:
    adapted: list[Tool] = []
    for place, tool in enumerate(tools):
        path = f"tools[{place}]"
        if tool.raw is not None:
            losses.append(Downgrade(path, "left out: a tool that only another provider runs"))
            continue
        parameters = tool.parameters or _NOTHING
        if "type" not in parameters:
            parameters = {"type": "object", **parameters}
        kept = {"cache_control": tool.extra["cache_control"]} if "cache_control" in tool.extra else {}
        extra = {name for name, value in tool.extra.items() if says_something(value)} - {"type", FORM, *kept}
        losses.extend(Downgrade(f"{path}.{name}", UNKNOWN) for name in sorted(extra))
        strict = (tool.strict and able.schemas) or None
        if tool.strict and not strict:
            losses.append(Downgrade(f"{path}.strict", "left out: this model does not promise to keep to schemas"))
        adapted.append(Tool(name=tool.name, description=tool.description, parameters=parameters, strict=strict, extra=kept))
    return tuple(adapted)


def _tool_choice(choice: ToolChoice | None, tools: tuple[Tool, ...], losses: list[Downgrade]) -> ToolChoice | None:
    if choice is None:
        return None
    if not tools:
        if choice.mode in (ToolChoiceMode.REQUIRED, ToolChoiceMode.NAMED):
            losses.append(Downgrade("tool_choice", "left out: there is no tool to choose"))
        return None
    alone = choice.parallel is False and choice.mode is not ToolChoiceMode.NONE
    return ToolChoice(mode=choice.mode, name=choice.name, parallel=False if alone else None)


def adapt_sampling(asked: Sampling, able: Abilities, losses: list[Downgrade]) -> Sampling:
    """How the answer is drawn, as far as this model can be told."""
    return _sampling(asked, losses) if able.sampling else _no_sampling(asked, losses)


def _sampling(asked: Sampling, losses: list[Downgrade]) -> Sampling:
    """Anthropic draws at 0 … 1, and by temperature or by `top_p`, not by both."""
    temperature, top_p = asked.temperature, asked.top_p
    if temperature is not None and temperature > 1:
        losses.append(Downgrade("temperature", f"{temperature} is lowered to 1, Anthropic's highest"))
        temperature = 1
    if temperature is not None and top_p is not None:
        if top_p < 1:
            losses.append(Downgrade("top_p", "left out: Anthropic takes it or a temperature, not both"))
        top_p = None
    return Sampling(temperature=temperature, top_p=top_p, top_k=asked.top_k)


def _no_sampling(asked: Sampling, losses: list[Downgrade]) -> Sampling:
    said = {"temperature": asked.temperature, "top_p": asked.top_p, "top_k": asked.top_k}
    what = "left out: this model takes no sampling parameters"
    losses.extend(Downgrade(name, what) for name, value in said.items() if value not in (None, 1))
    return Sampling()


def _stop(stop: tuple[str, ...], losses: list[Downgrade]) -> tuple[str, ...]:
    blank = [word for word in stop if not word.strip()]
    if blank:
        losses.append(Downgrade("stop", "left out where it is only white space: Anthropic refuses that"))
    return tuple(word for word in stop if word.strip())


def _user(talk: Conversation, losses: list[Downgrade]) -> str:
    user = talk.user or str(talk.extra.get("safety_identifier") or "")
    if len(user) > LONGEST_USER:
        losses.append(Downgrade("user", f"left out: longer than {LONGEST_USER} characters"))
        return ""
    return user


def _extra(extra: Mapping[str, object], losses: list[Downgrade]) -> JsonObject:
    """Fields that Anthropic knows too. Those that ask for nothing (null, false, empty) are no loss."""
    kept: JsonObject = {}
    for name, value in extra.items():
        if name == "cache_control" and isinstance(value, dict):
            kept[name] = value
        elif name == "service_tier" and value in _TIERS:
            kept[name] = _TIERS[str(value)]
        elif asks(name, value) and name not in ("safety_identifier", FORM) and value != _USUAL.get(name):
            losses.append(Downgrade(name, UNKNOWN))
    return kept


def _report_unknown(talk: Conversation, losses: list[Downgrade]) -> None:
    drawn = talk.sampling
    asked = {
        "seed": drawn.seed,
        "logprobs": talk.logprobs,
        "frequency_penalty": drawn.frequency_penalty or None,
        "presence_penalty": drawn.presence_penalty or None,
        "metadata": talk.metadata or None,
    }
    losses.extend(Downgrade(name, UNKNOWN) for name, value in asked.items() if value is not None)
    if talk.choices is not None and talk.choices > 1:
        losses.append(Downgrade("n", f"one answer instead of {talk.choices}: Anthropic gives one"))
