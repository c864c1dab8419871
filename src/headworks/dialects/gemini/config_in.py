"""A request's `generationConfig` → what the canonical conversation says in other places."""

from __future__ import annotations

import msgspec

from headworks.dialects.gemini.schema import in_capitals, recased
from headworks.dialects.unpacking import Unpacked
from headworks.domain.message import Conversation, JsonObject, OutputFormat, ReasoningAsk, Sampling

CONFIG = "generationConfig"
JSON = "application/json"
PLAIN_TEXT = f"{CONFIG}.text alone"
"""A mark in `extra`: the answer was asked for as text and nothing else, which is what everybody gives."""
CAPITALS = "types in capitals"


def read_config(fields: Unpacked, talk: Conversation) -> Conversation:
    """`talk` with what its configuration says, and with all that nobody took as `extra`."""
    given = fields.object(CONFIG)
    config = Unpacked(given or {}, CONFIG)
    talk = msgspec.structs.replace(
        talk,
        sampling=_sampling(config),
        max_tokens=config.whole_number("maxOutputTokens"),
        stop=tuple(config.items("stopSequences") or ()),
        choices=config.whole_number("candidateCount"),
        logprobs=_logprobs(config),
        output=_output(config),
        reasoning=_reasoning(config),
    )
    extra = dict(fields.rest)
    if [str(word).upper() for word in config.rest.get("responseModalities") or ()] == ["TEXT"]:
        extra[f"{PLAIN_TEXT} {config.rest.pop('responseModalities')[0]}"] = None
    if given == {}:
        extra[CONFIG] = {}
    extra.update({f"{CONFIG}.{name}": value for name, value in config.rest.items()})
    return msgspec.structs.replace(talk, extra=extra)


def _sampling(config: Unpacked) -> Sampling:
    return Sampling(
        temperature=config.number("temperature"),
        top_p=config.number("topP"),
        top_k=config.whole_number("topK"),
        seed=config.whole_number("seed"),
        frequency_penalty=config.number("frequencyPenalty"),
        presence_penalty=config.number("presencePenalty"),
    )


def _logprobs(config: Unpacked) -> int | None:
    if config.rest.get("responseLogprobs") is not True:
        return None
    del config.rest["responseLogprobs"]
    return config.whole_number("logprobs") or 0


def _output(config: Unpacked) -> OutputFormat | None:
    media = config.rest.get("responseMimeType")
    if media != JSON:
        return None
    del config.rest["responseMimeType"]
    schema = config.object("responseJsonSchema")
    if schema is not None:
        return OutputFormat(kind="json_schema", schema=schema, extra={"responseJsonSchema": None})
    schema = config.object("responseSchema")
    if schema is None:
        return OutputFormat(kind="json_object")
    if in_capitals(schema):
        return OutputFormat(kind="json_schema", schema=recased(schema, upper=False), extra={CAPITALS: None})
    return OutputFormat(kind="json_schema", schema=schema)


def _reasoning(config: Unpacked) -> ReasoningAsk | None:
    asked = config.object("thinkingConfig")
    if asked is None:
        return None
    extra: JsonObject = dict(asked)
    budget, level = asked.get("thinkingBudget"), asked.get("thinkingLevel")
    known = isinstance(budget, int) and budget >= 0
    if known:
        del extra["thinkingBudget"]
    if isinstance(level, str) and level in (level.lower(), level.upper()):
        del extra["thinkingLevel"]
        extra |= {CAPITALS: None} if level.isupper() else {}
    effort = level.lower() if "thinkingLevel" not in extra and isinstance(level, str) else ""
    return ReasoningAsk(enabled=budget != 0, effort=effort, budget=budget if known and budget else None, extra=extra)
