"""AWS Bedrock's Converse API as one of the house's languages. Upstreams alone speak it."""

from __future__ import annotations

from collections.abc import Sequence

from headworks.dialects.aws_faults import read_aws_fault
from headworks.dialects.bedrock.answer import StreamDecoder, read_answer
from headworks.dialects.bedrock.request import write_request
from headworks.dialects.bedrock.wire import NAME
from headworks.dialects.sse import is_document
from headworks.domain.errors import Fault
from headworks.domain.events import Event
from headworks.domain.message import Conversation, Downgrade
from headworks.domain.target import Target


class Bedrock:
    """`ports.dialect.Spoken`. Stateless; one for all requests."""

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
