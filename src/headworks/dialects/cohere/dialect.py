"""Cohere's language as one of the house's dialects."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from headworks.dialects.cohere import ask as asking
from headworks.dialects.cohere import embedding, faults, models_out, ranking
from headworks.dialects.cohere.answer_in import read_answer
from headworks.dialects.cohere.answer_out import write_answer
from headworks.dialects.cohere.names import NAME
from headworks.dialects.cohere.request_in import read_request
from headworks.dialects.cohere.request_out import write_request
from headworks.dialects.cohere.shaping import shape_chat
from headworks.dialects.cohere.stream_in import StreamDecoder
from headworks.dialects.cohere.stream_out import StreamEncoder
from headworks.dialects.cohere.watch import StreamWatch, WholeWatch
from headworks.dialects.sse import is_document
from headworks.dialects.translated import Translated
from headworks.dialects.understood import understood
from headworks.dialects.unsaid import CITATIONS, LOGPROBS, OF_THOUGHTS
from headworks.domain.call import Ask, Kind
from headworks.domain.embedding import EmbeddingAnswer, EmbeddingAsk
from headworks.domain.errors import Fault
from headworks.domain.events import Event
from headworks.domain.message import Conversation, Downgrade
from headworks.domain.ranking import RankingAnswer, RankingAsk
from headworks.domain.shape import Shape, Shaped
from headworks.domain.snapshot import Listed
from headworks.domain.target import Target
from headworks.domain.where import NOWHERE, Where


class Cohere:
    """`ports.dialect.Dialect`, with `EmbeddingFront`, `EmbeddingSpoken` and `RankingSpoken`. Stateless; one for all."""

    name = NAME
    kinds: frozenset[Kind] = frozenset((Kind.CHAT, Kind.EMBEDDINGS))
    forward: frozenset[bytes] = frozenset((b"traceparent", b"tracestate", b"x-client-name"))
    answer: frozenset[bytes] = frozenset()
    says: frozenset[str] = frozenset((CITATIONS, LOGPROBS, *OF_THOUGHTS))

    looks_whole = staticmethod(is_document)

    def read_ask(self, kind: Kind, body: bytes, where: Where = NOWHERE) -> Ask:  # noqa: ARG002 - this dialect says all in the body
        """See `Dialect.read_ask`."""
        return asking.read_ask(kind, body)

    def shape(self, kind: Kind, ask: Ask, shape: Shape) -> Shaped:  # noqa: ARG002 - a question has one shape, whether it is asked or counted
        """See `Front.shape`."""
        return shape_chat(ask, shape)

    def patch(self, kind: Kind, ask: Ask, target: Target, cap: int | None) -> bytes:
        """See `Dialect.patch`."""
        return asking.patch(kind, ask, target, cap)

    def untouched(self, kind: Kind, ask: Ask, target: Target) -> StreamWatch | WholeWatch:  # noqa: ARG002 - vectors are watched like any whole answer
        """See `Dialect.untouched`."""
        watch = StreamWatch if ask.stream else WholeWatch
        return watch(partial(Translated, self, target, self, ask), target.hidden)

    def read_request(self, ask: Ask) -> Conversation:
        """See `Dialect.read_request`."""
        return read_request(ask)

    def write_request(self, talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """See `Dialect.write_request`."""
        return write_request(talk, target)

    def read_answer(self, body: bytes, target: Target) -> list[Event]:  # noqa: ARG002 - Cohere has no flavours
        """See `Dialect.read_answer`."""
        return understood(read_answer, body)

    def write_answer(self, events: Sequence[Event], ask: Ask) -> bytes:  # noqa: ARG002 - a Cohere client gets all there is
        """See `Dialect.write_answer`."""
        return write_answer(events)

    def decoder(self, target: Target) -> StreamDecoder:  # noqa: ARG002 - Cohere has no flavours
        """See `Dialect.decoder`."""
        return StreamDecoder()

    def encoder(self, ask: Ask) -> StreamEncoder:  # noqa: ARG002 - a Cohere client gets all there is
        """See `Dialect.encoder`."""
        return StreamEncoder()

    def prompt_text(self, kind: Kind, ask: Ask) -> str:  # noqa: ARG002 - what is read of a request, its fields say
        """See `Dialect.prompt_text`."""
        return asking.prompt_text(ask)

    def read_fault(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Fault:
        """See `Dialect.read_fault`."""
        return faults.read_fault(status, headers, body)

    def write_fault(self, fault: Fault, request_id: str) -> bytes:
        """See `Dialect.write_fault`."""
        return faults.write_fault(fault, request_id)

    def write_fault_event(self, fault: Fault, request_id: str, last: bytes = b"") -> bytes:  # noqa: ARG002 - its last event bears no number
        """See `Dialect.write_fault_event`."""
        return faults.write_fault_event(fault, request_id)

    def write_models(self, models: Sequence[Listed]) -> bytes:
        """See `Dialect.write_models`."""
        return models_out.write_models(models)

    def write_model(self, model: Listed) -> bytes:
        """See `Dialect.write_model`."""
        return models_out.write_model(model)

    def write_count(self, tokens: int) -> bytes:
        """See `Dialect.write_count`. Cohere counts by telling the tokens, which no estimate can: it is asked for none here."""
        return msgspec.json.encode({"meta": {"billed_units": {"input_tokens": tokens}}})

    def read_embedding_ask(self, ask: Ask) -> EmbeddingAsk:
        """See `EmbeddingFront.read_embedding_ask`."""
        return embedding.read_ask(ask.fields)

    def write_embedding_answer(self, answer: EmbeddingAnswer, wanted: EmbeddingAsk) -> bytes:
        """See `EmbeddingFront.write_embedding_answer`."""
        return embedding.write_answer(answer, wanted)

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
