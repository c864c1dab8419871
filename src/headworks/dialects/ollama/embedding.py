"""`/api/embed`: the canonical form → what Ollama is asked, and its answer back."""

from __future__ import annotations

import msgspec

from headworks.dialects.counts import Count
from headworks.dialects.ollama.names import LEFT_OUT, OWN_FIELDS
from headworks.dialects.unpacking import losses
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
