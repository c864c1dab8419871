"""OpenAI's Chat Completions language, and that of the many who speak it too. Completions are carried and counted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from headworks.dialects.openai_chat import embedding, media, ranking
from headworks.dialects.openai_chat.answer import write_answer
from headworks.dialects.openai_chat.ask import read_ask
from headworks.dialects.openai_chat.decoder import StreamDecoder, read_answer
from headworks.dialects.openai_chat.encoder import StreamEncoder
from headworks.dialects.openai_chat.faults import read_fault, write_fault, write_fault_event
from headworks.dialects.openai_chat.models import write_model, write_models
from headworks.dialects.openai_chat.names import ANSWER, FORWARD, NAME
from headworks.dialects.openai_chat.patch import patch
from headworks.dialects.openai_chat.prompt import prompt_text
from headworks.dialects.openai_chat.read_request import read_request
from headworks.dialects.openai_chat.shaping import shape_chat, shape_completion
from headworks.dialects.openai_chat.watch import StreamWatch
from headworks.dialects.openai_chat.whole_watch import WholeWatch
from headworks.dialects.openai_chat.write_request import write_request
from headworks.dialects.sse import is_document
from headworks.dialects.translated import Translated
from headworks.dialects.unsaid import CITATIONS, LOGPROBS, OF_THOUGHTS
from headworks.domain.call import Ask, Kind
from headworks.domain.embedding import EmbeddingAnswer, EmbeddingAsk
from headworks.domain.errors import Fault
from headworks.domain.events import Event
from headworks.domain.message import Conversation, Downgrade
from headworks.domain.ranking import RankingAnswer, RankingAsk
from headworks.domain.shape import Shape, Shaped
from headworks.domain.snapshot import Listed
from headworks.domain.target import AskedModel, Target
from headworks.domain.where import NOWHERE, Where
from headworks.ports.dialect import Decoder, Encoder
from headworks.ports.interpreter import Relay

__all__ = ["OpenAIChat"]

LIVE = frozenset(("audio", "audio_out"))
"""What a conversation in real time may come to use."""


class OpenAIChat:
    """`ports.dialect.Dialect` of `/v1/chat/completions`, `/v1/completions`, `/v1/embeddings`, `/v1/rerank`, `/v1/moderations`,
    `/v1/images/generations` and `/v1/audio/speech`. Stateless; one for all.
    """

    name = NAME
    kinds: frozenset[Kind] = frozenset(
        (
            *(Kind.CHAT, Kind.COMPLETIONS, Kind.EMBEDDINGS, Kind.RERANK, Kind.MODERATIONS, Kind.REALTIME),
            *media.KINDS,
        )
    )
    forward: frozenset[bytes] = FORWARD
    answer: frozenset[bytes] = ANSWER
    says: frozenset[str] = frozenset((CITATIONS, LOGPROBS, *OF_THOUGHTS))
    looks_whole = staticmethod(is_document)

    def read_ask(self, kind: Kind, body: bytes, where: Where = NOWHERE) -> Ask:
        """See `Dialect.read_ask`. Only a conversation in real time says its model in the address."""
        if kind is Kind.REALTIME:
            return Ask(model=AskedModel(where.subject), stream=True, features=LIVE)
        return read_ask(kind, body)

    def shape(self, kind: Kind, ask: Ask, shape: Shape) -> Shaped:
        """See `Front.shape`."""
        return shape_chat(ask, shape) if kind is Kind.CHAT else shape_completion(ask, shape)

    def patch(self, kind: Kind, ask: Ask, target: Target, cap: int | None) -> bytes:
        """See `Dialect.patch`."""
        return patch(kind, ask, target, cap)

    def untouched(self, kind: Kind, ask: Ask, target: Target) -> Relay:
        """See `Dialect.untouched`."""
        if kind in media.KINDS:
            return media.media_relay(kind, ask, target)
        translate = partial(Translated, self, target, self, ask) if kind is Kind.CHAT else None
        if not ask.stream:
            return WholeWatch(target, translate)
        content = b'"delta":' if kind is Kind.CHAT else b'"text":'
        return StreamWatch(content, target, translate, hide=target.quirks.stream_usage and not ask.include_usage)

    def read_request(self, ask: Ask) -> Conversation:
        """See `Dialect.read_request`."""
        return read_request(ask.fields)

    def write_request(self, talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """See `Dialect.write_request`."""
        return write_request(talk, target)

    def read_answer(self, body: bytes, target: Target) -> list[Event]:
        """See `Dialect.read_answer`."""
        return read_answer(body, target.quirks, target.hidden)

    def write_answer(self, events: Sequence[Event], ask: Ask) -> bytes:
        """See `Dialect.write_answer`."""
        return write_answer(events, ask.asked_at)

    def decoder(self, target: Target) -> Decoder:
        """See `Dialect.decoder`."""
        return StreamDecoder(target.quirks, target.hidden)

    def encoder(self, ask: Ask) -> Encoder:
        """See `Dialect.encoder`."""
        return StreamEncoder(ask)

    def read_embedding_ask(self, ask: Ask) -> EmbeddingAsk:
        """See `EmbeddingFront.read_embedding_ask`."""
        return embedding.read_ask(ask.fields)

    def write_embedding_ask(self, wanted: EmbeddingAsk, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """See `EmbeddingSpoken.write_embedding_ask`."""
        return embedding.write_ask(wanted, target)

    def read_embedding_answer(self, body: bytes, target: Target) -> EmbeddingAnswer:
        """See `EmbeddingSpoken.read_embedding_answer`."""
        return embedding.read_answer(body, target)

    def write_embedding_answer(self, answer: EmbeddingAnswer, wanted: EmbeddingAsk) -> bytes:
        """See `EmbeddingFront.write_embedding_answer`."""
        return embedding.write_answer(answer, wanted)

    def read_ranking_ask(self, ask: Ask) -> RankingAsk:
        """See `RankingFront.read_ranking_ask`."""
        return ranking.read_ask(ask.fields)

    def write_ranking_answer(self, answer: RankingAnswer, wanted: RankingAsk) -> bytes:
        """See `RankingFront.write_ranking_answer`."""
        return ranking.write_answer(answer, wanted)

    def prompt_text(self, kind: Kind, ask: Ask) -> str:
        """See `Dialect.prompt_text`."""
        return prompt_text(kind, ask)

    def read_fault(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Fault:
        """See `Dialect.read_fault`."""
        return read_fault(status, headers, body)

    def write_fault(self, fault: Fault, request_id: str) -> bytes:
        """See `Dialect.write_fault`."""
        return write_fault(fault, request_id)

    def write_fault_event(self, fault: Fault, request_id: str, last: bytes = b"") -> bytes:  # noqa: ARG002 - its events bear no numbers
        """See `Dialect.write_fault_event`."""
        return write_fault_event(fault, request_id)

    def write_models(self, models: Sequence[Listed]) -> bytes:
        """See `Dialect.write_models`."""
        return write_models(models)

    def write_model(self, model: Listed) -> bytes:
        """See `Dialect.write_model`."""
        return write_model(model)

    def write_count(self, tokens: int) -> bytes:
        """See `Dialect.write_count`. OpenAI's language has no such endpoint; its Responses sibling counts so."""
        return msgspec.json.encode({"object": "response.input_tokens", "input_tokens": tokens})
