"""`Conversation` → a Converse request. What Converse has no word for goes to the model's family, or is reported."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from headworks.dialects.anthropic.models import Abilities, abilities
from headworks.dialects.anthropic.structured import by_words, with_output
from headworks.dialects.bedrock.families import Family, family_of
from headworks.dialects.bedrock.thinking import with_drawing
from headworks.dialects.bedrock.tools import write_tools
from headworks.dialects.bedrock.turns import write_turns
from headworks.dialects.bedrock.wire import UNKNOWN
from headworks.dialects.unpacking import asks
from headworks.domain.message import FORM, Conversation, Downgrade, JsonObject, OutputFormat, Sampling
from headworks.domain.target import Target

OWN_FIELDS = ("guardrailConfig", "performanceConfig", "requestMetadata")
"""Fields of Converse that clients of other languages may send beside theirs."""
OWN_MODEL_FIELDS = "additionalModelRequestFields"

_TIERS = {"default": "default", "standard_only": "default", "flex": "flex", "priority": "priority"}
_USUAL = {"modalities": ["text"], "verbosity": "medium", "service_tier": "auto"}
"""Fields' values that ask for what Bedrock does anyway."""
_METADATA = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}")
_STOP_FIELD = "/stop_sequence"
"""Where Claude says which stop sequence it met."""


def write_request(talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
    """The body for `target`, and what could not be said in it."""
    losses: list[Downgrade] = []
    family = family_of(target.model)
    asked = talk.sampling
    talk = _with_output(talk, family, abilities(target.model), losses)
    talk, model_fields = with_drawing(talk, target, family, losses)
    body: JsonObject = write_turns(talk.messages, family, losses)
    config = _inference(talk, family, losses)
    if config:
        body["inferenceConfig"] = config
    body |= write_tools(talk, family, losses)
    _write_output(talk.output, body)
    _write_extra(talk, body, model_fields, losses)
    _report_unknown(talk, asked, losses)
    if model_fields:
        body[OWN_MODEL_FIELDS] = model_fields
    if talk.stop and family.claude:
        body["additionalModelResponseFieldPaths"] = [_STOP_FIELD]
    return msgspec.json.encode(body), tuple(losses)


def _with_output(talk: Conversation, family: Family, able: Abilities, losses: list[Downgrade]) -> Conversation:
    """Structured output: by a schema where the family takes one, else by a tool or in words, as for Anthropic's older models."""
    wanted = talk.output
    talk = msgspec.structs.replace(talk, output=None)
    if wanted is None or wanted.kind in ("", "text"):
        return talk
    schemas = family.schemas and (able.schemas or not family.claude)
    if not (schemas and wanted.schema is not None) and "tool" not in family.choices:
        return by_words(talk, wanted.schema, losses)
    done = with_output(talk, wanted, msgspec.structs.replace(able, schemas=schemas), losses)
    if done.output is None:
        return done
    named = msgspec.structs.replace(done.output, name=wanted.name, description=wanted.description)
    return msgspec.structs.replace(done, output=named)


def _inference(talk: Conversation, family: Family, losses: list[Downgrade]) -> JsonObject:
    drawn = talk.sampling
    config: JsonObject = {}
    if talk.max_tokens is not None:
        config["maxTokens"] = max(1, talk.max_tokens)
    if drawn.temperature is not None:
        config["temperature"] = drawn.temperature
    if drawn.top_p is not None:
        config["topP"] = drawn.top_p
    stop = [word for word in talk.stop if word.strip() or not family.claude]
    if len(stop) < len(talk.stop):
        losses.append(Downgrade("stop", "left out where it is only white space: this model refuses that"))
    if stop:
        config["stopSequences"] = stop
    return config


def _write_output(output: OutputFormat | None, body: JsonObject) -> None:
    if output is None:
        return
    form: JsonObject = {"schema": msgspec.json.encode(output.schema).decode()}
    if output.name:
        form["name"] = output.name
    if output.description:
        form["description"] = output.description
    body["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": form}}}


def _write_extra(talk: Conversation, body: JsonObject, model_fields: JsonObject, losses: list[Downgrade]) -> None:
    """Fields that Bedrock knows too, and its own. Those that ask for nothing (null, false, empty) are no loss."""
    for name, value in talk.extra.items():
        if name in OWN_FIELDS and isinstance(value, dict):
            body[name] = value
        elif name == OWN_MODEL_FIELDS and isinstance(value, dict):
            model_fields |= value
        elif name == "service_tier" and value in _TIERS:
            body["serviceTier"] = {"type": _TIERS[value]}
        elif name != FORM and asks(name, value) and value != _USUAL.get(name):
            losses.append(Downgrade(name, UNKNOWN))
    metadata = _metadata(talk.metadata, losses)
    if metadata:
        body["requestMetadata"] = metadata | body.get("requestMetadata", {})


def _metadata(metadata: Mapping[str, object], losses: list[Downgrade]) -> JsonObject:
    kept: JsonObject = {}
    for name, value in metadata.items():
        if name and isinstance(value, str) and _METADATA.fullmatch(name) and _METADATA.fullmatch(value):
            kept[name] = value
        else:
            losses.append(Downgrade(f"metadata.{name}", "left out: Bedrock takes 256 letters, digits and marks at most"))
    return kept


def _report_unknown(talk: Conversation, drawn: Sampling, losses: list[Downgrade]) -> None:
    asked = {
        "seed": drawn.seed,
        "logprobs": talk.logprobs,
        "frequency_penalty": drawn.frequency_penalty or None,
        "presence_penalty": drawn.presence_penalty or None,
        "user": talk.user or None,
    }
    losses.extend(Downgrade(name, UNKNOWN) for name, value in asked.items() if value is not None)
    if talk.choices is not None and talk.choices > 1:
        losses.append(Downgrade("n", f"one answer instead of {talk.choices}: Bedrock gives one"))
