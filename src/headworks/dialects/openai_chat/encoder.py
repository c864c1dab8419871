"""Canonical events → chunks of a Chat Completions stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from headworks.dialects.openai_chat.deltas import DeltaWriter
from headworks.dialects.openai_chat.names import FINISH_REASONS, NAME
from headworks.dialects.openai_chat.usage import write_usage
from headworks.dialects.sse import write_comment
from headworks.domain.call import Ask
from headworks.domain.events import Ended, Event, Logprobs, Ping, Started, Stopped, UsageSeen
from headworks.domain.message import JsonObject

DONE_EVENT = b"data: [DONE]\n\n"
_ENCODER = msgspec.json.Encoder()


class StreamEncoder:
    """One streamed answer. See `ports.dialect.Encoder`. The counts come last, and only if the caller asked for them."""

    def __init__(self, ask: Ask) -> None:
        self._show_usage = ask.include_usage
        self._asked_at = ask.asked_at
        self._deltas = DeltaWriter()
        self._own = False
        self._open = self._close = b""
        self._spoken: set[int] = set()
        self._usage: UsageSeen | None = None

    def feed(self, events: Sequence[Event]) -> bytes:
        """See `Encoder.feed`."""
        return b"".join([_SAYS.get(type(event), StreamEncoder.delta)(self, event) for event in events])

    def delta(self, event: Any) -> bytes:
        """More of a part."""
        delta = self._deltas.write(event)
        return b"" if delta is None else self._chunk(event.choice, delta)

    def logprobs(self, event: Any) -> bytes:
        """In a chunk of their own."""
        return self._chunk(event.choice, {}, b',"logprobs":' + _ENCODER.encode(event.raw))

    def ping(self, event: Any) -> bytes:  # noqa: ARG002 - the table's signature
        """A sign of life."""
        return write_comment("ping")

    def keep_usage(self, event: Any) -> bytes:
        """The counts wait for the end."""
        self._usage = event
        return b""

    def start(self, event: Any) -> bytes:
        """The head, which all chunks repeat."""
        self._deltas.start(event)
        self._own = event.dialect == NAME
        created = event.created or self._asked_at
        head = {"id": event.id, "object": "chat.completion.chunk", "created": created, "model": event.model}
        self._open = b"data: " + _ENCODER.encode(head)[:-1]
        self._close = _ENCODER.encode(event.extra)[1:] if event.extra and self._own else b"}"
        if self._close != b"}":
            self._close = b"," + self._close
        return b""

    def _chunk(self, choice: int, delta: JsonObject, more: bytes = b"", finish: bytes = b"null") -> bytes:
        if choice not in self._spoken:
            self._spoken.add(choice)
            delta = {"role": "assistant", **delta}
        return b'%b,"choices":[{"index":%d,"delta":%b%b,"finish_reason":%b}]%b\n\n' % (
            self._open,
            choice,
            _ENCODER.encode(delta),
            more,
            finish,
            self._close,
        )

    def stop(self, event: Any) -> bytes:
        """Why a choice ended."""
        word = event.raw if event.raw and self._own else FINISH_REASONS[event.reason]
        more = b"," + _ENCODER.encode(event.extra)[1:-1] if event.extra and self._own else b""
        return self._chunk(event.choice, {}, more, _ENCODER.encode(word))

    def end(self, event: Any) -> bytes:
        """The counts, and the mark of the end."""
        last: JsonObject = dict(event.extra) if self._own else {}
        if self._usage is not None and self._show_usage:
            last["usage"] = (self._own and self._usage.raw) or write_usage(self._usage.usage)
        if not last:
            return DONE_EVENT
        return b'%b,"choices":[],%b\n\n%b' % (self._open, _ENCODER.encode(last)[1:], DONE_EVENT)


_SAYS: Mapping[type[Event], Callable[[StreamEncoder, Any], bytes]] = {
    Started: StreamEncoder.start,
    Logprobs: StreamEncoder.logprobs,
    UsageSeen: StreamEncoder.keep_usage,
    Stopped: StreamEncoder.stop,
    Ping: StreamEncoder.ping,
    Ended: StreamEncoder.end,
}
