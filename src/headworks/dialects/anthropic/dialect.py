"""Anthropic's Messages API as one of the house's dialects."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from headworks.dialects.anthropic import ask as asking
from headworks.dialects.anthropic import counting, faults, models_out
from headworks.dialects.anthropic.answer_in import StreamDecoder, read_answer
from headworks.dialects.anthropic.answer_out import write_answer
from headworks.dialects.anthropic.framed import FRAMING, FramedDecoder, FramedWatch
from headworks.dialects.anthropic.request_in import read_request
from headworks.dialects.anthropic.request_out import write_request
from headworks.dialects.anthropic.shaping import shape_message
from headworks.dialects.anthropic.stream_out import StreamEncoder
from headworks.dialects.anthropic.watch import StreamWatch, WholeWatch
from headworks.dialects.anthropic.wire import NAME
from headworks.dialects.sse import is_document
from headworks.dialects.translated import Translated
from headworks.dialects.understood import understood
from headworks.dialects.unsaid import OF_THOUGHTS, STOP_SEQUENCE
from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.events import Event
from headworks.domain.message import Conversation, Downgrade
from headworks.domain.shape import Shape, Shaped
from headworks.domain.snapshot import Listed
from headworks.domain.target import Target
from headworks.domain.where import NOWHERE, Where


class Anthropic:
    """`ports.dialect.Dialect`, with `CountingSpoken`. Stateless; one for all requests."""

    name = NAME
    kinds: frozenset[Kind] = frozenset((Kind.CHAT, Kind.COUNT_TOKENS))
    forward: frozenset[bytes] = frozenset((b"anthropic-version", b"anthropic-beta", b"traceparent", b"tracestate"))
    """Which version and features the client speaks, and its trace. Not what chooses an account or a person at the provider
    (`anthropic-workspace-id`, `anthropic-user-profile-id`): that is the credential's, and so the operator's. Not
    `anthropic-dangerous-direct-browser-access`: no browser talks to the upstream."""
    answer: frozenset[bytes] = frozenset((b"request-id",))
    """The provider's name of the answer, for its support. Not its rate limits: they are of a credential that tenants share, so they would
    mislead one about itself and tell it about the others; the gateway tells its own."""
    says: frozenset[str] = frozenset((STOP_SEQUENCE, *OF_THOUGHTS))

    looks_whole = staticmethod(is_document)

    def read_ask(self, kind: Kind, body: bytes, where: Where = NOWHERE) -> Ask:  # noqa: ARG002 - this dialect says all in the body
        """See `Dialect.read_ask`."""
        return asking.read_ask(kind, body)

    def shape(self, kind: Kind, ask: Ask, shape: Shape) -> Shaped:  # noqa: ARG002 - a question has one shape, whether it is asked or counted
        """See `Front.shape`."""
        return shape_message(ask, shape)

    def patch(self, kind: Kind, ask: Ask, target: Target, cap: int | None) -> bytes:
        """See `Dialect.patch`."""
        return asking.patch(kind, ask, target, cap)

    def untouched(self, kind: Kind, ask: Ask, target: Target) -> StreamWatch | WholeWatch:  # noqa: ARG002 - a count is watched like any whole answer
        """See `Dialect.untouched`."""
        translate = partial(Translated, self, target, self, ask)
        if not ask.stream:
            return WholeWatch(translate, target.hidden)
        watch = FramedWatch if target.quirks.framing == FRAMING else StreamWatch
        return watch(translate, target.hidden)

    def read_request(self, ask: Ask) -> Conversation:
        """See `Dialect.read_request`."""
        return read_request(ask)

    def write_request(self, talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """See `Dialect.write_request`."""
        return write_request(talk, target)

    def read_answer(self, body: bytes, target: Target) -> list[Event]:
        """See `Dialect.read_answer`."""
        return read_answer(body, target.hidden)

    def write_answer(self, events: Sequence[Event], ask: Ask) -> bytes:  # noqa: ARG002 - an Anthropic client gets all there is
        """See `Dialect.write_answer`."""
        return write_answer(events)

    def decoder(self, target: Target) -> StreamDecoder:
        """See `Dialect.decoder`."""
        return (FramedDecoder if target.quirks.framing == FRAMING else StreamDecoder)(target.hidden)

    def encoder(self, ask: Ask) -> StreamEncoder:
        """See `Dialect.encoder`."""
        return StreamEncoder(ask.prompt_tokens)

    def prompt_text(self, kind: Kind, ask: Ask) -> str:  # noqa: ARG002 - a question reads the same whether it is asked or counted
        """See `Dialect.prompt_text`."""
        return asking.prompt_text(ask)

    def read_fault(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Fault:
        """See `Dialect.read_fault`."""
        return faults.read_fault(status, headers, body)

    def write_fault(self, fault: Fault, request_id: str) -> bytes:
        """See `Dialect.write_fault`."""
        return faults.write_fault(fault, request_id)

    def write_fault_event(self, fault: Fault, request_id: str, last: bytes = b"") -> bytes:  # noqa: ARG002 - its events bear no numbers
        """See `Dialect.write_fault_event`."""
        return faults.write_fault_event(fault, request_id)

    def write_models(self, models: Sequence[Listed]) -> bytes:
        """See `Dialect.write_models`."""
        return models_out.write_models(models)

    def write_model(self, model: Listed) -> bytes:
        """See `Dialect.write_model`."""
        return models_out.write_model(model)

    def write_count_ask(self, talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """See `CountingSpoken.write_count_ask`."""
        return counting.write_ask(talk, target)

    def read_count(self, body: bytes, target: Target) -> int:
        """See `CountingSpoken.read_count`."""
        return understood(counting.read_answer, body, target)

    def write_count(self, tokens: int) -> bytes:
        """See `Dialect.write_count`."""
        return msgspec.json.encode({"input_tokens": tokens})
