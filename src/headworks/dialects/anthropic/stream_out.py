"""Canonical events → Anthropic's answers, streamed.

Anthropic's blocks come one after another, while canonical parts may be open side by side (parallel tool calls): a part that begins
before the one before it has ended waits its turn. Counts and the reason to stop, which other languages tell in any order, are kept for the end.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headworks.dialects.anthropic.answer_out import message_head, stop_fields
from headworks.dialects.anthropic.blocks_told import TEXTUAL, block_head
from headworks.dialects.anthropic.usage import write_usage
from headworks.dialects.anthropic.wire import NAME, UNREADABLE
from headworks.dialects.sse import write_event
from headworks.domain.events import (
    ArgumentsDelta,
    Ended,
    Event,
    PartEnded,
    PartKind,
    PartStarted,
    Ping,
    RawDelta,
    SignatureDelta,
    Started,
    Stopped,
    StopReason,
    TextDelta,
    UsageSeen,
)
from headworks.domain.message import JsonObject
from headworks.domain.usage import NO_USAGE, Usage

_PING = b'event: ping\ndata: {"type":"ping"}\n\n'
_END = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
_DELTA = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%%d,"delta":{"type":"%b","%b":%%b}}\n\n'
_TEXT = _DELTA % (b"text_delta", b"text")
_THOUGHT = _DELTA % (b"thinking_delta", b"thinking")
_ARGUMENTS = _DELTA % (b"input_json_delta", b"partial_json")
_SIGNATURE = _DELTA % (b"signature_delta", b"signature")
_STOP = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'
_SHOWN_LATE = frozenset((*TEXTUAL, PartKind.REASONING))
_OF_PARTS = (TextDelta, ArgumentsDelta, PartStarted, PartEnded, SignatureDelta, RawDelta)
_encode = msgspec.json.Encoder().encode

PartEvent = TextDelta | ArgumentsDelta | PartStarted | PartEnded | SignatureDelta | RawDelta


class StreamEncoder:
    """`ports.dialect.Encoder` of one answer. `prompt_tokens` is the estimate told at the start, where the upstream counts at the end."""

    def __init__(self, prompt_tokens: int) -> None:
        self._out: list[bytes] = []
        self._usage: Usage | None = None
        self._estimate = Usage(input=prompt_tokens)
        self._started = Started()
        self._opened = False
        self._stopped = Stopped(StopReason.END)
        self._refused = False
        self._live: PartStarted | None = None
        self._head: JsonObject | None = None
        self._shown = False
        self._index = -1
        self._arguments: list[str] = []
        self._done: set[int] = set()
        self._waiting: dict[int, list[PartEvent]] = {}

    def feed(self, events: Sequence[Event]) -> bytes:
        """See `ports.dialect.Encoder`."""
        for event in events:
            self._take(event)
        out = b"".join(self._out)
        self._out.clear()
        return out

    def _take(self, event: Event) -> None:
        if isinstance(event, _OF_PARTS):
            if event.choice == 0:
                self._of_part(event)
        elif isinstance(event, UsageSeen):
            self._usage = event.usage
        elif isinstance(event, Started):
            self._started = event
        elif isinstance(event, Stopped):
            self._stopped = event if event.choice == 0 else self._stopped
        elif isinstance(event, Ping):
            if self._opened:
                self._out.append(_PING)
        elif isinstance(event, Ended):
            self._end()

    def _of_part(self, event: PartEvent) -> None:
        live = self._live
        if event.part in self._done:
            return
        if live is None:
            if isinstance(event, PartStarted):
                self._begin(event)
        elif event.part != live.part:
            self._of_another_part(event)
        elif type(event) is PartEnded:
            self._finish()
            self._next()
        else:
            self._tell(event)

    def _of_another_part(self, event: PartEvent) -> None:
        """Wait, unless the call under way has all its arguments: other languages say of no call that it is complete."""
        if isinstance(event, PartStarted) and _is_complete(self._arguments):
            self._finish()
            self._next()
            self._of_part(event)
        else:
            self._waiting.setdefault(event.part, []).append(event)

    def _begin(self, event: PartStarted) -> None:
        self._live = event
        self._head = block_head(event, native=self._started.dialect == NAME)
        self._refused = self._refused or event.kind is PartKind.REFUSAL
        if event.kind not in _SHOWN_LATE:
            self._show()

    def _show(self) -> None:
        """Start the block. One of text waits for its first piece: an empty one would be refused when the client sends it back."""
        self._shown = True
        if self._head is not None:
            self._open()
            self._index += 1
            self._say({"type": "content_block_start", "index": self._index, "content_block": self._head})

    def _tell(self, event: PartEvent) -> None:
        if not self._shown:
            self._show()
        if self._head is None:
            return
        if isinstance(event, TextDelta):
            self._out.append((_THOUGHT if self._head["type"] == "thinking" else _TEXT) % (self._index, _encode(event.text)))
        elif isinstance(event, ArgumentsDelta):
            self._arguments.append(event.json)
            self._out.append(_ARGUMENTS % (self._index, _encode(event.json)))
        elif isinstance(event, SignatureDelta):
            self._out.append(_SIGNATURE % (self._index, _encode(event.signature)))
        elif isinstance(event, RawDelta) and self._started.dialect == NAME:
            self._say({"type": "content_block_delta", "index": self._index, "delta": event.raw})

    def _finish(self) -> None:
        if self._shown and self._head is not None:
            self._out.append(_STOP % self._index)
        if self._live is not None:
            self._done.add(self._live.part)
        self._live, self._head, self._shown = None, None, False
        self._arguments.clear()

    def _next(self) -> None:
        """Tell what has come meanwhile of the parts that waited, up to the first that is not complete."""
        while self._live is None and self._waiting:
            events = self._waiting.pop(next(iter(self._waiting)))
            for event in events:
                self._of_part(event)

    def _open(self) -> None:
        if not self._opened:
            self._opened = True
            message = message_head(self._started)
            message["usage"] = write_usage(self._usage or self._estimate)
            self._say({"type": "message_start", "message": message})

    def _end(self) -> None:
        while self._live is not None:
            self._finish()
            self._next()
        self._open()
        fields = stop_fields(self._started, self._stopped, refused=self._refused)
        managed = {"context_management": fields.pop("context_management")} if "context_management" in fields else {}
        usage = write_usage(self._usage or NO_USAGE)
        self._say({"type": "message_delta", "delta": fields, **managed, "usage": usage})
        self._out.append(_END)

    def _say(self, wire: JsonObject) -> None:
        self._out.append(write_event(_encode(wire), wire["type"]))


def _is_complete(arguments: list[str]) -> bool:
    try:
        msgspec.json.decode("".join(arguments))
    except UNREADABLE:
        return False
    return True
