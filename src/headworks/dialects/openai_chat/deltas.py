"""Canonical parts of an answer → fields of a Chat Completions delta. Streams send them one by one, whole answers add them up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from headworks.dialects.citing import write_url_citation
from headworks.dialects.openai_chat.names import NAME
from headworks.domain.events import ArgumentsDelta, Event, PartKind, PartStarted, RawDelta, SignatureDelta, Started, TextDelta
from headworks.domain.message import JsonObject

_TEXT_FIELDS = {PartKind.TEXT: "content", PartKind.REFUSAL: "refusal", PartKind.REASONING: "reasoning_content"}
_SUMMARY = "reasoning.summary"


class _Part(msgspec.Struct):
    """A part under way. `slot` numbers it among its kind: tool calls, or reasoning details."""

    kind: PartKind
    slot: int
    raw: JsonObject


class DeltaWriter:
    """Says one event at a time as a delta. One per answer; knows which parts are open in which choice.

    Another dialect's reasoning is said twice, as OpenRouter does: in `reasoning_content` for readers, and with its signature in
    `reasoning_details` for clients that give it back in a later turn.
    """

    def __init__(self) -> None:
        self._own = False
        self._parts: dict[tuple[int, int], _Part] = {}
        self._slots: dict[tuple[int, PartKind], int] = {}

    def start(self, event: Started) -> None:
        """Whose answer it is decides whether raw parts can be said."""
        self._own = event.dialect == NAME

    def write(self, event: Event) -> JsonObject | None:
        """The delta for an event of a part; None where there is nothing to say."""
        writer = _WRITERS.get(type(event))
        return None if writer is None else writer(self, event)

    def part(self, event: PartStarted) -> JsonObject | None:
        """It begins: a call, or what comes whole."""
        group = PartKind.TOOL_CALL if event.kind is PartKind.TOOL_CALL else PartKind.REASONING
        slot = self._slots.get((event.choice, group), 0)
        raw = event.raw if self._own else {}
        self._parts[event.choice, event.part] = _Part(event.kind, slot, raw)
        match event.kind:
            case PartKind.TOOL_CALL:
                self._slots[event.choice, group] = slot + 1
                function = {"name": event.name, "arguments": ""}
                return {"tool_calls": [{"index": slot, "id": event.call_id, "type": "function", "function": function, **raw}]}
            case PartKind.REDACTED_REASONING:
                self._slots[event.choice, group] = slot + 1
                return self._detail(self._parts[event.choice, event.part], "data", event.data)
            case PartKind.REASONING:
                self._slots[event.choice, group] = slot + 1
                return None
            case PartKind.IMAGE if raw:
                return {"images": [raw]}
            case PartKind.OTHER if raw:
                return raw
            case _:
                return None

    def text(self, event: TextDelta) -> JsonObject | None:
        """More of a text, a refusal or a thought."""
        part = self._parts[event.choice, event.part]
        kind = part.raw.get("type")
        if part.kind is PartKind.REASONING and kind == "thinking":
            return {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": event.text}]}]}
        if part.kind is PartKind.REASONING and kind:
            return {"reasoning": event.text, **self._detail(part, "summary" if kind == _SUMMARY else "text", event.text)}
        field = _TEXT_FIELDS.get(part.kind)
        if field is None:
            return None
        if part.kind is PartKind.REASONING and not self._own:
            return {field: event.text, **self._detail(part, "text", event.text)}
        return {field: event.text}

    def arguments(self, event: ArgumentsDelta) -> JsonObject | None:
        """More of a call's arguments."""
        part = self._parts[event.choice, event.part]
        if part.kind is not PartKind.TOOL_CALL:
            return None
        return {"tool_calls": [{"index": part.slot, "function": {"arguments": event.json}}]}

    def signature(self, event: SignatureDelta) -> JsonObject:
        """The seal of a thought."""
        return self._detail(self._parts[event.choice, event.part], "signature", event.signature)

    def raw(self, event: RawDelta) -> JsonObject | None:
        """What its own dialect knows best, as far as it can be said here."""
        part = self._parts[event.choice, event.part]
        if event.cited is not None and not self._own:
            return {"annotations": [{"type": "url_citation", "url_citation": write_url_citation(event.cited)}]}
        if self._own and "annotations" in event.raw:
            return event.raw
        return {"audio": event.raw} if self._own and part.kind is PartKind.AUDIO else None

    def _detail(self, part: _Part, field: str, value: str) -> JsonObject:
        kind = "reasoning.text" if part.kind is PartKind.REASONING else "reasoning.encrypted"
        said = part.raw or {"type": kind, "index": part.slot}
        return {"reasoning_details": [{**said, field: value}]}


_WRITERS: Mapping[type[Event], Callable[[DeltaWriter, Any], JsonObject | None]] = {
    PartStarted: DeltaWriter.part,
    TextDelta: DeltaWriter.text,
    ArgumentsDelta: DeltaWriter.arguments,
    SignatureDelta: DeltaWriter.signature,
    RawDelta: DeltaWriter.raw,
}
