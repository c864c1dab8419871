"""`/v2/rerank`: the canonical form → what Cohere is asked, and its answer back."""

from __future__ import annotations

import msgspec

from headworks.dialects.cohere.names import LEFT_OUT
from headworks.dialects.cohere.usage import read_searches
from headworks.dialects.unpacking import losses
from headworks.domain.message import Downgrade, JsonObject
from headworks.domain.ranking import Ranked, RankingAnswer, RankingAsk
from headworks.domain.target import Target

_SHARED = ("max_tokens_per_doc", "priority")
"""Cohere's own fields, where a client that speaks its shape of this endpoint says them."""


class _Result(msgspec.Struct):
    index: int
    relevance_score: float


class _Answer(msgspec.Struct):
    results: list[_Result]
    id: str = ""
    meta: JsonObject | None = None


_ANSWER = msgspec.json.Decoder(_Answer)


def write_ask(wanted: RankingAsk, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
    """The body for `target`, and what could not be said in it. Documents are echoed by us, where the caller wants them."""
    body: JsonObject = {"model": target.model, "query": wanted.query, "documents": wanted.documents}
    if wanted.top is not None:
        body["top_n"] = wanted.top
    body.update({name: wanted.extra[name] for name in _SHARED if wanted.extra.get(name) is not None})
    return msgspec.json.encode(body), tuple(Downgrade(path, LEFT_OUT) for path in losses(wanted.extra) if path not in _SHARED)


def read_answer(body: bytes) -> RankingAnswer:
    """The ranking."""
    answer = _ANSWER.decode(body)
    return RankingAnswer(
        results=tuple(Ranked(result.index, result.relevance_score) for result in answer.results),
        id=answer.id,
        usage=read_searches(answer.meta),
    )
