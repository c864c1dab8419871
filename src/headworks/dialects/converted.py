"""The relay of whole answers that are no conversation (vectors, rankings), from one language to another."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from headworks.dialects.noted import Noted
from headworks.dialects.understood import understood
from headworks.domain.errors import Fault
from headworks.domain.usage import Usage


class Conversion(msgspec.Struct, frozen=True):
    """What became of an upstream's answer: the client's bytes, and what accounting needs of it."""

    body: bytes
    usage: Usage | None = None
    model: str = ""
    id: str = ""


class Converted(Noted):
    """See `ports.interpreter.Relay`. Fed once, with all of it."""

    fault: Fault | None

    def __init__(self, convert: Callable[[bytes], Conversion]) -> None:
        super().__init__()
        self._convert = convert

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`."""
        try:
            done = understood(self._convert, data)
        except Fault as fault:
            self.fault = fault
            return b""
        self.began = self.ended = True
        self.usage, self.usage_final = done.usage, done.usage is not None
        self.served_model, self.upstream_id = done.model, done.id
        return done.body

    def close(self) -> bytes:
        """See `Relay.close`."""
        if not self.ended and self.fault is None:
            self.fault = Fault("severed", "The upstream's answer broke off before its end.")
        return b""

    def fail(self, fault: Fault, request_id: str) -> bytes:  # noqa: ARG002 - a whole answer has no last words
        """See `Relay.fail`."""
        return b""

    def estimated_output(self) -> int:
        """Vectors and rankings have no output that is billed."""
        return 0
