"""The relay between two sides that both speak Anthropic: the bytes pass untouched, and what accounting needs is read in passing.

Only a stream's first and last events hold anything to account for. The others are recognised by what their bytes lack, without being
parsed: that costs about a microsecond a chunk.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from headworks.dialects import watching
from headworks.dialects.anthropic.faults import stated_fault, write_fault_event
from headworks.dialects.anthropic.usage import Counts, read_counts, read_usage
from headworks.dialects.anthropic.wire import UNREADABLE
from headworks.dialects.noted import BYTES_PER_TOKEN
from headworks.dialects.sse import MAX_EVENT_BYTES, SseEvent, SseParser, is_document
from headworks.dialects.translated import Translated, is_report
from headworks.domain.errors import Fault

FRAME_BYTES = 130
"""Bytes of a delta event around its content."""

_CONTENT = b'"content_block_delta"'
_BLANKS = (b"\n\n", b"\r\n\r\n", b"\r\r")

_ABSENT = msgspec.Raw(b"")


class _Head(msgspec.Struct):
    """What is read of a whole answer or a `message_start`. `input_tokens` is a count's."""

    id: str | None = None
    model: str | None = None
    type: str | None = None
    usage: msgspec.Raw = _ABSENT
    content: msgspec.Raw = _ABSENT
    input_tokens: msgspec.Raw = _ABSENT
    error: msgspec.Raw = _ABSENT


class _Delta(msgspec.Struct):
    stop_reason: str | None = None


class _WireEvent(msgspec.Struct):
    type: str = ""
    delta: _Delta | None = None
    message: _Head | None = None
    usage: msgspec.Raw = _ABSENT


_HEADS = msgspec.json.Decoder(_Head)
_EVENTS = msgspec.json.Decoder(_WireEvent)


class _Watch(watching.Watch):
    """What both forms note."""

    __slots__ = ("_counts",)

    def __init__(self, translate: Callable[[], Translated], secrets: tuple[bytes, ...]) -> None:
        super().__init__(translate, secrets)
        self._counts = Counts()

    def _note_head(self, head: _Head) -> None:
        self.upstream_id, self.served_model = head.id or "", head.model or ""

    def _note_usage(self, raw: msgspec.Raw, *, spoken: bool, final: bool) -> None:
        counts = read_counts(raw)
        if counts is not None:
            self._counts = self._counts.then(counts)
            self.service_tier = self._counts.service_tier or ""
            usage = read_usage(self._counts)
            report = is_report(usage, spoken=spoken, final=final)
            self.usage = usage if report else None
            self.usage_final = report and final


