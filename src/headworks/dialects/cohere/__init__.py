"""Cohere's language (v2 chat, embed and rerank), as upstreams speak it."""

from __future__ import annotations

from collections.abc import Sequence

from headworks.dialects.cohere import embedding, ranking
from headworks.dialects.cohere.answer import read_answer
from headworks.dialects.cohere.faults import read_fault
from headworks.dialects.cohere.names import NAME
from headworks.dialects.cohere.request import write_request
from headworks.dialects.cohere.stream import StreamDecoder
from headworks.dialects.sse import is_document
from headworks.dialects.understood import understood
from headworks.domain.embedding import EmbeddingAnswer, EmbeddingAsk
from headworks.domain.errors import Fault
from headworks.domain.events import Event
from headworks.domain.message import Conversation, Downgrade
from headworks.domain.ranking import RankingAnswer, RankingAsk
from headworks.domain.target import Target

__all__ = ["Cohere"]


class Cohere:
    """`ports.dialect.Spoken`, with `EmbeddingSpoken` and `RankingSpoken`. Stateless; one for all."""

    name = NAME
    forward: frozenset[bytes] = frozenset((b"traceparent", b"tracestate", b"x-client-name"))
    answer: frozenset[bytes] = frozenset()
    looks_whole = staticmethod(is_document)

    def write_request(self, talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """See `Spoken.write_request`."""
        return write_request(talk, target)

    def read_answer(self, body: bytes, target: Target) -> list[Event]:  # noqa: ARG002 - Cohere has no flavours
        """See `Spoken.read_answer`."""
        return understood(read_answer, body)

    def decoder(self, target: Target) -> StreamDecoder:  # noqa: ARG002 - Cohere has no flavours
        """See `Spoken.decoder`."""
        return StreamDecoder()

    def read_fault(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Fault:
        """See `Spoken.read_fault`."""
        return read_fault(status, headers, body)

    def write_embedding_ask(self, wanted: EmbeddingAsk, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """See `EmbeddingSpoken.write_embedding_ask`."""
        return embedding.write_ask(wanted, target)

    def read_embedding_answer(self, body: bytes, target: Target) -> EmbeddingAnswer:  # noqa: ARG002 - Cohere has no flavours
        """See `EmbeddingSpoken.read_embedding_answer`."""
        return understood(embedding.read_answer, body)

    def write_ranking_ask(self, wanted: RankingAsk, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """See `RankingSpoken.write_ranking_ask`."""
        return ranking.write_ask(wanted, target)

    def read_ranking_answer(self, body: bytes, target: Target) -> RankingAnswer:  # noqa: ARG002 - Cohere has no flavours
        """See `RankingSpoken.read_ranking_answer`."""
        return understood(ranking.read_answer, body)
