"""Gemini's embedContent and batchEmbedContents ↔ canonical vectors. Upstreams are asked by the batch: one path serves both."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.fields import all_decoded
from headworks.dialects.gemini.faults import stated_fault
from headworks.dialects.gemini.respell import respelt
from headworks.dialects.gemini.usage import read_usage, write_usage
from headworks.dialects.gemini.wire import NAME
from headworks.domain.call import Ask
from headworks.domain.embedding import EmbeddingAnswer, EmbeddingAsk
from headworks.domain.errors import Fault
from headworks.domain.message import Downgrade, JsonObject
from headworks.domain.target import Target

_LEFT_OUT = "left out: Gemini has no such field"


def as_batch(body: bytes, target: Target) -> bytes:
    """The body of one content as that of a batch of one; a batch stays as it is."""
    fields: dict[str, msgspec.Raw] = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    if "requests" in fields:
        return body
    return msgspec.json.encode({"requests": [{**fields, "model": _resource(target)}]})


def as_single(answer: bytes) -> bytes:
    """The answer to a batch of one as that to one content."""
    fields = msgspec.json.decode(answer, type=dict[str, msgspec.Raw])
    vectors = msgspec.json.decode(fields.pop("embeddings", msgspec.Raw(b"[]")), type=list[msgspec.Raw])
    return msgspec.json.encode({**({"embedding": vectors[0]} if vectors else {}), **fields})


def read_ask(ask: Ask) -> EmbeddingAsk:
    """See `Embedding.read_embedding_ask`. What the requests of a batch ask beside their contents must be the same for all."""
    fields: JsonObject = respelt(all_decoded(ask.fields))
    single = "content" in fields
    listed: list[Any] = [fields] if single else fields.pop("requests", [])
    asked = [{name: value for name, value in item.items() if name not in ("content", "model")} for item in listed]
    shared: JsonObject = asked[0] if asked else {}
    if any(one != shared for one in asked):
        raise Fault(
            "inexpressible",
            "The requests of this batch ask for vectors of different kinds, which the model's provider cannot do at once. "
            "Send them apart.",
            param="requests",
        )
    inputs = tuple(_text(item.get("content"), f"requests[{place}].content") for place, item in enumerate(listed))
    shared = dict(shared)
    return EmbeddingAsk(
        dialect=NAME,
        model=ask.model,
        inputs=inputs,
        plain=single,
        dimensions=shared.pop("outputDimensionality", None),
        task=str(shared.pop("taskType", None) or ""),
        extra=shared,
    )


def write_ask(wanted: EmbeddingAsk, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
    """See `Embedding.write_embedding_ask`."""
    if any(not isinstance(text, str) for text in wanted.inputs):
        raise Fault("inexpressible", "Gemini embeds text, not token numbers. Send the text itself.", param="input")
    shared: JsonObject = {"model": _resource(target)}
    if wanted.dimensions is not None:
        shared["outputDimensionality"] = wanted.dimensions
    if wanted.task:
        shared["taskType"] = wanted.task
    losses: list[Downgrade] = []
    if wanted.dialect == NAME:
        shared |= wanted.extra
    else:
        losses = [Downgrade(name, _LEFT_OUT) for name, value in {**wanted.extra, "user": wanted.user}.items() if value]
    requests = [{**shared, "content": {"parts": [{"text": text}]}} for text in wanted.inputs]
    return msgspec.json.encode({"requests": requests}), tuple(losses)


def read_answer(body: bytes, secrets: tuple[bytes, ...]) -> EmbeddingAnswer:
    """See `Embedding.read_embedding_answer`."""
    answer: JsonObject = msgspec.json.decode(body)
    if "error" in answer:
        raise stated_fault(answer, secrets)
    listed: list[Any] = answer.get("embeddings") or [answer["embedding"]]
    usage = answer.get("usageMetadata")
    return EmbeddingAnswer(
        vectors=tuple(tuple(one["values"]) for one in listed), usage=read_usage(usage) if isinstance(usage, dict) else None
    )


def write_answer(answer: EmbeddingAnswer, wanted: EmbeddingAsk) -> bytes:
    """See `Embedding.write_embedding_answer`."""
    vectors = [{"values": vector} for vector in answer.vectors]
    body: JsonObject = {"embedding": vectors[0]} if wanted.plain and vectors else {"embeddings": vectors}
    if answer.usage is not None:
        body["usageMetadata"] = {"promptTokenCount": write_usage(answer.usage)["promptTokenCount"]}
    return msgspec.json.encode(body)


def _text(content: Any, path: str) -> str:
    """All text of a content. Pictures and sounds have no vectors elsewhere."""
    parts: list[Any] = (content.get("parts") or []) if isinstance(content, dict) else []
    if not parts or not all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in parts):
        raise Fault(
            "inexpressible",
            f"{path} holds something else than text, which this model cannot embed. Send text alone.",
            param=path,
        )
    return "\n".join(part["text"] for part in parts)


def _resource(target: Target) -> str:
    return target.model if "/" in target.model else f"models/{target.model}"