class WholeWatch(_Watch, watching.WholeWatch):
    """A whole answer, fed in one piece."""

    __slots__ = ()

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`."""
        if not is_document(data):
            return self._pass_on(data)
        try:
            head = _HEADS.decode(data)
        except UNREADABLE as trouble:
            self._break(_garbage(trouble))
            return b""
        if bytes(memoryview(head.content)[:1]) != b"[" and not len(head.input_tokens):
            stated = head.type == "error" or len(head.error)
            self._break(_stated(data, self._secrets) if stated else self._unfinished())
            return b""
        self._note_head(head)
        self._note_usage(head.usage, spoken=len(head.content) > len(b"[]"), final=True)
        self.began = self.ended = True
        self.pieces = 1
        self.content_bytes = len(data)
        return data

    def close(self) -> bytes:
        """See `Relay.close`."""
        if not self.ended and self.fault is None:
            self._break(Fault("upstream_garbage", "The upstream's answer is empty."))
        return b""


class StreamWatch(_Watch):
    """A streamed answer, fed in any cuts. The client gets complete events only, so that an error can always follow."""

    __slots__ = ("_document", "_held", "_held_bytes", "_parser", "_plain", "_unfed")

    def __init__(self, translate: Callable[[], Translated], secrets: tuple[bytes, ...]) -> None:
        super().__init__(translate, secrets)
        self._parser = SseParser()
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._plain = False
        self._document: list[bytes] = []
        self._unfed = True

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`."""
        if self._plain and data.endswith(b"\n\n") and b'"message_' not in data and b"error" not in data:
            pieces = data.count(_CONTENT)
            self.pieces += pieces
            self.content_bytes += len(data) if data.count(b"\n\n") == pieces else _content_bytes(data)
            return data
        self._plain = False
        if self.fault is not None:
            return b""
        if self._document or (self._unfed and is_document(data)):
            self._document.append(data)
            return b""
        self._unfed = False
        return self._look(data)

    def close(self) -> bytes:
        """See `Relay.close`."""
        if self._document:
            rest = self._pass_on(b"".join(self._document))
        else:
            rest = b"".join(self._held)
            self._read([*self._parser.feed(rest), *self._parser.close()])
        if not self.ended and self.fault is None:
            self._break(self._unfinished())
        return rest if self.fault is None else b""

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """See `Relay.fail`."""
        return write_fault_event(fault, request_id)

    def estimated_output(self) -> int:
        """Output tokens by the size of what was delivered, at least one an event."""
        return max(self.pieces, (self.content_bytes - FRAME_BYTES * self.pieces) // BYTES_PER_TOKEN)

    def _look(self, data: bytes) -> bytes:
        """Read what is not plainly content, and everything up to the first content. Keep back the torso of an event."""
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > MAX_EVENT_BYTES:
            self._break(Fault("upstream_too_large", f"The upstream sent a stream event of more than {MAX_EVENT_BYTES} bytes."))
            return b""
        if b"\n" not in data and b"\r" not in data:
            return b""
        data = b"".join(self._held)
        end = max((data.rfind(blank) + len(blank) for blank in _BLANKS if blank in data), default=0)
        self._held = [data[end:]] if end < len(data) else []
        self._held_bytes = len(data) - end
        passed = self._pass(data[:end])
        self._plain = self.began and not self._held and self.fault is None and data.endswith(b"\n\n")
        return passed

    def _pass(self, data: bytes) -> bytes:
        """The events before one that says that it failed: in whose stead `fail` speaks."""
        passed = 0
        for end in watching.event_ends(data):
            self._read(self._parser.feed(data[passed:end]))
            if self.fault is not None:
                break
            passed = end
        return data[:passed]

    def _read(self, events: list[SseEvent]) -> None:
        for event in events:
            if self.fault is None and not self.ended:
                self._note(event)

    def _note(self, event: SseEvent) -> None:
        data = event.data
        if _CONTENT in data:
            self.began = True
            self.pieces += 1
            self.content_bytes += len(data) + len("event: content_block_delta\ndata: \n\n")
        elif b'"content_block_start"' in data:
            self.began = self.began or b'tool_use"' in data
        elif b'"message_' in data or event.event == "error" or b'"error"' in data:
            self._note_frame(event)

    def _note_frame(self, event: SseEvent) -> None:
        try:
            wire = _EVENTS.decode(event.data)
        except UNREADABLE as trouble:
            self._break(_garbage(trouble))
            return
        if wire.type == "message_start" and wire.message is not None:
            self._note_head(wire.message)
            self._note_usage(wire.message.usage, spoken=False, final=False)
        elif wire.type == "message_delta":
            self._note_usage(wire.usage, spoken=self.pieces > 0, final=wire.delta is not None and bool(wire.delta.stop_reason))
        elif wire.type == "message_stop":
            self.ended = True
        elif wire.type == "error" or event.event == "error":
            self._break(_stated(event.data, self._secrets))


def _content_bytes(data: bytes) -> int:
    """Bytes of the events with content among others."""
    return sum(len(event) + 2 for event in data.split(b"\n\n") if _CONTENT in event)


def _stated(data: bytes, secrets: tuple[bytes, ...]) -> Fault:
    try:
        return stated_fault(msgspec.json.decode(data), secrets)
    except UNREADABLE as trouble:
        return _garbage(trouble)


def _garbage(trouble: Exception) -> Fault:
    return Fault("upstream_garbage", "The upstream's answer is not what its API promises.", detail=repr(trouble))
