"""The relays between two sides that both speak Cohere: bytes pass untouched, and what accounting needs is read in passing.

Of a stream only the first and the last event hold anything to account for. The others are known by what their bytes lack.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from headworks.dialects import watching
from headworks.dialects.cohere.faults import stated_fault, write_fault_event
from headworks.dialects.cohere.names import FAILURES, UNREADABLE
from headworks.dialects.cohere.usage import read_meta, read_usage
from headworks.dialects.noted import BYTES_PER_TOKEN
from headworks.dialects.sse import SseParser, WholeEvents, is_document
from headworks.dialects.translated import Translated, is_report
from headworks.domain.errors import Fault
from headworks.domain.message import JsonObject

FRAME_BYTES = 110
"""Bytes of a delta event around its content."""
_DELTAS = (b'"content-delta"', b'"tool-call-delta"', b'"tool-plan-delta"')
_NOTHING = msgspec.Raw(b"")


class _Delta(msgspec.Struct):
    finish_reason: str | None = None
    usage: JsonObject | None = None
    error: str | None = None


class _Said(msgspec.Struct):
    """What is read of an event, or of a whole answer. `message` is an error's words, or the answer itself."""

    type: str | None = None
    id: str | None = None
    delta: _Delta | None = None
    message: msgspec.Raw = _NOTHING
    finish_reason: str | None = None
    usage: JsonObject | None = None
    embeddings: msgspec.Raw = _NOTHING
    meta: JsonObject | None = None


_DECODER = msgspec.json.Decoder(_Said)


class _Watch(watching.Watch):
    """What both forms note."""

    def _understood(self, data: bytes) -> _Said | None:
        try:
            return _DECODER.decode(data)
        except UNREADABLE as trouble:
            self._break(Fault("upstream_garbage", "The upstream's answer is not what its API promises.", detail=repr(trouble)))
            return None

    def _finish(self, reason: str | None, usage: JsonObject | None, words: str | None) -> None:
        """Why it stopped, and the counts; or that it failed."""
        if reason in FAILURES:
            self._break(stated_fault(f"the answer ended with {reason}: {words or 'no reason given'}", self._secrets))
            return
        self.ended = True
        if usage:
            counted = read_usage(usage)
            self.usage_final = is_report(counted, spoken=self.pieces > 0, final=True)
            self.usage = counted if self.usage_final else None

    def _or_unfinished(self) -> None:
        if not self.ended:
            self._break(self._unfinished())


class WholeWatch(_Watch, watching.WholeWatch):
    """A whole answer, fed in one piece: a message, or vectors."""

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`."""
        if not is_document(data):
            return self._pass_on(data)
        said = self._understood(data)
        if said is None:
            return b""
        if bytes(memoryview(said.message)[:1]) == b"{":
            self.pieces, self.content_bytes = 1, len(data)
            self._finish(said.finish_reason, said.usage, None)
        elif len(said.embeddings):
            self.ended = True
            self.usage = read_meta(said.meta)
            self.usage_final = self.usage is not None
        self.began, self.upstream_id = self.ended, said.id or ""
        self._or_unfinished()
        return data if self.fault is None else b""

    def close(self) -> bytes:
        """See `Relay.close`."""
        self._or_unfinished()
        return b""


class StreamWatch(_Watch):
    """A streamed answer, fed in any cuts. The client gets complete events only, so that an error can always follow."""

    def __init__(self, translate: Callable[[], Translated], secrets: tuple[bytes, ...]) -> None:
        super().__init__(translate, secrets)
        self._events = WholeEvents()
        self._parser = SseParser()
        self._document: list[bytes] = []
        self._unfed = True

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`."""
        if self.fault is not None:
            return b""
        if self._document or (self._unfed and is_document(data)):
            self._document.append(data)
            return b""
        self._unfed = self._unfed and not data.strip()
        try:
            return self._pass(self._events.feed(data))
        except Fault as fault:
            self._break(fault)
            return b""

    def close(self) -> bytes:
        """See `Relay.close`."""
        if self.fault is None and self._document:
            return self._pass_on(b"".join(self._document))
        rest = self._events.close()
        if self.fault is None and rest.strip():
            rest = self._pass(rest + b"\n\n")  # some servers forget the blank line after the last event
        self._or_unfinished()
        return rest if self.fault is None else b""

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """See `Relay.fail`."""
        return write_fault_event(fault, request_id)

    def estimated_output(self) -> int:
        """Output tokens by the size of what was delivered, at least one an event."""
        return max(self.pieces, (self.content_bytes - FRAME_BYTES * self.pieces) // BYTES_PER_TOKEN)

    def _pass(self, data: bytes) -> bytes:
        """The events before one that says that it failed: in whose stead `fail` speaks."""
        pieces = sum(map(data.count, _DELTAS))
        if pieces and pieces == data.count(b"\n\n") and b'"message-' not in data:
            self._note_pieces(pieces, len(data))
            return data
        passed = 0
        for end in watching.event_ends(data):
            for event in self._parser.feed(data[passed:end]):
                self._note(event.data)
            if self.fault is not None:
                break
            passed = end
        return data[:passed]

    def _note(self, data: bytes) -> None:
        if any(mark in data for mark in _DELTAS):
            self._note_pieces(1, len(data))
        elif data.startswith(b"{") and not self.ended:
            said = self._understood(data)
            if said is not None:
                self._note_event(said)

    def _note_event(self, said: _Said) -> None:
        if said.type == "message-start":
            self.upstream_id = said.id or ""
        elif said.type == "message-end":
            delta = said.delta or _Delta()
            self._finish(delta.finish_reason, delta.usage, delta.error)
        elif said.type == "tool-call-start":
            self.began = True
        elif not said.type and len(said.message):
            self._break(stated_fault(bytes(said.message).decode("utf-8", "replace"), self._secrets))

    def _note_pieces(self, count: int, size: int) -> None:
        self.began = True
        self.pieces += count
        self.content_bytes += size
