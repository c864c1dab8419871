"""What the canonical conversation says of the answer → a request's `generationConfig`."""

from __future__ import annotations

from headworks.dialects.gemini.config_in import CAPITALS, CONFIG, JSON, PLAIN_TEXT
from headworks.dialects.gemini.models import Abilities
from headworks.dialects.gemini.schema import Subset, recased
from headworks.dialects.gemini.wire import NAME
from headworks.domain.message import Conversation, Downgrade, JsonObject, OutputFormat, ReasoningAsk

MOST_STOPS = 5
BUDGETS = {"minimal": 512, "low": 1024, "medium": 8192, "high": 24576, "xhigh": 24576, "max": 24576}
"""Effort → tokens that may be thought, as Google's own OpenAI-compatible API reckons them."""
_LEVELS = ((1024, "low"), (8192, "medium"))
_NEAREST = {"minimal": "low", "medium": "high"}
_LEVEL_WORDS = {"minimal": "minimal", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}


def write_config(talk: Conversation, able: Abilities, losses: list[Downgrade]) -> JsonObject:
    """The object; empty where nothing is asked for."""
    drawn = talk.sampling
    optional = {
        "temperature": drawn.temperature,
        "topP": drawn.top_p,
        "topK": drawn.top_k,
        "seed": drawn.seed,
        "frequencyPenalty": drawn.frequency_penalty,
        "presencePenalty": drawn.presence_penalty,
        "maxOutputTokens": talk.max_tokens,
        "candidateCount": talk.choices if talk.dialect == NAME or talk.choices != 1 else None,
    }
    config: JsonObject = {name: value for name, value in optional.items() if value is not None}
    if talk.logprobs is not None:
        config |= {"responseLogprobs": True, **({"logprobs": talk.logprobs} if talk.logprobs else {})}
    if talk.stop:
        config["stopSequences"] = _stop(talk, losses)
    if talk.output is not None:
        config |= _output(talk.output, able, losses, own=talk.dialect == NAME)
    if talk.reasoning is not None:
        thinking = _own_thinking(talk.reasoning) if talk.dialect == NAME else _thinking(talk.reasoning, able, losses)
        config |= {"thinkingConfig": thinking} if thinking is not None else {}
    return config | (_own_fields(talk.extra) if talk.dialect == NAME else {})


def _own_fields(extra: JsonObject) -> JsonObject:
    fields: JsonObject = {}
    for name, value in extra.items():
        if name.startswith(PLAIN_TEXT):
            fields["responseModalities"] = [name.removeprefix(PLAIN_TEXT).strip()]
        elif name.startswith(f"{CONFIG}."):
            fields[name.removeprefix(f"{CONFIG}.")] = value
    return fields


def _stop(talk: Conversation, losses: list[Downgrade]) -> list[str]:
    if len(talk.stop) > MOST_STOPS and talk.dialect != NAME:
        losses.append(Downgrade("stop", f"only the first {MOST_STOPS} of {len(talk.stop)} stop sequences are kept"))
        return list(talk.stop[:MOST_STOPS])
    return list(talk.stop)


def _output(form: OutputFormat, able: Abilities, losses: list[Downgrade], *, own: bool) -> JsonObject:
    if form.kind in ("", "text"):
        return {}
    if form.kind not in ("json_object", "json_schema"):
        losses.append(Downgrade("response_format", f"left out: Gemini has no answer of type '{form.kind}'"))
        return {}
    if form.schema is None:
        return {"responseMimeType": JSON}
    if own and "responseJsonSchema" not in form.extra:
        return {
            "responseMimeType": JSON,
            "responseSchema": recased(form.schema, upper=True) if CAPITALS in form.extra else form.schema,
        }
    if own or able.json_schema:
        return {"responseMimeType": JSON, "responseJsonSchema": form.schema}
    return {"responseMimeType": JSON, "responseSchema": Subset(form.schema, "response_format", losses).write()}


def _own_thinking(asked: ReasoningAsk) -> JsonObject:
    config: JsonObject = {name: value for name, value in asked.extra.items() if name != CAPITALS}
    if asked.budget is not None or not asked.enabled:
        config["thinkingBudget"] = asked.budget or 0
    if asked.effort:
        config["thinkingLevel"] = asked.effort.upper() if CAPITALS in asked.extra else asked.effort
    return config


def _thinking(asked: ReasoningAsk, able: Abilities, losses: list[Downgrade]) -> JsonObject | None:
    if not able.thinks:
        losses.append(Downgrade("reasoning", "left out: this model does not think"))
        return None
    if not asked.enabled:
        if able.rests:
            return {"thinkingBudget": 0}
        losses.append(Downgrade("reasoning", "this model always thinks: as little as it can"))
        return {"thinkingLevel": "low"} if able.levels else {"thinkingBudget": 128}
    told: JsonObject = {"includeThoughts": True}
    if asked.effort and asked.effort not in BUDGETS:
        losses.append(Downgrade("reasoning.effort", f"'{asked.effort}' is left out"))
        return told
    if not able.levels:
        budget = _budget(asked, able, losses)
        return told | ({"thinkingBudget": budget} if budget is not None else {})
    level = _level(asked.effort, able)
    if not level and asked.budget is not None:
        level = _level(next((word for most, word in _LEVELS if asked.budget <= most), "high"), able)
        losses.append(Downgrade("reasoning.budget", f"a budget of {asked.budget} tokens is said as level '{level}'"))
    elif level != asked.effort:
        losses.append(Downgrade("reasoning.effort", f"'{asked.effort}' is said as '{level}'"))
    return told | ({"thinkingLevel": level} if level else {})


def _budget(asked: ReasoningAsk, able: Abilities, losses: list[Downgrade]) -> int | None:
    """Tokens that this model can be told; None for as many as it likes."""
    least, most = able.budget
    if asked.budget is None:
        word = BUDGETS.get(asked.effort)
        return None if word is None else min(max(word, least), most)
    budget = min(max(asked.budget, least), most)
    if budget != asked.budget:
        losses.append(
            Downgrade("reasoning.budget", f"{asked.budget} is brought to {budget}: this model takes {least} to {most}")
        )
    return budget


def _level(effort: str, able: Abilities) -> str:
    """The nearest word that this model knows; empty for none."""
    word = _LEVEL_WORDS.get(effort, "")
    return word if not word or word in able.levels else _NEAREST[word]
