"""Converse's answers → canonical events. A whole message and a stream go through the same steps: a whole one's blocks come full."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from headworks.dialects.anthropic.wire import ANSWER_TOOL, UNREADABLE
from headworks.dialects.aws_faults import told_aws_fault
from headworks.dialects.bedrock.usage import usage_of
from headworks.dialects.bedrock.wire import NAME
from headworks.dialects.event_stream import Message, MessageReader
from headworks.domain.errors import Fault
from headworks.domain.events import (
    ArgumentsDelta,
    Citation,
    Ended,
    Event,
    Failed,
    PartEnded,
    PartKind,
    PartStarted,
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
    "guardrail_intervened": StopReason.CONTENT_FILTER,
    "content_filtered": StopReason.CONTENT_FILTER,
    "model_context_window_exceeded": StopReason.CONTEXT_WINDOW,
}
_SERVER_TOOL = "server_tool_use"
_MISSHAPEN = (KeyError, TypeError, AttributeError, ValueError)
"""What reading a field raises where an object does not have the documented shape."""


def read_answer(body: bytes, model: str) -> list[Event]:
    """A whole answer. Raises `Fault` `upstream_garbage`."""
    answer = _object(body)
    try:
        return AnswerReader(model).whole(answer)
    except _MISSHAPEN as trouble:
        raise _garbage(trouble) from None


class StreamDecoder:
    """`ports.dialect.Decoder` of one answer."""

    def __init__(self, model: str) -> None:
        self._messages = MessageReader()
        self._reader = AnswerReader(model)

    def feed(self, data: bytes) -> list[Event]:
        """See `ports.dialect.Decoder`."""
        events: list[Event] = []
        try:
            for message in self._messages.feed(data):
                self._reader.take(message, events)
        except _MISSHAPEN as trouble:
            raise _garbage(trouble) from None
        return events

    def close(self) -> list[Event]:
        """See `ports.dialect.Decoder`."""
        return [] if self._messages.torn else self._reader.end()


class AnswerReader:
    """Where one answer has got to: which blocks have begun as which parts."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._parts: dict[int, PartStarted] = {}
        self._next = 0
        self._posing: set[int] = set()
        self._silent: set[int] = set()
        self._redacted: dict[int, bytes] = {}
        self._calls = 0
        self._stopped = self._ended = False

    def whole(self, answer: JsonObject) -> list[Event]:
        """All events of a whole answer."""
        router = (answer.get("trace") or {}).get("promptRouter") or {}
        events: list[Event] = [Started(model=router.get("invokedModelId") or self._model, dialect=NAME)]
        for index, block in enumerate(answer["output"]["message"]["content"]):
            self._block(index, block, events)
            self.block_stopped({"contentBlockIndex": index}, events)
        self.stopped(answer, events)
        self.metadata(answer, events)
        return [*events, *self.end()]

    def take(self, message: Message, events: list[Event]) -> None:
        """One message of a stream. Kinds that later versions of the API add are passed over."""
        step = _STEPS.get(message.event)
        if step is not None:
            step(self, _object(message.payload), events)
        elif message.trouble:
            words = message.headers.get(":error-message", "")
            events.append(Failed(told_aws_fault(message.trouble, message.payload, words)))

    def end(self) -> list[Event]:
        """The answer is over, if it has said why it stopped. Its counts need not have come."""
        if self._ended or not self._stopped:
            return []
        self._ended = True
        return [Ended()]

    def started(self, _wire: JsonObject, events: list[Event]) -> None:
        """The head."""
        events.append(Started(model=self._model, dialect=NAME))

    def block_started(self, wire: JsonObject, events: list[Event]) -> None:
        """A call begins, or a part that only Bedrock knows. Text and thoughts begin with their first delta."""
        index, start = wire["contentBlockIndex"], wire["start"]
        call = start.get("toolUse")
        if call is not None:
            self._call(index, call, events)
        elif start:
            self._open(index, PartKind.OTHER, events, raw=start)

    def block_delta(self, wire: JsonObject, events: list[Event]) -> None:
        """More of a part."""
        index, delta = wire["contentBlockIndex"], wire["delta"]
        if "text" in delta:
            self._text(index, PartKind.TEXT, delta["text"], events)
        elif "toolUse" in delta:
            self._arguments(index, delta["toolUse"]["input"], events)
        elif "reasoningContent" in delta:
            self._thought(index, delta["reasoningContent"], events)
        else:
            kind = PartKind.TEXT if "citation" in delta else PartKind.OTHER
            events.append(RawDelta(self._part(index, kind, events), delta, cited=_cited(delta.get("citation"))))

    def block_stopped(self, wire: JsonObject, events: list[Event]) -> None:
        """A part is complete. A call without arguments streams none: it gets its empty object here."""
        index = wire["contentBlockIndex"]
        if index in self._redacted:
            data = self._redacted.pop(index).decode("latin-1")
            self._open(index, PartKind.REDACTED_REASONING, events, data=data)
        started = self._parts.get(index)
        if started is None:
            return
        if index in self._silent:
            self._arguments(index, "{}", events)
        events.append(PartEnded(started.part))

    def stopped(self, wire: JsonObject, events: list[Event]) -> None:
        """Why it stopped."""
        word = wire["stopReason"]
        reason = STOP_REASONS.get(word, StopReason.OTHER)
        if reason is StopReason.TOOL_CALLS and self._posing and not self._calls:
            reason = StopReason.END
        told = wire.get("additionalModelResponseFields")
        sequence = told.get("stop_sequence") if isinstance(told, dict) else None
        raw = word if reason is StopReason.OTHER else ""
        events.append(Stopped(reason, sequence=sequence if isinstance(sequence, str) else "", raw=raw))
        self._stopped = True

    def metadata(self, wire: JsonObject, events: list[Event]) -> None:
        """What it cost. The last message of a stream."""
        usage = usage_of(wire.get("usage"))
        tier = wire.get("serviceTier")
        if usage is not None:
            told = str(tier.get("type") or "") if isinstance(tier, dict) else ""
            events.append(UsageSeen(usage, final=self._stopped, service_tier=told))
        events.extend(self.end())

    def _block(self, index: int, block: JsonObject, events: list[Event]) -> None:
        """A block of a whole message."""
        if "toolUse" in block:
            call = block["toolUse"]
            self._call(index, call, events)
            if call["input"]:
                self._arguments(index, msgspec.json.encode(call["input"]).decode(), events)
        elif "reasoningContent" in block:
            thought: JsonObject = block["reasoningContent"]
            said = thought.get("reasoningText")
            if said is None:
                self._thought(index, thought, events)
            else:
                self._text(index, PartKind.REASONING, said.get("text") or "", events)
                if said.get("signature"):
                    self._thought(index, {"signature": said["signature"]}, events)
        elif "citationsContent" in block:
            cited = block["citationsContent"]
            self._text(index, PartKind.TEXT, "".join(piece.get("text", "") for piece in cited.get("content") or ()), events)
            for citation in cited.get("citations") or ():
                self.block_delta({"contentBlockIndex": index, "delta": {"citation": citation}}, events)
        elif "text" in block:
            self._text(index, PartKind.TEXT, block["text"], events)
        else:
            self._open(index, PartKind.OTHER, events, raw=block)

    def _call(self, index: int, call: JsonObject, events: list[Event]) -> None:
        if call.get("type") == _SERVER_TOOL:
            kind = PartKind.SERVER_TOOL_CALL
        elif call["name"] == ANSWER_TOOL:
            self._posing.add(index)
            kind = PartKind.TEXT
        else:
            self._calls += 1
            kind = PartKind.TOOL_CALL
        self._silent.add(index)
        named = {} if kind is PartKind.TEXT else {"call_id": call["toolUseId"], "name": call["name"]}
        self._open(index, kind, events, **named)

    def _thought(self, index: int, delta: JsonObject, events: list[Event]) -> None:
        if "redactedContent" in delta:
            self._redacted[index] = self._redacted.get(index, b"") + base64.b64decode(delta["redactedContent"])
        elif "signature" in delta:
            events.append(SignatureDelta(self._part(index, PartKind.REASONING, events), delta["signature"]))
        elif "text" in delta:
            self._text(index, PartKind.REASONING, delta["text"], events)

    def _text(self, index: int, kind: PartKind, text: str, events: list[Event]) -> None:
        part = self._part(index, kind, events)
        if text:
            events.append(TextDelta(part, text))

    def _arguments(self, index: int, json: str, events: list[Event]) -> None:
        if json:
            self._silent.discard(index)
            part = self._parts[index].part
            events.append(TextDelta(part, json) if index in self._posing else ArgumentsDelta(part, json))

    def _part(self, index: int, kind: PartKind, events: list[Event]) -> int:
        started = self._parts.get(index)
        return started.part if started is not None else self._open(index, kind, events)

    def _open(self, index: int, kind: PartKind, events: list[Event], **said: Any) -> int:
        started = self._parts[index] = PartStarted(self._next, kind, **said)
        self._next += 1
        events.append(started)
        return started.part


_STEPS: Mapping[str, Callable[[AnswerReader, JsonObject, list[Event]], None]] = {
    "messageStart": AnswerReader.started,
    "contentBlockStart": AnswerReader.block_started,
    "contentBlockDelta": AnswerReader.block_delta,
    "contentBlockStop": AnswerReader.block_stopped,
    "messageStop": AnswerReader.stopped,
    "metadata": AnswerReader.metadata,
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


def _cited(said: JsonObject | None) -> Citation | None:
    """The page of a citation, where it is of one."""
    url = (((said or {}).get("location") or {}).get("web") or {}).get("url")
    return Citation(url, str((said or {}).get("title") or "")) if isinstance(url, str) else None
