"""AWS Bedrock's Converse API as one of the house's languages, with its counts and vectors. Upstreams alone speak it."""

from __future__ import annotations

from collections.abc import Sequence

from headworks.dialects.aws_faults import read_aws_fault
from headworks.dialects.bedrock import counting, embedding
from headworks.dialects.bedrock.answer import StreamDecoder, read_answer
from headworks.dialects.bedrock.request import write_request
from headworks.dialects.bedrock.wire import NAME
from headworks.dialects.sse import is_document
from headworks.dialects.understood import understood
from headworks.domain.embedding import EmbeddingAnswer, EmbeddingAsk
from headworks.domain.errors import Fault
from headworks.domain.events import Event
from headworks.domain.message import Conversation, Downgrade
from headworks.domain.target import Target


class Bedrock:
    """`ports.dialect.Spoken`, with `CountingSpoken` and `EmbeddingSpoken`. Stateless; one for all requests."""

    name = NAME
    forward: frozenset[bytes] = frozenset((b"traceparent", b"tracestate"))
    answer: frozenset[bytes] = frozenset()

    looks_whole = staticmethod(is_document)

    def write_request(self, talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """See `Spoken.write_request`."""
        return write_request(talk, target)

    def read_answer(self, body: bytes, target: Target) -> list[Event]:
        """See `Spoken.read_answer`."""
        return read_answer(body, target.model)

    def decoder(self, target: Target) -> StreamDecoder:
        """See `Spoken.decoder`."""
        return StreamDecoder(target.model)

    def read_fault(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Fault:
        """See `Spoken.read_fault`."""
        return read_aws_fault(status, headers, body)

    def write_count_ask(self, talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """See `CountingSpoken.write_count_ask`."""
        return counting.write_ask(talk, target)

    def read_count(self, body: bytes, target: Target) -> int:  # noqa: ARG002 - all models are counted for alike
        """See `CountingSpoken.read_count`."""
        return understood(counting.read_answer, body)

    def write_embedding_ask(self, wanted: EmbeddingAsk, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """See `EmbeddingSpoken.write_embedding_ask`."""
        return embedding.write_ask(wanted, target)

    def read_embedding_answer(self, body: bytes, target: Target) -> EmbeddingAnswer:
        """See `EmbeddingSpoken.read_embedding_answer`."""
        return understood(embedding.read_answer, body, target)
