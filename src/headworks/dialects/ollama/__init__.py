"""Ollama's own language (`/api/chat`, `/api/embed`), as upstreams speak it."""

from __future__ import annotations

from collections.abc import Sequence

from headworks.dialects.ollama import embedding
from headworks.dialects.ollama.answer import StreamDecoder, read_answer
from headworks.dialects.ollama.faults import read_fault
from headworks.dialects.ollama.names import NAME
from headworks.dialects.ollama.request import write_request
from headworks.dialects.understood import understood
from headworks.domain.embedding import EmbeddingAnswer, EmbeddingAsk
from headworks.domain.errors import Fault
from headworks.domain.events import Event
from headworks.domain.message import Conversation, Downgrade
from headworks.domain.target import Target

__all__ = ["Ollama"]


class Ollama:
    """`ports.dialect.Spoken`, with `EmbeddingSpoken`. Stateless; one for all."""

    name = NAME
    forward: frozenset[bytes] = frozenset((b"traceparent", b"tracestate"))
    answer: frozenset[bytes] = frozenset()

    def looks_whole(self, data: bytes) -> bool:  # noqa: ARG002 - a whole answer is a stream of one line
        """See `Spoken.looks_whole`."""
        return False

    def write_request(self, talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """See `Spoken.write_request`."""
        return write_request(talk, target)

    def read_answer(self, body: bytes, target: Target) -> list[Event]:  # noqa: ARG002 - Ollama has no flavours
        """See `Spoken.read_answer`."""
        return understood(read_answer, body)

    def decoder(self, target: Target) -> StreamDecoder:  # noqa: ARG002 - Ollama has no flavours
        """See `Spoken.decoder`."""
        return StreamDecoder()

    def read_fault(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Fault:
        """See `Spoken.read_fault`."""
        return read_fault(status, headers, body)

    def write_embedding_ask(self, wanted: EmbeddingAsk, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """See `EmbeddingSpoken.write_embedding_ask`."""
        return embedding.write_ask(wanted, target)

    def read_embedding_answer(self, body: bytes, target: Target) -> EmbeddingAnswer:  # noqa: ARG002 - Ollama has no flavours
        """See `EmbeddingSpoken.read_embedding_answer`."""
        return understood(embedding.read_answer, body)
