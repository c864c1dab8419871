"""Vectors as Vertex AI is asked for them (`Quirks.vectors_by`): by the older `predict`, or by `embedContent`, one text at a time."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.gemini.faults import stated_fault
from headworks.dialects.gemini.usage import read_usage
from headworks.dialects.gemini.wire import NAME
from headworks.domain.embedding import EmbeddingAnswer, EmbeddingAsk
from headworks.domain.errors import Fault
from headworks.domain.message import Downgrade, JsonObject
from headworks.domain.target import Target
from headworks.domain.usage import Usage

PREDICT = "predict"
_LEFT_OUT = "left out: Vertex AI has no such field"
_KNOWN = frozenset(("title", "autoTruncate"))


def write_ask(wanted: EmbeddingAsk, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
    """The body for `target`, and what could not be said in it. Nothing is cut in silence, unless that was asked for.

    Raises `Fault` `inexpressible`.
    """
    texts = [text for text in wanted.inputs if isinstance(text, str)]
    if len(texts) < len(wanted.inputs):
        raise Fault("inexpressible", "Vertex AI embeds text, not token numbers. Send the text itself.", param="input")
    own = {name: value for name, value in wanted.extra.items() if wanted.dialect == NAME and name in _KNOWN}
    rest: JsonObject = {**wanted.extra, "user": wanted.user}
    reported = tuple(Downgrade(name, _LEFT_OUT) for name, value in rest.items() if value and name not in own)
    write = _predict if target.quirks.vectors_by == PREDICT else _content
    return msgspec.json.encode(write(texts, wanted, own)), reported


def read_answer(body: bytes, target: Target) -> EmbeddingAnswer:
    """The vectors."""
    answer: JsonObject = msgspec.json.decode(body)
    if "error" in answer:
        raise stated_fault(answer, target.hidden)
    if target.quirks.vectors_by != PREDICT:
        usage = answer.get("usageMetadata")
        vectors = (tuple(answer["embedding"]["values"]),)
        return EmbeddingAnswer(vectors=vectors, usage=read_usage(usage) if isinstance(usage, dict) else None)
    predictions: list[Any] = answer["predictions"]
    found: list[JsonObject] = [prediction["embeddings"] for prediction in predictions]
    counts = [(each.get("statistics") or {}).get("token_count") for each in found]
    told = [int(count) for count in counts if isinstance(count, int | float)]
    usage = Usage(input=sum(told)) if told and len(told) == len(found) else None
    return EmbeddingAnswer(vectors=tuple(tuple(each["values"]) for each in found), usage=usage)


def _predict(texts: list[str], wanted: EmbeddingAsk, own: JsonObject) -> JsonObject:
    """All of a batch are for one thing."""
    shared = {"task_type": wanted.task, "title": own.get("title")}
    said = {name: value for name, value in shared.items() if value}
    parameters: JsonObject = {"autoTruncate": own.get("autoTruncate", False)}
    if wanted.dimensions is not None:
        parameters["outputDimensionality"] = wanted.dimensions
    return {"instances": [{"content": text, **said} for text in texts], "parameters": parameters}


def _content(texts: list[str], wanted: EmbeddingAsk, own: JsonObject) -> JsonObject:
    if len(texts) != 1:
        raise Fault(
            "inexpressible",
            f"This model takes one text at a time, and these are {len(texts)}. Ask for them in several requests.",
            param="input",
        )
    config: JsonObject = {"autoTruncate": False, **own}
    if wanted.task:
        config["taskType"] = wanted.task
    if wanted.dimensions is not None:
        config["outputDimensionality"] = wanted.dimensions
    return {"content": {"parts": [{"text": texts[0]}]}, "embedContentConfig": config}
