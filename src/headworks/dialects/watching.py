"""What relays have in common that let bytes pass untouched, and note in passing what accounting needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from headworks.dialects.noted import BYTES_PER_TOKEN, Noted
from headworks.dialects.translated import Translated
from headworks.domain.errors import Fault

_BOUNDARY = re.compile(rb"\r\n\r\n|\n\n|\r\r")


class Watch(Noted):
    """See `ports.interpreter.Relay`. An answer of the form that was not asked for is left to what `translate` makes."""

    __slots__ = ("_secrets", "_translate")

    fault: Fault | None

    def __init__(self, translate: Callable[[], Translated], secrets: tuple[bytes, ...]) -> None:
        super().__init__()
        self._translate = translate
        self._secrets = secrets

    def _pass_on(self, data: bytes) -> bytes:
        relay = self._translate()
        out = relay.feed(data) + relay.close()
        self.adopt(relay)
        if relay.fault is not None:
            self._break(relay.fault if relay.fault.code != "severed" else self._unfinished())
        return out if self.fault is None else b""

    def _break(self, fault: Fault) -> None:
        """The first fault counts."""
        self.fault = self.fault or fault

    def _unfinished(self) -> Fault:
        """What an answer without an end is: cut off, or none at all."""
        if self.began or self.upstream_id:
            return Fault("severed", "The upstream's answer broke off before its end.")
        return Fault("upstream_garbage", "The upstream's answer is neither a message nor a stream of events.")


class WholeWatch(Watch):
    """Of a whole answer, which has not begun before it is complete."""

    __slots__ = ()

    def fail(self, fault: Fault, request_id: str) -> bytes:  # noqa: ARG002 - nothing has been said that could be broken off
        """See `Relay.fail`."""
        return b""

    def estimated_output(self) -> int:
        """See `Relay.estimated_output`."""
        return self.content_bytes // BYTES_PER_TOKEN


def event_ends(data: bytes) -> Iterator[int]:
    """Where each of complete events ends."""
    return (found.end() for found in _BOUNDARY.finditer(data))
