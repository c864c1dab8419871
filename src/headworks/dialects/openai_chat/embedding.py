"""`/v1/embeddings`: what is asked and what comes back ↔ their canonical form."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from struct import Struct
from typing import Any

import msgspec

from headworks.dialects.fields import all_decoded
from headworks.dialects.openai_chat.decoder import decode_object
from headworks.dialects.openai_chat.faults import fault_in_answer
from headworks.dialects.openai_chat.losses import LEFT_OUT, lost_fields
from headworks.dialects.openai_chat.names import NAME
from headworks.dialects.openai_chat.usage import read_usage
from headworks.dialects.unpacking import Unpacked
from headworks.domain.embedding import EmbeddingAnswer, EmbeddingAsk, Input
from headworks.domain.errors import Fault
from headworks.domain.message import Downgrade, JsonObject
from headworks.domain.target import Target

_ENCODINGS = frozenset(("float", "base64"))
_TASKS = {
    "search_query": "RETRIEVAL_QUERY",
    "search_document": "RETRIEVAL_DOCUMENT",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
}
"""OpenAI's own language has no word for what vectors are for; those who serve others' models took Cohere's `input_type` into it."""
_INPUT_TYPES = {task: word for word, task in _TASKS.items()}


def read_ask(raw: Mapping[str, Any]) -> EmbeddingAsk:
    """The undecoded fields of a request as an ask. Raises `Fault`: `invalid_request`, `inexpressible` for inputs that are no text."""
    fields = Unpacked(all_decoded(raw), "")
    inputs, plain = _inputs(fields.rest.pop("input", None))
    encoding = fields.rest.get("encoding_format")
    if encoding in _ENCODINGS:
        del fields.rest["encoding_format"]
    kind = fields.rest.get("input_type")
    task = _TASKS.get(kind, "") if isinstance(kind, str) else ""
    if task:
        del fields.rest["input_type"]
    return EmbeddingAsk(
        dialect=NAME,
        model=fields.word("model"),
        inputs=inputs,
        plain=plain,
        dimensions=fields.whole_number("dimensions"),
        encoding=encoding if encoding in _ENCODINGS else "",
        task=task,
        user=fields.word("user"),
        extra=fields.rest,
    )


def write_ask(wanted: EmbeddingAsk, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
    """The body for `target`, and what could not be said in it. A stranger's vectors are always asked for as numbers: all know these."""
    own = wanted.dialect == NAME
    downgrades: list[Downgrade] = [] if own else lost_fields(wanted.extra)
    if wanted.task and not own:
        downgrades.append(Downgrade("task", LEFT_OUT))
    said = {
        target.quirks.dimensions_field or "dimensions": wanted.dimensions,
        "encoding_format": (wanted.encoding or None) if own else None,
        "input_type": _INPUT_TYPES.get(wanted.task) if own else None,
        "user": wanted.user or None,
    }
    body: JsonObject = {
        "model": target.model,
        "input": wanted.inputs[0] if wanted.plain else wanted.inputs,
        **{name: value for name, value in said.items() if value is not None},
        **(wanted.extra if own else {}),
    }
    rejected = [name for name in target.quirks.drop if body.pop(name, None) is not None]
    downgrades.extend(Downgrade(name, f"left out: {target.provider} rejects it") for name in rejected)
    return msgspec.json.encode(body), tuple(downgrades)


def read_answer(body: bytes, target: Target) -> EmbeddingAnswer:
    """The vectors in the order of the inputs, whatever order they came in. Raises `Fault`: `upstream_garbage`, or what went wrong."""
    answer = decode_object(body)
    fault = fault_in_answer(answer, target.hidden)
    if fault is not None:
        raise fault
    rows: list[Any] = answer["data"]
    ordered = sorted(enumerate(rows), key=lambda row: _place(row[1], row[0]))
    usage = answer.get("usage")
    return EmbeddingAnswer(
        vectors=tuple(_vector(row["embedding"], target.quirks.vectors) for _, row in ordered),
        id=str(answer.get("id") or ""),
        model=str(answer.get("model") or ""),
        usage=read_usage(usage, target.quirks) if usage else None,
    )


def write_answer(answer: EmbeddingAnswer, wanted: EmbeddingAsk) -> bytes:
    """The answer in the encoding that was asked for. OpenAI's clients insist on counts: none reported are shown as none."""
    tokens = answer.usage.input if answer.usage is not None else 0
    as_asked = _as_base64 if wanted.encoding == "base64" else list[float]
    return msgspec.json.encode(
        {
            "object": "list",
            "data": [
                {"object": "embedding", "index": place, "embedding": as_asked(vector)}
                for place, vector in enumerate(answer.vectors)
            ],
            "model": answer.model or wanted.model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
    )


def _inputs(value: Any) -> tuple[tuple[Input, ...], bool]:
    """The inputs, and whether there was one without a list."""
    if isinstance(value, str):
        return (value,), True
    if not isinstance(value, list) or not value:
        raise Fault("invalid_request", "input must be a text, token numbers, or a list of either.", param="input")
    if all(map(_is_token, value)):
        return (tuple(value),), True
    return tuple(_input(item, place) for place, item in enumerate(value)), False


def _input(item: Any, place: int) -> Input:
    if isinstance(item, str):
        return item
    if isinstance(item, list) and item and all(map(_is_token, item)):
        return tuple(item)
    path = f"input[{place}]"
    raise Fault(
        "inexpressible", f"{path} is neither text nor token numbers: this model takes only these. Leave it out.", param=path
    )


def _is_token(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _place(row: JsonObject, place: int) -> int:
    index = row.get("index")
    return index if isinstance(index, int) else place


def _vector(value: Any, form: str) -> tuple[float, ...]:
    if not isinstance(value, str):
        return msgspec.convert(value, tuple[float, ...])
    data = b64decode(value, validate=True)
    numbers = Struct(f"<{len(data)}b") if form == "int8" else Struct(f"<{len(data) // 4}f")
    return tuple(map(float, numbers.unpack(data)))


def _as_base64(vector: tuple[float, ...]) -> str:
    return b64encode(Struct(f"<{len(vector)}f").pack(*vector)).decode()
