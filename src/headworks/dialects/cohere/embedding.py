"""`/v2/embed`: the canonical form → what Cohere is asked, and its answer back."""

from __future__ import annotations

import msgspec

from headworks.dialects.cohere.names import LEFT_OUT
from headworks.dialects.cohere.usage import read_meta
from headworks.dialects.unpacking import losses
from headworks.domain.embedding import EmbeddingAnswer, EmbeddingAsk
from headworks.domain.errors import Fault
from headworks.domain.message import Downgrade, JsonObject
from headworks.domain.target import Target

MOST_TEXTS = 96
"""That Cohere takes at once."""
_INPUT_TYPES = {
    "RETRIEVAL_QUERY": "search_query",
    "QUESTION_ANSWERING": "search_query",
    "FACT_VERIFICATION": "search_query",
    "CODE_RETRIEVAL_QUERY": "search_query",
    "RETRIEVAL_DOCUMENT": "search_document",
    "CLASSIFICATION": "classification",
    "CLUSTERING": "clustering",
}
_USUAL = "search_document"
"""Cohere insists on being told what vectors are for; most are kept to be searched."""


class _Answer(msgspec.Struct):
    """`embeddings` is a list where numbers were the only form wanted (v1), else a list for each form."""

    embeddings: dict[str, list[tuple[float, ...]]] | list[tuple[float, ...]]
    id: str = ""
    meta: JsonObject | None = None


_ANSWER = msgspec.json.Decoder(_Answer)


def write_ask(wanted: EmbeddingAsk, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
    """The body for `target`, and what could not be said in it. Raises `Fault` `inexpressible`."""
    if len(wanted.inputs) > MOST_TEXTS:
        raise Fault(
            "inexpressible",
            f"Cohere takes {MOST_TEXTS} texts at once, and these are {len(wanted.inputs)}. Ask for them in several requests.",
            param="input",
        )
    kind = _INPUT_TYPES.get(wanted.task)
    reported = [Downgrade(path, LEFT_OUT) for path in losses(wanted.extra)]
    if wanted.user:
        reported.append(Downgrade("user", LEFT_OUT))
    if kind is None:
        reported.append(Downgrade("input_type", f"assumed: {_USUAL}. Cohere insists on being told what vectors are for"))
    body: JsonObject = {
        "model": target.model,
        "texts": [_text(item, place) for place, item in enumerate(wanted.inputs)],
        "input_type": kind or _USUAL,
        "embedding_types": ["float"],
    }
    if wanted.dimensions is not None:
        body["output_dimension"] = wanted.dimensions
    return msgspec.json.encode(body), tuple(reported)


def read_answer(body: bytes) -> EmbeddingAnswer:
    """The vectors."""
    answer = _ANSWER.decode(body)
    told = answer.embeddings
    return EmbeddingAnswer(
        vectors=tuple(told["float"] if isinstance(told, dict) else told), id=answer.id, usage=read_meta(answer.meta)
    )


def _text(item: str | tuple[int, ...], place: int) -> str:
    if isinstance(item, str):
        return item
    path = f"input[{place}]"
    raise Fault(
        "inexpressible", f"{path} is token numbers of another model: Cohere takes text only. Send the text.", param=path
    )
