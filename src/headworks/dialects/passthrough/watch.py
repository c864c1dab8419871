"""An answer that is only carried. Its bytes go on untouched, and what it tells of its own cost is noted."""

from __future__ import annotations

import re

import msgspec

from headworks.dialects.noted import BYTES_PER_TOKEN, Noted
from headworks.dialects.openai_chat.faults import write_fault_event
from headworks.dialects.passthrough.usage import Told
from headworks.dialects.sse import SseParser, WholeEvents
from headworks.domain.call import Ask
from headworks.domain.errors import Fault
from headworks.domain.money import FREE
from headworks.domain.target import Target
from headworks.domain.usage import NO_USAGE

_JSON = re.compile(rb"\s*(?:application/json|[^;\s]+\+json)\s*(?:;|$)", re.IGNORECASE)
_EVENTS = re.compile(rb"\s*text/event-stream\s*(?:;|$)", re.IGNORECASE)
_USAGE = b'"usage'
_ANNOTATED = frozenset(("bbox_annotation_format", "document_annotation_format"))
"""Fields that ask for more of a document than its text."""
_decode = msgspec.json.Decoder().decode


class PassedWatch(Noted):
    """See `ports.interpreter.Expecting`. JSON is fed whole, a stream of events goes on by complete events, all else as it comes."""

    fault: Fault | None

    def __init__(self, target: Target, ask: Ask) -> None:
        super().__init__()
        self._by_tokens = target.price is not None and target.price.output != FREE
        self._told = Told(annotated=not _ANNOTATED.isdisjoint(ask.fields))
        self._whole = False
        self.streams_events = False
        self._events = WholeEvents()

    def expect(self, content_type: bytes) -> bool:
        """See `Expecting.expect`. What has no content type has no content, or is taken for JSON."""
        self.streams_events = _EVENTS.match(content_type) is not None
        self._whole = not content_type or _JSON.match(content_type) is not None
        return self._whole

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`."""
        if self._whole:
            self._hear(data)
        elif self.streams_events:
            data = self._aligned(data)
        if data:
            self.began = True
            self.pieces += 1
            self.content_bytes += len(data)
        return data

    def close(self) -> bytes:
        """See `Relay.close`."""
        self.ended = True
        rest = self._events.close()
        usage = self._told.usage
        if usage is not None:
            self.usage = usage
        elif not self._by_tokens:
            self.usage = NO_USAGE
        return rest

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """See `Relay.fail`. Bytes that are no events have no last words."""
        return write_fault_event(fault, request_id) if self.streams_events else b""

    def estimated_output(self) -> int:
        """A token for four bytes, where tokens are what costs."""
        return self.content_bytes // BYTES_PER_TOKEN if self._by_tokens else 0

    def _aligned(self, data: bytes) -> bytes:
        """The events that are complete by now."""
        try:
            complete = self._events.feed(data)
        except Fault as fault:
            self.fault = fault
            return b""
        if complete and (_USAGE in complete or not self.began):
            for event in SseParser().feed(complete):
                self._hear(event.data)
        return complete

    def _hear(self, data: bytes) -> None:
        try:
            self._told.hear(_decode(data))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return  # `[DONE]`, or words for somebody else
        self.usage = self._told.usage
        self.served_model, self.upstream_id = self._told.model, self._told.id
