"""Ollama's own language as one of the house's dialects."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headworks.dialects.ollama import ask as asking
from headworks.dialects.ollama import embedding, faults, models_out
from headworks.dialects.ollama.answer_in import StreamDecoder, read_answer
from headworks.dialects.ollama.answer_out import Now, StreamEncoder, write_answer
from headworks.dialects.ollama.names import NAME
from headworks.dialects.ollama.request_in import read_request
from headworks.dialects.ollama.request_out import write_request
from headworks.dialects.ollama.shaping import shape_chat
from headworks.dialects.ollama.watch import StreamWatch, WholeWatch
from headworks.dialects.understood import understood
from headworks.dialects.unsaid import LOGPROBS
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


class Ollama:
    """`ports.dialect.Dialect`, `EmbeddingFront` and `EmbeddingSpoken`. Stateless; one for all. Without `now` it tells no durations."""

    name = NAME
    kinds: frozenset[Kind] = frozenset((Kind.CHAT, Kind.EMBEDDINGS))
    forward: frozenset[bytes] = frozenset((b"traceparent", b"tracestate"))
    answer: frozenset[bytes] = frozenset()
    says: frozenset[str] = frozenset((LOGPROBS,))

    def __init__(self, now: Now | None = None) -> None:
        self._now = now

    def looks_whole(self, data: bytes) -> bool:  # noqa: ARG002 - a whole answer is a stream of one line
        """See `Spoken.looks_whole`."""
        return False

    def read_ask(self, kind: Kind, body: bytes, where: Where = NOWHERE) -> Ask:
        """See `Front.read_ask`."""
        return asking.read_ask(kind, body, where)

    def shape(self, kind: Kind, ask: Ask, shape: Shape) -> Shaped:  # noqa: ARG002 - a question has one shape, whether it is asked or counted
        """See `Front.shape`."""
        return shape_chat(ask, shape)

    def patch(self, kind: Kind, ask: Ask, target: Target, cap: int | None) -> bytes:
        """See `Dialect.patch`."""
        return asking.patch(kind, ask, target, cap)

    def untouched(self, kind: Kind, ask: Ask, target: Target) -> Relay:
        """See `Dialect.untouched`."""
        if ask.stream:
            return StreamWatch(target.hidden)
        old = kind is Kind.EMBEDDINGS and asking.is_old(ask)
        return WholeWatch(target.hidden, embedding.as_old if old else bytes)

    def read_request(self, ask: Ask) -> Conversation:
        """See `Front.read_request`."""
        return read_request(ask)

    def write_request(self, talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """See `Spoken.write_request`."""
        return write_request(talk, target)

    def read_answer(self, body: bytes, target: Target) -> list[Event]:  # noqa: ARG002 - Ollama has no flavours
        """See `Spoken.read_answer`."""
        return understood(read_answer, body)

    def write_answer(self, events: Sequence[Event], ask: Ask) -> bytes:
        """See `Front.write_answer`."""
        return write_answer(events, ask, self._now)

    def decoder(self, target: Target) -> StreamDecoder:  # noqa: ARG002 - Ollama has no flavours
        """See `Spoken.decoder`."""
        return StreamDecoder()

    def encoder(self, ask: Ask) -> StreamEncoder:
        """See `Front.encoder`."""
        return StreamEncoder(ask, self._now)

    def prompt_text(self, kind: Kind, ask: Ask) -> str:  # noqa: ARG002 - a question reads the same whatever is asked
        """See `Front.prompt_text`."""
        return asking.prompt_text(ask)

    def read_fault(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Fault:
        """See `Spoken.read_fault`."""
        return faults.read_fault(status, headers, body)

    def write_fault(self, fault: Fault, request_id: str) -> bytes:  # noqa: ARG002 - an error here is but words
        """See `Front.write_fault`."""
        return faults.write_fault(fault)

    def write_fault_event(self, fault: Fault, request_id: str, last: bytes = b"") -> bytes:  # noqa: ARG002 - likewise
        """See `Front.write_fault_event`."""
        return faults.write_fault_line(fault)

    def write_models(self, models: Sequence[Listed]) -> bytes:
        """See `Front.write_models`."""
        return models_out.write_models(models)

    def write_model(self, model: Listed) -> bytes:
        """See `Front.write_model`."""
        return models_out.write_model(model)

    def write_count(self, tokens: int) -> bytes:
        """See `Front.write_count`. No path asks for it."""
        return msgspec.json.encode({"prompt_eval_count": tokens})

    def read_embedding_ask(self, ask: Ask) -> EmbeddingAsk:
        """See `EmbeddingFront.read_embedding_ask`."""
        return embedding.read_ask(ask)

    def write_embedding_ask(self, wanted: EmbeddingAsk, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """See `EmbeddingSpoken.write_embedding_ask`."""
        return embedding.write_ask(wanted, target)

    def read_embedding_answer(self, body: bytes, target: Target) -> EmbeddingAnswer:  # noqa: ARG002 - Ollama has no flavours
        """See `EmbeddingSpoken.read_embedding_answer`."""
        return understood(embedding.read_answer, body)

    def write_embedding_answer(self, answer: EmbeddingAnswer, wanted: EmbeddingAsk) -> bytes:
        """See `EmbeddingFront.write_embedding_answer`."""
        return embedding.write_answer(answer, wanted)
