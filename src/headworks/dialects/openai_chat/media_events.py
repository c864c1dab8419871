"""The relay of a stream of pictures or of speech: events that say their own type, of which the last brings the counts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from headworks.dialects.carried import Carried
from headworks.dialects.openai_chat.decoder import decode_object
from headworks.dialects.openai_chat.faults import fault_in_answer, write_fault_event
from headworks.dialects.sse import SseEvent, SseParser, WholeEvents
from headworks.domain.errors import Fault
from headworks.domain.target import Target
from headworks.domain.usage import Usage

_BOUNDARY = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_LAST = (".completed", ".done")
_BASE64 = 3 / 4
"""Bytes of sound or of a picture that a character stands for."""


class _Said(msgspec.Struct):
    """What is read of an event. A picture is skipped over, not decoded."""

    type: str = ""
    usage: dict[str, Any] | None = None
    error: Any = None


_SAID = msgspec.json.Decoder(_Said)
ReadUsage = Callable[[dict[str, Any] | None], Usage | None]
Estimate = Callable[[int], int]


class MediaEvents(Carried):
    """See `ports.interpreter.Relay`. The client gets complete events only, so an error can always follow.

    `read_usage` makes counts of what a last event says; `estimate` makes output tokens of bytes of media;
    `begun` is what an answer has used at least of which something was seen.
    """

    def __init__(self, target: Target, read_usage: ReadUsage, estimate: Estimate, begun: Usage | None = None) -> None:
        super().__init__()
        self._secrets = target.hidden
        self._read_usage = read_usage
        self._estimate = estimate
        self._begun = begun
        self._told: Usage | None = None
        self._events = WholeEvents()

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`."""
        if self.fault is not None:
            return b""
        try:
            return self._passed(self._events.feed(data))
        except Fault as fault:
            self.fault = fault
            return b""

    def close(self) -> bytes:
        """See `Relay.close`."""
        rest = self._passed(self._events.close()) if self.fault is None else b""
        if not self.ended and self.fault is None:
            self.fault = _unfinished(begun=self.began)
        return rest

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """See `Relay.fail`."""
        return write_fault_event(fault, request_id)

    def estimated_output(self) -> int:
        """See `Relay.estimated_output`."""
        return self._estimate(int(self.content_bytes * _BASE64)) if self.began else 0

    def _passed(self, data: bytes) -> bytes:
        """Complete events, up to one that says that it failed: in whose stead `fail` speaks."""
        passed = 0
        for end in [*(found.end() for found in _BOUNDARY.finditer(data)), len(data)]:
            piece = data[passed:end]
            if piece:
                parser = SseParser()
                for event in [*parser.feed(piece), *parser.close()]:
                    self._see(event)
            if self.fault is not None:
                break
            passed = end
        return data[:passed]

    def _see(self, event: SseEvent) -> None:
        try:
            said = _SAID.decode(event.data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return  # of no concern here: what is not known passes
        if said.error or "error" in (said.type, event.event):
            wire = decode_object(event.data)
            self.fault = fault_in_answer(wire if wire.get("error") else {"error": wire}, self._secrets)
            return
        if not self.began:
            self.began, self.usage = True, self._begun
        self.pieces += 1
        self.content_bytes += len(event.data)
        if (said.type or event.event).endswith(_LAST):
            self._end(said.usage)

    def _end(self, raw: dict[str, Any] | None) -> None:
        """Several pictures come to their ends one by one, and each tells what it took."""
        usage = self._read_usage(raw)
        if usage is not None:
            self._told = usage if self._told is None else self._told + usage
        self.usage = self._told
        self.ended = True
        self.usage_final = self.usage is not None


def _unfinished(*, begun: bool) -> Fault:
    """What an answer without an end is: cut off, or none at all."""
    if begun:
        return Fault("severed", "The upstream's answer broke off before its end.")
    return Fault("upstream_garbage", "The upstream's answer is no stream of events.")
