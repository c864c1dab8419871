"""How much another dialect wants a model to think → Anthropic's words: an effort for newer models, a budget of tokens for older ones.

A budget is a share of the output cap, as OpenRouter reckons it; both count against the same cap in both languages.
"""

from __future__ import annotations

import msgspec

from headworks.dialects.anthropic.models import Abilities
from headworks.domain.message import (
    Conversation,
    Downgrade,
    Message,
    Reasoning,
    ReasoningAsk,
    Sampling,
    ToolChoiceMode,
    ToolResult,
)

SMALLEST_BUDGET = 1024
SHARES = {"minimal": 0.1, "low": 0.2, "medium": 0.5, "high": 0.8, "xhigh": 0.95, "max": 0.95}
"""Effort → share of the output cap that may be thought."""
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_FORCED = (ToolChoiceMode.REQUIRED, ToolChoiceMode.NAMED)


def with_thinking(talk: Conversation, asked: ReasoningAsk | None, able: Abilities, losses: list[Downgrade]) -> Conversation:
    """`talk`, already in Anthropic's terms, with the thinking that was asked for, as far as this model and this turn allow."""
    if asked is None:
        return talk
    if not asked.enabled:
        return _without(talk, able, losses)
    if able.adaptive_thinking:
        wanted = ReasoningAsk(effort=_effort(talk, asked, able, losses), extra={"type": "adaptive"})
    else:
        budget = _budget(talk, asked, losses)
        if budget is None:
            return talk
        wanted = ReasoningAsk(budget=budget)
    return msgspec.structs.replace(talk, reasoning=wanted, sampling=_plain_sampling(talk.sampling, losses))


def _without(talk: Conversation, able: Abilities, losses: list[Downgrade]) -> Conversation:
    if not able.rests:
        losses.append(Downgrade("reasoning", "this model always thinks"))
    elif able.adaptive_thinking:  # some think unless told not to; older ones don't unless told to
        return msgspec.structs.replace(talk, reasoning=ReasoningAsk(enabled=False))
    return talk


def _effort(talk: Conversation, asked: ReasoningAsk, able: Abilities, losses: list[Downgrade]) -> str:
    word = asked.effort
    if asked.budget is not None:
        share = asked.budget / max(talk.max_tokens or 1, 1)
        word = next((effort for effort in _EFFORTS if share <= SHARES[effort]), "max")
        losses.append(Downgrade("reasoning.budget", f"a budget of {asked.budget} tokens is said as effort '{word}'"))
    said = "low" if word == "minimal" else word
    if said == "xhigh" and not able.xhigh:
        said = "max"
    if said and said not in _EFFORTS:
        said = ""
    if said != word:
        losses.append(Downgrade("reasoning.effort", f"'{word}' is said as '{said}'" if said else f"'{word}' is left out"))
    return said


def _budget(talk: Conversation, asked: ReasoningAsk, losses: list[Downgrade]) -> int | None:
    """Tokens that may be thought; None, and the reason reported, where this request cannot have any."""
    cap = talk.max_tokens or 0
    if cap <= SMALLEST_BUDGET:
        return _lose(
            f"left out: Anthropic thinks with {SMALLEST_BUDGET} tokens at least, and the output is capped at {cap}", losses
        )
    if talk.tool_choice is not None and talk.tool_choice.mode in _FORCED:
        return _lose("left out: Anthropic does not think where a tool is forced", losses)
    if _forgot_thought(talk.messages):
        return _lose("left out for this turn: the call before it came back without its signed reasoning", losses)
    wanted = asked.budget if asked.budget is not None else int(cap * SHARES.get(asked.effort, SHARES["medium"]))
    budget = max(SMALLEST_BUDGET, min(wanted, cap - 1))
    if asked.budget is not None and budget != asked.budget:
        losses.append(
            Downgrade("reasoning.budget", f"{asked.budget} is brought to {budget}, between {SMALLEST_BUDGET} and the cap")
        )
    return budget


def _forgot_thought(messages: tuple[Message, ...]) -> bool:
    """Whether a tool's result comes back without the thoughts that led to the call: Anthropic refuses to think on from there."""
    if len(messages) < 2 or not any(isinstance(part, ToolResult) for part in messages[-1].parts):  # noqa: PLR2004 - a pair
        return False
    return not any(isinstance(part, Reasoning) for part in messages[-2].parts)


def _plain_sampling(asked: Sampling, losses: list[Downgrade]) -> Sampling:
    """A thinking model draws by its own rules."""
    if asked.temperature not in (None, 1):
        losses.append(Downgrade("temperature", "left out: Anthropic does not take it where a model thinks"))
    if asked.top_k is not None:
        losses.append(Downgrade("top_k", "left out: Anthropic does not take it where a model thinks"))
    top_p = asked.top_p
    if top_p is not None and top_p < 0.95:  # noqa: PLR2004 - the API's own bound
        losses.append(Downgrade("top_p", "left out: Anthropic takes only 0.95 … 1 where a model thinks"))
        top_p = None
    return Sampling(top_p=top_p)


def _lose(what: str, losses: list[Downgrade]) -> None:
    losses.append(Downgrade("reasoning", what))
