"""How much a model should think and how it draws: Converse's words, and those of the model's family that it has none for."""

from __future__ import annotations

import msgspec

from headworks.dialects.anthropic.adapt import adapt_sampling
from headworks.dialects.anthropic.models import Abilities, abilities
from headworks.dialects.anthropic.thinking import SHARES, with_thinking
from headworks.dialects.bedrock.families import Family, Path
from headworks.domain.message import Conversation, Downgrade, JsonObject, ReasoningAsk, Sampling
from headworks.domain.target import Target

_NEARBY = {"minimal": "low", "xhigh": "high", "max": "high"}
"""Efforts between those that a family knows."""


def with_drawing(
    talk: Conversation, target: Target, family: Family, losses: list[Downgrade]
) -> tuple[Conversation, JsonObject]:
    """`talk` with a sampling and a cap that this model takes, and the fields beside Converse's own that it needs."""
    fields: JsonObject = {}
    if family.claude:
        talk = _as_claude(talk, target, abilities(target.model), losses)
        if talk.reasoning is not None:
            fields |= _claude_thinks(talk.reasoning)
    else:
        sampling = _plain_sampling(talk.sampling, losses)
        talk = msgspec.structs.replace(talk, sampling=sampling)
        if talk.reasoning is not None:
            fields |= _thinks(talk, talk.reasoning, family, losses)
    if talk.sampling.top_k is not None:
        if family.top_k:
            _put(fields, family.top_k, talk.sampling.top_k)
        else:
            losses.append(Downgrade("top_k", "left out: this model takes none on Bedrock"))
    return talk, fields


def _as_claude(talk: Conversation, target: Target, able: Abilities, losses: list[Downgrade]) -> Conversation:
    """A budget of thought is a share of the cap, so one is set where the caller has none."""
    asked = talk.reasoning
    cap = target.max_output if talk.max_tokens is None and asked is not None and asked.enabled else talk.max_tokens
    drawn = adapt_sampling(talk.sampling, able, losses)
    plain = msgspec.structs.replace(talk, reasoning=None, sampling=drawn, max_tokens=cap)
    thinking = with_thinking(plain, asked, able, losses)
    budgeted = thinking.reasoning is not None and thinking.reasoning.budget is not None
    return thinking if budgeted else msgspec.structs.replace(thinking, max_tokens=talk.max_tokens)


def _claude_thinks(asked: ReasoningAsk) -> JsonObject:
    """In the words of Anthropic's own API."""
    effort = {"output_config": {"effort": asked.effort}} if asked.effort else {}
    if not asked.enabled:
        return {"thinking": {"type": "disabled"}, **effort}
    if asked.budget is not None:
        return {"thinking": {"type": "enabled", "budget_tokens": asked.budget}, **effort}
    return {"thinking": asked.extra, **effort} if asked.extra else effort


def _thinks(talk: Conversation, asked: ReasoningAsk, family: Family, losses: list[Downgrade]) -> JsonObject:
    """By a word of effort, where the family takes one."""
    if not family.effort:
        if asked.enabled:
            losses.append(Downgrade("reasoning", "left out: this model cannot be told how much to think on Bedrock"))
        return {}
    fields: JsonObject = {}
    if not asked.enabled:
        if not family.thinking:
            losses.append(Downgrade("reasoning", "this model cannot be told not to think on Bedrock"))
            return {}
        _put(fields, (*family.effort[:-1], "type"), "disabled")
        return fields
    word = asked.effort or ("medium" if asked.budget is None else _effort_of(asked.budget, talk.max_tokens))
    said = word if word in family.efforts else _NEARBY.get(word, "medium")
    if said != asked.effort and (asked.effort or asked.budget is not None):
        losses.append(Downgrade("reasoning", f"'{asked.effort or asked.budget}' is said as effort '{said}'"))
    for name, value in family.thinking.items():
        _put(fields, (*family.effort[:-1], name), value)
    _put(fields, family.effort, said)
    return fields


def _effort_of(budget: int, cap: int | None) -> str:
    share = budget / max(cap or 4 * budget, 1)
    return next((word for word in ("low", "medium") if share <= SHARES[word]), "high")


def _plain_sampling(asked: Sampling, losses: list[Downgrade]) -> Sampling:
    if asked.temperature is None or asked.temperature <= 1:
        return asked
    losses.append(Downgrade("temperature", f"{asked.temperature} is lowered to 1, Bedrock's highest"))
    return msgspec.structs.replace(asked, temperature=1)


def _put(fields: JsonObject, path: Path, value: object) -> None:
    """Set a value in nested objects."""
    for name in path[:-1]:
        fields = fields.setdefault(name, {})
    fields[path[-1]] = value
