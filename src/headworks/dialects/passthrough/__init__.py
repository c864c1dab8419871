"""What is carried without being understood: bodies and answers of any shape, of which only the model, sizes and counts are looked for."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headworks.dialects.fields import write_fields
from headworks.dialects.openai_chat import OpenAIChat
from headworks.dialects.passthrough.ask import NAME, prompt_text, read_ask
from headworks.dialects.passthrough.watch import PassedWatch
from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.target import Target
from headworks.domain.where import NOWHERE, Where

__all__ = ["PassThroughDialect"]


class PassThroughDialect(OpenAIChat):
    """`ports.dialect.Dialect` of `/passthrough/…`. What the gateway itself has to say there, it says as OpenAI would."""

    name = NAME
    kinds: frozenset[Kind] = frozenset((Kind.PASSTHROUGH,))
    forward: frozenset[bytes] = frozenset((b"accept", b"traceparent", b"tracestate"))
    """Beside those that a passage names. Not `idempotency-key`: a provider that heeds it would give one tenant's answer to another."""
    answer: frozenset[bytes] = frozenset((b"content-type", b"content-disposition"))

    def read_ask(self, kind: Kind, body: bytes, where: Where = NOWHERE) -> Ask:  # noqa: ARG002 - all is said in the body, or nowhere
        """See `Dialect.read_ask`. A body need not name a model, nor be there."""
        return read_ask(body)

    def patch(self, kind: Kind, ask: Ask, target: Target, cap: int | None) -> bytes:  # noqa: ARG002 - nobody knows what would lower it
        """See `Dialect.patch`: nothing but the model, where the body names one."""
        return write_fields({**ask.fields, "model": target.model} if "model" in ask.fields else ask.fields)

    def untouched(self, kind: Kind, ask: Ask, target: Target) -> PassedWatch:  # noqa: ARG002 - answers are known by their content type
        """See `Dialect.untouched`."""
        return PassedWatch(target, ask)

    def prompt_text(self, kind: Kind, ask: Ask) -> str:  # noqa: ARG002 - there is but one kind
        """See `Dialect.prompt_text`."""
        return prompt_text(ask)

    def read_fault(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Fault:
        """See `Dialect.read_fault`. The provider's words go on as they are, whatever its language."""
        fault = super().read_fault(status, headers, body)
        if fault.said is not None:
            fault.said = msgspec.structs.replace(fault.said, dialect=NAME)
        return fault
