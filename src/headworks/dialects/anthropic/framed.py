"""Anthropic's streams where AWS carries them: each event is in a message of an event stream. Taken out, they are Anthropic's own again."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from headworks.dialects.anthropic.answer_in import StreamDecoder
from headworks.dialects.anthropic.watch import StreamWatch
from headworks.dialects.anthropic.wire import UNREADABLE
from headworks.dialects.aws_faults import told_aws_fault
from headworks.dialects.event_stream import MessageReader
from headworks.dialects.sse import is_document, write_event
from headworks.dialects.translated import Translated
from headworks.domain.errors import Fault
from headworks.domain.events import Event, Failed

FRAMING = "aws"
"""`Quirks.framing` of places that do so."""


class _Chunk(msgspec.Struct, gc=False):
    event: bytes = msgspec.field(name="bytes", default=b"")
    """In base64 on the wire. Stand-ins for AWS send the event itself instead."""


class _Named(msgspec.Struct, gc=False):
    type: str = ""


_CHUNKS = msgspec.json.Decoder(_Chunk)
_NAMES = msgspec.json.Decoder(_Named)


class Unframed:
    """Reads one stream: messages in, server-sent events out. What is said to have failed is kept as `fault`, and nothing follows it."""

    __slots__ = ("_messages", "fault")

    def __init__(self) -> None:
        self._messages = MessageReader()
        self.fault: Fault | None = None

    @property
    def torn(self) -> bool:
        """Whether a message has begun and is not complete."""
        return self._messages.torn

    def feed(self, data: bytes) -> bytes:
        """The events complete by now."""
        if self.fault is not None:
            return b""
        events: list[bytes] = []
        try:
            for message in self._messages.feed(data):
                if message.trouble:
                    raise told_aws_fault(message.trouble, message.payload, message.headers.get(":error-message", ""))
                event = _CHUNKS.decode(message.payload).event or message.payload
                events.append(write_event(event, _NAMES.decode(event).type))
        except Fault as fault:
            self.fault = fault
        except UNREADABLE as trouble:
            self.fault = Fault("upstream_garbage", "The upstream's answer is not what its API promises.", detail=repr(trouble))
        return b"".join(events)


class FramedWatch(StreamWatch):
    """`StreamWatch` of such a stream: an Anthropic client reads Anthropic's events, byte for byte."""

    __slots__ = ("_unframed",)

    def __init__(self, translate: Callable[[], Translated], secrets: tuple[bytes, ...]) -> None:
        super().__init__(translate, secrets)
        self._unframed = Unframed()

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`."""
        if self._document or (self._unfed and not self._unframed.torn and is_document(data)):
            return super().feed(data)
        events = self._unframed.feed(data)
        passed = super().feed(events) if events else b""
        if self._unframed.fault is not None:
            self._break(self._unframed.fault)
        return passed


class FramedDecoder(StreamDecoder):
    """`StreamDecoder` of such a stream."""

    def __init__(self, secrets: tuple[bytes, ...]) -> None:
        super().__init__(secrets)
        self._unframed = Unframed()

    def feed(self, data: bytes) -> list[Event]:
        """See `ports.dialect.Decoder`."""
        told = self._unframed.fault
        events = super().feed(self._unframed.feed(data))
        fault = self._unframed.fault
        return events if fault is told or fault is None else [*events, Failed(fault)]
