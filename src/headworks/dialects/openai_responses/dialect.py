"""Responses, as clients and upstreams speak it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from headworks.dialects.carried import Carried
from headworks.dialects.openai_chat.models import write_model, write_models
from headworks.dialects.openai_responses import ask as asking
from headworks.dialects.openai_responses.answer_in import StreamDecoder, read_answer
from headworks.dialects.openai_responses.answer_out import StreamEncoder, write_answer
from headworks.dialects.openai_responses.faults import read_fault, write_fault, write_fault_event
from headworks.dialects.openai_responses.names import ANSWER, FORWARD, NAME
from headworks.dialects.openai_responses.patch import patch
from headworks.dialects.openai_responses.request_in import read_request
from headworks.dialects.openai_responses.request_out import write_request
from headworks.dialects.openai_responses.shaping import shape_response
from headworks.dialects.openai_responses.watch import StreamWatch, WholeWatch
from headworks.dialects.sse import is_document
from headworks.dialects.translated import Translated
from headworks.dialects.unsaid import CITATIONS, LOGPROBS, OF_THOUGHTS
from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.events import Event
from headworks.domain.kind import BY_ID
from headworks.domain.message import Conversation, Downgrade
from headworks.domain.shape import Shape, Shaped
from headworks.domain.snapshot import Listed
from headworks.domain.target import Target
from headworks.domain.where import NOWHERE, Where
from headworks.ports.interpreter import Relay


class OpenAIResponses:
    """`ports.dialect.Dialect` of `/v1/responses` and what is below it. Stateless; one for all."""

    name = NAME
    kinds: frozenset[Kind] = frozenset((Kind.CHAT, Kind.COUNT_TOKENS)) | BY_ID
    forward: frozenset[bytes] = FORWARD
    answer: frozenset[bytes] = ANSWER
    says: frozenset[str] = frozenset((CITATIONS, LOGPROBS, *OF_THOUGHTS))
    looks_whole = staticmethod(is_document)

    def read_ask(self, kind: Kind, body: bytes, where: Where = NOWHERE) -> Ask:  # noqa: ARG002 - this dialect says all in the body
        """See `Dialect.read_ask`."""
        return asking.read_ask(kind, body)

    def shape(self, kind: Kind, ask: Ask, shape: Shape) -> Shaped:  # noqa: ARG002 - a question has one shape, whether it is asked or counted
        """See `Front.shape`."""
        return shape_response(ask, shape)

    def patch(self, kind: Kind, ask: Ask, target: Target, cap: int | None) -> bytes:
        """See `Dialect.patch`."""
        return patch(kind, ask, target, cap)

    def untouched(self, kind: Kind, ask: Ask, target: Target) -> Relay:
        """See `Dialect.untouched`."""
        if kind in BY_ID and not ask.stream:
            return Carried()
        translate = partial(Translated, self, target, self, ask)
        return StreamWatch(translate, target.hidden) if ask.stream else WholeWatch(translate, target.hidden)

    def read_request(self, ask: Ask) -> Conversation:
        """See `Dialect.read_request`."""
        return read_request(ask.fields)

    def write_request(self, talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """See `Dialect.write_request`."""
        return write_request(talk, target)

    def read_answer(self, body: bytes, target: Target) -> list[Event]:
        """See `Dialect.read_answer`."""
        return read_answer(body, target.hidden)

    def write_answer(self, events: Sequence[Event], ask: Ask) -> bytes:
        """See `Dialect.write_answer`."""
        return write_answer(events, ask)

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
        return read_fault(status, headers, body)

    def write_fault(self, fault: Fault, request_id: str) -> bytes:
        """See `Dialect.write_fault`."""
        return write_fault(fault, request_id)

    def write_fault_event(self, fault: Fault, request_id: str, last: bytes = b"") -> bytes:
        """See `Dialect.write_fault_event`."""
        return write_fault_event(fault, request_id, last)

    def write_models(self, models: Sequence[Listed]) -> bytes:
        """See `Dialect.write_models`."""
        return write_models(models)

    def write_model(self, model: Listed) -> bytes:
        """See `Dialect.write_model`."""
        return write_model(model)

    def write_count(self, tokens: int) -> bytes:
        """See `Dialect.write_count`."""
        return msgspec.json.encode({"object": "response.input_tokens", "input_tokens": tokens})
