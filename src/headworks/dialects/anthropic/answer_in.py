"""Anthropic's answers → canonical events. A whole message and a stream go through the same steps: a whole one's blocks come full."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from headworks.dialects.anthropic.block_starts import CALLS, initial_deltas, kind_of, part_started
from headworks.dialects.anthropic.faults import stated_fault
from headworks.dialects.anthropic.usage import Counts, counts_of, read_usage
from headworks.dialects.anthropic.wire import ANSWER_TOOL, NAME, UNREADABLE
from headworks.dialects.sse import SseEvent, SseParser
from headworks.domain.errors import Fault
from headworks.domain.events import (
    ArgumentsDelta,
    Citation,
    Ended,
    Event,
    Failed,
    PartEnded,
    PartKind,
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

STOP_REASONS: Mapping[str, StopReason] = {
    "end_turn": StopReason.END,
    "max_tokens": StopReason.MAX_TOKENS,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "tool_use": StopReason.TOOL_CALLS,
    "pause_turn": StopReason.PAUSE,
    "refusal": StopReason.REFUSAL,
    "model_context_window_exceeded": StopReason.CONTEXT_WINDOW,
}
TAIL_EXTRAS = ("stop_details", "container", "context_management")
"""Fields that a stream tells at its end, of which a whole message has them at its top."""

_KNOWN = frozenset(("id", "type", "role", "model", "content", "usage", "stop_reason", "stop_sequence", *TAIL_EXTRAS))
_TEXTS = {"text_delta": "text", "thinking_delta": "thinking"}
_MISSHAPEN = (KeyError, TypeError, AttributeError)
"""What reading a field raises where an object does not have the documented shape."""


def read_answer(body: bytes, secrets: tuple[bytes, ...]) -> list[Event]:
    """A whole answer. Raises `Fault` `upstream_garbage`, or the fault that the answer states, without these secrets."""
    message = _object(body)
    if message.get("type") == "error" or ("error" in message and "content" not in message):
        raise stated_fault(message, secrets)
    try:
        return AnswerReader(secrets).whole(message)
    except _MISSHAPEN as trouble:
        raise _garbage(trouble) from None


class StreamDecoder:
    """`ports.dialect.Decoder` of one answer."""

    def __init__(self, secrets: tuple[bytes, ...]) -> None:
        self._parser = SseParser()
        self._reader = AnswerReader(secrets)

    def feed(self, data: bytes) -> list[Event]:
        """See `ports.dialect.Decoder`."""
        return self._read(self._parser.feed(data))

    def close(self) -> list[Event]:
        """See `ports.dialect.Decoder`."""
        return self._read(self._parser.close())

    def _read(self, received: list[SseEvent]) -> list[Event]:
        events: list[Event] = []
        try:
            for event in received:
                if event.data != b"[DONE]":  # some gateways end every stream with OpenAI's mark
                    self._reader.take(_object(event.data), events)
        except _MISSHAPEN as trouble:
            raise _garbage(trouble) from None
        return events


class AnswerReader:
    """Where one answer has got to: which parts have begun, and what has been counted."""

    def __init__(self, secrets: tuple[bytes, ...]) -> None:
        self._secrets = secrets
        self._parts: dict[int, int] = {}
        self._silent: set[int] = set()
        self._posing: set[int] = set()
        self._calls = 0
        self._counts: Counts | None = None

    def whole(self, message: JsonObject) -> list[Event]:
        """All events of a whole message."""
        events: list[Event] = [_started(message)]
        blocks: list[Any] = message["content"]
        if not isinstance(blocks, list):  # pyright: ignore[reportUnnecessaryIsInstance] - it is an upstream's word
            raise TypeError(type(blocks).__name__)
        for index, block in enumerate(blocks):
            self.block_started({"index": index, "content_block": block}, events)
            self.block_ended({"index": index}, events)
        self._stopped(message, events)
        self._count(message, events, final=True)
        events.append(Ended())
        return events

    def take(self, wire: JsonObject, events: list[Event]) -> None:
        """One event of a stream. Kinds that later versions of the API add are passed over, as it asks of its clients."""
        step = _STEPS.get(wire.get("type", ""))
        if step is not None:
            step(self, wire, events)

    def message_started(self, wire: JsonObject, events: list[Event]) -> None:
        """The head: id, model, and what the prompt cost."""
        events.append(_started(wire["message"]))
        self._count(wire["message"], events)

    def block_started(self, wire: JsonObject, events: list[Event]) -> None:
        """A part begins, perhaps with content."""
        block: JsonObject = wire["content_block"]
        part = self._parts[wire["index"]] = len(self._parts)
        kind = kind_of(block)
        if kind in CALLS:
            self._silent.add(part)
        if kind is PartKind.TOOL_CALL and block["name"] == ANSWER_TOOL:
            self._posing.add(part)
            kind = PartKind.TEXT
        elif kind is PartKind.TOOL_CALL:
            self._calls += 1
        events.append(part_started(part, kind, block))
        for delta in initial_deltas(block):
            self._delta(part, delta, events)

    def block_delta(self, wire: JsonObject, events: list[Event]) -> None:
        """More of a part."""
        self._delta(self._parts[wire["index"]], wire["delta"], events)

    def block_ended(self, wire: JsonObject, events: list[Event]) -> None:
        """A part is complete. A call without arguments streams none: it gets its empty object here."""
        part = self._parts[wire["index"]]
        if part in self._silent:
            self._arguments(part, "{}", events)
        events.append(PartEnded(part))

    def message_delta(self, wire: JsonObject, events: list[Event]) -> None:
        """Why it stopped, and the last counts."""
        self._stopped({**wire, **wire["delta"]}, events)
        self._count(wire, events, final=bool(wire["delta"].get("stop_reason")))

    def message_ended(self, _wire: JsonObject, events: list[Event]) -> None:
        """The end."""
        events.append(Ended())

    def ping(self, _wire: JsonObject, events: list[Event]) -> None:
        """A sign of life."""
        events.append(Ping())

    def failed(self, wire: JsonObject, events: list[Event]) -> None:
        """The upstream gives up in mid-stream."""
        events.append(Failed(stated_fault(wire, self._secrets)))

    def _delta(self, part: int, delta: JsonObject, events: list[Event]) -> None:
        word = delta["type"]
        field = _TEXTS.get(word)
        if field is not None:
            if delta[field]:
                events.append(TextDelta(part, delta[field]))
        elif word == "input_json_delta":
            if delta["partial_json"]:
                self._arguments(part, delta["partial_json"], events)
        elif word == "signature_delta":
            events.append(SignatureDelta(part, delta["signature"]))
        else:
            events.append(RawDelta(part, delta, cited=_cited(delta)))

    def _arguments(self, part: int, json: str, events: list[Event]) -> None:
        self._silent.discard(part)
        events.append(TextDelta(part, json) if part in self._posing else ArgumentsDelta(part, json))

    def _count(self, wire: JsonObject, events: list[Event], *, final: bool = False) -> None:
        counts = counts_of(wire.get("usage"))
        if counts is not None:
            counts = self._counts = counts if self._counts is None else self._counts.then(counts)
            events.append(UsageSeen(read_usage(counts), final=final, service_tier=counts.service_tier or ""))

    def _stopped(self, tail: JsonObject, events: list[Event]) -> None:
        word = tail.get("stop_reason")
        if not word:
            return
        reason = STOP_REASONS.get(word, StopReason.OTHER)
        if reason is StopReason.TOOL_CALLS and self._posing and not self._calls:
            reason = StopReason.END
        extra = {name: tail[name] for name in TAIL_EXTRAS if tail.get(name)}
        raw = word if reason is StopReason.OTHER else ""
        events.append(Stopped(reason, sequence=tail.get("stop_sequence") or "", raw=raw, extra=extra))


_STEPS: Mapping[str, Callable[[AnswerReader, JsonObject, list[Event]], None]] = {
    "message_start": AnswerReader.message_started,
    "content_block_start": AnswerReader.block_started,
    "content_block_delta": AnswerReader.block_delta,
    "content_block_stop": AnswerReader.block_ended,
    "message_delta": AnswerReader.message_delta,
    "message_stop": AnswerReader.message_ended,
    "ping": AnswerReader.ping,
    "error": AnswerReader.failed,
}


def _object(data: bytes) -> JsonObject:
    try:
        value = msgspec.json.decode(data)
    except UNREADABLE as trouble:
        raise _garbage(trouble) from None
    if not isinstance(value, dict):
        raise Fault("upstream_garbage", "The upstream's answer is not a JSON object.")
    return value


def _garbage(trouble: Exception) -> Fault:
    return Fault("upstream_garbage", "The upstream's answer is not what its API promises.", detail=repr(trouble))


def _started(message: JsonObject) -> Started:
    extra = {name: value for name, value in message.items() if value is not None and name not in _KNOWN}
    return Started(id=message.get("id") or "", model=message.get("model") or "", dialect=NAME, extra=extra)


def _cited(delta: JsonObject) -> Citation | None:
    """The page of a citation, where it is of one."""
    said = delta.get("citation")
    url = said.get("url") or said.get("source") if isinstance(said, dict) else None
    return Citation(url, str(said.get("title") or "")) if isinstance(said, dict) and isinstance(url, str) else None
