"""A part of an answer → a content block: its events, gathered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headworks.dialects.anthropic.wire import object_of
from headworks.domain.events import ArgumentsDelta, Event, PartKind, PartStarted, RawDelta, SignatureDelta, TextDelta
from headworks.domain.message import JsonObject

TEXTUAL = (PartKind.TEXT, PartKind.REFUSAL)
CALLS = (PartKind.TOOL_CALL, PartKind.SERVER_TOOL_CALL)

_HEADS: Mapping[PartKind, JsonObject] = {
    PartKind.TEXT: {"type": "text", "text": ""},
    PartKind.REFUSAL: {"type": "text", "text": ""},
    PartKind.REASONING: {"type": "thinking", "thinking": "", "signature": ""},
}


class Block:
    """One block in the making. `native` tells that the events are Anthropic's own, so that raw pieces may be written back."""

    def __init__(self, started: PartStarted, *, native: bool) -> None:
        self._native = native
        self._text: list[str] = []
        self._signature: list[str] = []
        self._json: list[str] = []
        self.started = started
        self.head = block_head(started, native=native)

    def add(self, event: Event) -> None:
        """A delta of this part."""
        if isinstance(event, TextDelta):
            self._text.append(event.text)
        elif isinstance(event, ArgumentsDelta):
            self._json.append(event.json)
        elif isinstance(event, SignatureDelta):
            self._signature.append(event.signature)
        elif isinstance(event, RawDelta) and self._native and self.head is not None:
            _apply(event.raw, self.head)

    def whole(self) -> JsonObject | None:
        """The finished block; None for what Anthropic cannot say, and for a text that stayed empty."""
        head, kind = self.head, self.started.kind
        if head is None:
            return None
        if kind in TEXTUAL:
            head["text"] = "".join(self._text)
            return head if head["text"] else None
        if kind is PartKind.REASONING:
            head["thinking"] = "".join(self._text)
            head["signature"] = "".join(self._signature)
        elif kind in CALLS:
            head["input"] = object_of("".join(self._json))
        return head


def block_head(started: PartStarted, *, native: bool) -> JsonObject | None:
    """The block as it stands at its start, without its content; None for what only another dialect knows."""
    kind = started.kind
    if kind in _HEADS:
        return dict(_HEADS[kind])
    if kind is PartKind.REDACTED_REASONING:
        return {"type": "redacted_thinking", "data": started.data}
    raw = started.raw if native else {}
    if kind is PartKind.TOOL_CALL or (kind is PartKind.SERVER_TOOL_CALL and native):
        return {"type": "tool_use", **raw, "id": started.call_id, "name": started.name, "input": {}}
    return dict(raw) or None


def _apply(delta: JsonObject, block: JsonObject) -> None:
    """A delta only Anthropic knows: a citation joins its list, a text grows, anything else replaces what was there."""
    for name, value in delta.items():
        if name == "type":
            continue
        if name == "citation":
            block["citations"] = [*(block.get("citations") or ()), value]
        else:
            block[name] = _grown(block.get(name), value)


def _grown(present: Any, more: Any) -> Any:
    return present + more if isinstance(present, str) and isinstance(more, str) else more
