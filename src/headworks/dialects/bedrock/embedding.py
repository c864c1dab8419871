"""Vectors of models on Bedrock, each maker's in its own form (InvokeModel): the canonical form → what is asked, and the answer back."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from headworks.dialects.bedrock.wire import UNKNOWN
from headworks.dialects.cohere import embedding as cohere
from headworks.dialects.counts import Count
from headworks.dialects.unpacking import losses
from headworks.domain.embedding import EmbeddingAnswer, EmbeddingAsk
from headworks.domain.errors import Fault
from headworks.domain.message import Downgrade, JsonObject
from headworks.domain.target import Target
from headworks.domain.usage import Usage

_PURPOSES = {
    "RETRIEVAL_QUERY": "GENERIC_RETRIEVAL",
    "QUESTION_ANSWERING": "GENERIC_RETRIEVAL",
    "FACT_VERIFICATION": "GENERIC_RETRIEVAL",
    "CODE_RETRIEVAL_QUERY": "GENERIC_RETRIEVAL",
    "CLASSIFICATION": "CLASSIFICATION",
    "CLUSTERING": "CLUSTERING",
}
"""What vectors are for, in Nova's words; all others are kept to be searched."""

Written = tuple[JsonObject, list[Downgrade]]


class _Titan(msgspec.Struct, rename="camel"):
    embedding: tuple[float, ...]
    input_text_token_count: Count = None


class _NovasVector(msgspec.Struct):
    embedding: tuple[float, ...]


class _Nova(msgspec.Struct):
    embeddings: list[_NovasVector]


_TITAN, _NOVA = msgspec.json.Decoder(_Titan), msgspec.json.Decoder(_Nova)


def write_ask(wanted: EmbeddingAsk, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
    """The body for `target`, and what could not be said in it. Raises `Fault` `inexpressible`."""
    body, reported = _family(target)[0](wanted, target)
    return msgspec.json.encode(body), tuple(reported)


def read_answer(body: bytes, target: Target) -> EmbeddingAnswer:
    """The vectors."""
    return _family(target)[1](body)


def _family(target: Target) -> tuple[Callable[[EmbeddingAsk, Target], Written], Callable[[bytes], EmbeddingAnswer]]:
    for mark, family in _FAMILIES.items():
        if mark in target.model:
            return family
    raise Fault(
        "inexpressible",
        f"How vectors are asked of '{target.model}' on Bedrock is not known. Ask one of Amazon's Titan or Nova, or of Cohere's.",
        param="model",
    )


def _write_titan(wanted: EmbeddingAsk, target: Target) -> Written:
    """Its first version has vectors of one length."""
    body: JsonObject = {"inputText": _only_text(wanted, "Titan")}
    reported = _left_out(wanted, task=wanted.task)
    if wanted.dimensions is not None and "titan-embed-text-v2" in target.model:
        body["dimensions"] = wanted.dimensions
    elif wanted.dimensions is not None and "titan-embed-image" in target.model:
        body["embeddingConfig"] = {"outputEmbeddingLength": wanted.dimensions}
    elif wanted.dimensions is not None:
        raise Fault(
            "inexpressible", f"The vectors of '{target.model}' have one length. Leave 'dimensions' out.", param="dimensions"
        )
    return body, reported


def _read_titan(body: bytes) -> EmbeddingAnswer:
    answer = _TITAN.decode(body)
    counted = answer.input_text_token_count
    return EmbeddingAnswer(vectors=(answer.embedding,), usage=Usage(input=counted) if counted is not None else None)


def _write_nova(wanted: EmbeddingAsk, target: Target) -> Written:  # noqa: ARG001 - all of Nova's are asked alike
    """Nothing is cut in silence: `NONE` refuses what is too long."""
    asked: JsonObject = {
        "embeddingPurpose": _PURPOSES.get(wanted.task, "GENERIC_INDEX"),
        "text": {"value": _only_text(wanted, "Nova"), "truncationMode": "NONE"},
    }
    if wanted.dimensions is not None:
        asked["embeddingDimension"] = wanted.dimensions
    return {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": asked}, _left_out(wanted)


def _read_nova(body: bytes) -> EmbeddingAnswer:
    return EmbeddingAnswer(vectors=tuple(each.embedding for each in _NOVA.decode(body).embeddings))


def _write_cohere(wanted: EmbeddingAsk, target: Target) -> Written:
    """The path names the model."""
    body, reported = cohere.write_ask(wanted, target)
    asked = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    del asked["model"]
    return dict(asked), list(reported)


_FAMILIES = {
    "titan-embed": (_write_titan, _read_titan),
    "nova-2-multimodal-embeddings": (_write_nova, _read_nova),
    "cohere.embed": (_write_cohere, cohere.read_answer),
}
"""A part of its models' ids → how it is asked, and how its answer is read."""


def _only_text(wanted: EmbeddingAsk, maker: str) -> str:
    if len(wanted.inputs) != 1:
        raise Fault(
            "inexpressible",
            f"{maker} takes one text at a time, and these are {len(wanted.inputs)}. Ask for them in several requests.",
            param="input",
        )
    (text,) = wanted.inputs
    if isinstance(text, str):
        return text
    raise Fault("inexpressible", f"These are token numbers, and {maker} takes text only. Send the text.", param="input")


def _left_out(wanted: EmbeddingAsk, **asked: str) -> list[Downgrade]:
    said: JsonObject = {**wanted.extra, "user": wanted.user or None, **{name: value or None for name, value in asked.items()}}
    return [Downgrade(path, UNKNOWN) for path in losses(said)]
