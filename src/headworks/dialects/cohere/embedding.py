"""`/v2/embed`: what is asked and what comes back ↔ their canonical form."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from struct import Struct
from typing import Any

import msgspec

from headworks.dialects.cohere.names import LEFT_OUT, NAME, TASKS
from headworks.dialects.cohere.usage import read_meta
from headworks.dialects.fields import all_decoded
from headworks.dialects.unpacking import Unpacked, losses
from headworks.domain.embedding import EmbeddingAnswer, EmbeddingAsk
from headworks.domain.errors import Fault
from headworks.domain.message import Downgrade, JsonObject
from headworks.domain.target import Target

MOST_TEXTS = 96
"""That Cohere takes at once."""
_INPUT_TYPES = {
    **{task: word for word, task in TASKS.items()},
    "QUESTION_ANSWERING": "search_query",
    "FACT_VERIFICATION": "search_query",
    "CODE_RETRIEVAL_QUERY": "search_query",
}
_FLOAT, _BASE64 = "float", "base64"
_MADE = (_FLOAT, _BASE64)
"""Forms of vectors that are made here of anybody's numbers."""
_USUAL = "search_document"
"""Cohere insists on being told what vectors are for; most are kept to be searched."""


class _Answer(msgspec.Struct):
    """`embeddings` is a list where numbers were the only form wanted (v1), else a list for each form."""

    embeddings: dict[str, list[tuple[float, ...]]] | list[tuple[float, ...]]
    id: str = ""
    meta: JsonObject | None = None


_ANSWER = msgspec.json.Decoder(_Answer)


def read_ask(raw: Mapping[str, Any]) -> EmbeddingAsk:
    """The undecoded fields of a request as an ask. Raises `Fault`: `invalid_request`, `inexpressible` for what is no text.

    Of the forms in which vectors are wanted the first that is made of numbers here is answered, the others stay in `extra`.
    """
    fields = Unpacked(all_decoded(raw), "")
    forms = fields.items("embedding_types") or [_FLOAT]
    made = next((form for form in forms if form in _MADE), "")
    if elsewhere := [form for form in forms if form != made]:
        fields.rest["embedding_types"] = elsewhere
    kind = fields.rest.get("input_type")
    task = TASKS.get(kind, "") if isinstance(kind, str) else ""
    if task:
        del fields.rest["input_type"]
    return EmbeddingAsk(
        dialect=NAME,
        model=fields.word("model"),
        inputs=_inputs(fields),
        dimensions=fields.whole_number("output_dimension"),
        encoding=made,
        task=task,
        extra=fields.rest,
    )


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


def write_answer(answer: EmbeddingAnswer, wanted: EmbeddingAsk) -> bytes:
    """The answer, in the form that was asked for."""
    as_asked = _as_base64 if wanted.encoding == _BASE64 else list[float]
    told: JsonObject = {
        "id": answer.id,
        "embeddings": {wanted.encoding or _FLOAT: [as_asked(vector) for vector in answer.vectors]},
        "texts": wanted.inputs,
        "meta": {"api_version": {"version": "2"}},
        "response_type": "embeddings_by_type",
    }
    if answer.usage is not None:
        told["meta"]["billed_units"] = {"input_tokens": answer.usage.input}
    return msgspec.json.encode(told)


def _inputs(fields: Unpacked) -> tuple[str, ...]:
    texts, mixed, pictures = fields.items("texts"), fields.items("inputs"), fields.items("images")
    if pictures:
        raise _no_text("images")
    if texts is None and mixed is None:
        raise Fault(
            "invalid_request", "'texts' is missing: send a list of texts such as [\"Hello\"], or 'inputs'.", param="texts"
        )
    if texts is not None and not all(isinstance(text, str) for text in texts):
        raise Fault("invalid_request", "'texts' must be a list of texts.", param="texts")
    return (*(texts or ()), *(_mixed(item, f"inputs[{place}]") for place, item in enumerate(mixed or ())))


def _mixed(item: Any, path: str) -> str:
    """All text of an input. Pictures have no vectors elsewhere."""
    parts: Any = item.get("content") if isinstance(item, dict) else None
    if (
        not isinstance(parts, list)
        or not parts
        or not all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in parts)
    ):
        raise _no_text(path)
    return "\n".join(part["text"] for part in parts)


def _no_text(path: str) -> Fault:
    return Fault(
        "inexpressible", f"{path} holds something else than text, which this model cannot embed. Send text alone.", param=path
    )


def _as_base64(vector: tuple[float, ...]) -> str:
    return b64encode(Struct(f"<{len(vector)}f").pack(*vector)).decode()


def _text(item: str | tuple[int, ...], place: int) -> str:
    if isinstance(item, str):
        return item
    path = f"input[{place}]"
    raise Fault(
        "inexpressible", f"{path} is token numbers of another model: Cohere takes text only. Send the text.", param=path
    )
