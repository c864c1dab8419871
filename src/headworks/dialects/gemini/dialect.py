"""Gemini's language as one of the house's dialects."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from headworks.dialects.gemini import ask as asking
from headworks.dialects.gemini import embedding, faults, models_out, vertex_embedding
from headworks.dialects.gemini.answer_in import StreamDecoder, read_answer
from headworks.dialects.gemini.answer_out import StreamEncoder, write_answer
from headworks.dialects.gemini.request_in import read_request
from headworks.dialects.gemini.request_out import write_request
from headworks.dialects.gemini.shaping import shape_content
from headworks.dialects.gemini.watch import StreamWatch, WholeWatch
from headworks.dialects.gemini.wire import NAME
from headworks.dialects.sse import is_document
from headworks.dialects.translated import Translated
from headworks.dialects.unsaid import CITATIONS, LOGPROBS, OF_THOUGHTS
from headworks.domain.call import Ask, Kind
from headworks.domain.embedding import EmbeddingAnswer, EmbeddingAsk
from headworks.domain.errors import Fault
from headworks.domain.events import Event
from headworks.domain.message import Conversation, Downgrade
from headworks.domain.shape import Shape, Shaped
from headworks.domain.snapshot import Listed
from headworks.domain.target import Target
from headworks.domain.where import NOWHERE, Where
from headworks.ports.interpreter import Relay


class Gemini:
    """`ports.dialect.Dialect` and `ports.dialect.Embedding`. Stateless; one for all requests."""

    name = NAME
    kinds: frozenset[Kind] = frozenset((Kind.CHAT, Kind.COUNT_TOKENS, Kind.EMBEDDINGS))
    forward: frozenset[bytes] = frozenset((b"traceparent", b"tracestate"))
    """Its trace. Not `x-goog-user-project` and its like: what account pays at Google is the operator's to say."""
    answer: frozenset[bytes] = frozenset()
    says: frozenset[str] = frozenset((CITATIONS, LOGPROBS, *OF_THOUGHTS))

    looks_whole = staticmethod(is_document)

    def read_ask(self, kind: Kind, body: bytes, where: Where = NOWHERE) -> Ask:
        """See `Dialect.read_ask`."""
        return asking.read_ask(kind, body, where)

    def shape(self, kind: Kind, ask: Ask, shape: Shape) -> Shaped:  # noqa: ARG002 - a question has one shape, whether it is asked or counted
        """See `Front.shape`."""
        return shape_content(ask, shape)

    def patch(self, kind: Kind, ask: Ask, target: Target, cap: int | None) -> bytes:
        """See `Dialect.patch`. Vectors are asked for by the batch, whichever of the two ways the caller used."""
        if kind is Kind.EMBEDDINGS:
            return embedding.as_batch(asking.patch(ask, target, None), target)
        return asking.patch(ask, target, cap if kind is Kind.CHAT else None)

    def untouched(self, kind: Kind, ask: Ask, target: Target) -> Relay:
        """See `Dialect.untouched`."""
        translate = partial(Translated, self, target, self, ask)
        if ask.stream:
            return StreamWatch(target.hidden, translate, ask.form)
        single = kind is Kind.EMBEDDINGS and "content" in ask.fields
        return WholeWatch(target.hidden, translate, embedding.as_single if single else bytes)

    def read_request(self, ask: Ask) -> Conversation:
        """See `Dialect.read_request`."""
        return read_request(ask)

    def write_request(self, talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """See `Dialect.write_request`."""
        return write_request(talk, target)

    def read_answer(self, body: bytes, target: Target) -> list[Event]:
        """See `Dialect.read_answer`."""
        return read_answer(body, target.hidden)

    def write_answer(self, events: Sequence[Event], ask: Ask) -> bytes:  # noqa: ARG002 - a Gemini client gets all there is
        """See `Dialect.write_answer`."""
        return write_answer(events)

    def decoder(self, target: Target) -> StreamDecoder:
        """See `Dialect.decoder`."""
        return StreamDecoder(target.hidden)

    def encoder(self, ask: Ask) -> StreamEncoder:
        """See `Dialect.encoder`."""
        return StreamEncoder(ask)

    def prompt_text(self, kind: Kind, ask: Ask) -> str:  # noqa: ARG002 - a question reads the same whether it is asked or counted
        """See `Dialect.prompt_text`."""
        return asking.prompt_text(ask)

    def read_fault(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Fault:
        """See `Dialect.read_fault`."""
        return faults.read_fault(status, headers, body)

    def write_fault(self, fault: Fault, request_id: str) -> bytes:
        """See `Dialect.write_fault`."""
        return faults.write_fault(fault, request_id)

    def write_fault_event(self, fault: Fault, request_id: str, last: bytes = b"") -> bytes:
        """See `Dialect.write_fault_event`."""
        return faults.write_fault_event(fault, request_id, last)

    def write_models(self, models: Sequence[Listed]) -> bytes:
        """See `Dialect.write_models`."""
        return models_out.write_models(models)

    def write_model(self, model: Listed) -> bytes:
        """See `Dialect.write_model`."""
        return models_out.write_model(model)

    def write_count(self, tokens: int) -> bytes:
        """See `Dialect.write_count`."""
        return msgspec.json.encode({"totalTokens": tokens})

    def read_embedding_ask(self, ask: Ask) -> EmbeddingAsk:
        """See `Embedding.read_embedding_ask`."""
        return embedding.read_ask(ask)

    def write_embedding_ask(self, wanted: EmbeddingAsk, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """See `Embedding.write_embedding_ask`."""
        return (vertex_embedding if target.quirks.vectors_by else embedding).write_ask(wanted, target)

    def read_embedding_answer(self, body: bytes, target: Target) -> EmbeddingAnswer:
        """See `Embedding.read_embedding_answer`."""
        if target.quirks.vectors_by:
            return vertex_embedding.read_answer(body, target)
        return embedding.read_answer(body, target.hidden)

    def write_embedding_answer(self, answer: EmbeddingAnswer, wanted: EmbeddingAsk) -> bytes:
        """See `Embedding.write_embedding_answer`."""
        return embedding.write_answer(answer, wanted)
