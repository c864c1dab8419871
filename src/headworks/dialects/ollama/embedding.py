"""`/api/embed` and the older `/api/embeddings` ↔ canonical vectors. Upstreams are asked in the newer way: one path serves both."""

from __future__ import annotations

import msgspec

from headworks.dialects.counts import Count
from headworks.dialects.fields import all_decoded
from headworks.dialects.ollama.ask import is_old
from headworks.dialects.ollama.names import LEFT_OUT, NAME, OWN_FIELDS
from headworks.dialects.unpacking import Unpacked, losses
from headworks.domain.call import Ask
from headworks.domain.embedding import EmbeddingAnswer, EmbeddingAsk
from headworks.domain.errors import Fault
from headworks.domain.message import Downgrade, JsonObject
from headworks.domain.target import Target
from headworks.domain.usage import Usage

_SHARED = (*OWN_FIELDS, "truncate")


class _Answer(msgspec.Struct):
    embeddings: tuple[tuple[float, ...], ...]
    model: str = ""
    prompt_eval_count: Count = None


_ANSWER = msgspec.json.Decoder(_Answer)
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_VECTORS = msgspec.json.Decoder(list[msgspec.Raw])


def read_ask(ask: Ask) -> EmbeddingAsk:
    """See `EmbeddingFront.read_embedding_ask`. `plain` tells the older way, of one text and one vector."""
    fields = Unpacked(all_decoded(ask.fields), "")
    old = is_old(ask)
    said = fields.rest.pop("prompt" if old else "input")
    inputs = said if isinstance(said, list) else [said]
    if not inputs or not all(isinstance(text, str) for text in inputs):
        raise Fault("invalid_request", "'input' must be a text or a list of texts.", param="input")
    for name in ("model", "name"):
        fields.rest.pop(name, None)
    dimensions = fields.whole_number("dimensions")
    rest = {name: value for name, value in fields.rest.items() if value not in (None, "", [], {})}
    return EmbeddingAsk(dialect=NAME, model=ask.model, inputs=tuple(inputs), plain=old, dimensions=dimensions, extra=rest)


def write_answer(answer: EmbeddingAnswer, wanted: EmbeddingAsk) -> bytes:
    """See `EmbeddingFront.write_embedding_answer`."""
    if wanted.plain:
        return msgspec.json.encode({"embedding": answer.vectors[0]})
    counted = {"prompt_eval_count": answer.usage.input} if answer.usage is not None else {}
    return msgspec.json.encode({"model": answer.model or wanted.model, "embeddings": answer.vectors, **counted})


def as_old(answer: bytes) -> bytes:
    """An answer of `/api/embed` to one text as the older way has it."""
    vectors = _VECTORS.decode(_FIELDS.decode(answer)["embeddings"])
    return msgspec.json.encode({"embedding": vectors[0]})


def write_ask(wanted: EmbeddingAsk, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
    """The body for `target`, and what could not be said in it. Raises `Fault` `inexpressible`.

    Ollama cuts what is longer than its model reads, and says nothing of it. Nobody who asks in another language expects that.
    """
    body: JsonObject = {
        "model": target.model,
        "input": [_text(item, place) for place, item in enumerate(wanted.inputs)],
        "truncate": False,
    }
    if wanted.dimensions is not None:
        body["dimensions"] = wanted.dimensions
    body |= {name: wanted.extra[name] for name in _SHARED if wanted.extra.get(name) is not None}
    said: JsonObject = {**wanted.extra, "task": wanted.task or None, "user": wanted.user or None}
    return msgspec.json.encode(body), tuple(Downgrade(path, LEFT_OUT) for path in losses(said) if path not in _SHARED)


def read_answer(body: bytes) -> EmbeddingAnswer:
    """The vectors."""
    answer = _ANSWER.decode(body)
    counted = answer.prompt_eval_count
    return EmbeddingAnswer(
        vectors=answer.embeddings, model=answer.model, usage=Usage(input=counted) if counted is not None else None
    )


def _text(item: str | tuple[int, ...], place: int) -> str:
    if isinstance(item, str):
        return item
    path = f"input[{place}]"
    raise Fault("inexpressible", f"{path} is token numbers, and Ollama takes text only. Send the text.", param=path)
