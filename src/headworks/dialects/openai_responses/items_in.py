"""Output items of an answer → parts. What a server left out of its stream (some send no parts, or no deltas) is made up from full items."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.citing import read_url_citation
from headworks.dialects.openai_responses.names import NAME
from headworks.dialects.signatures import stamped
from headworks.domain.events import (
    ArgumentsDelta,
    Event,
    Logprobs,
    PartEnded,
    PartKind,
    PartStarted,
    RawDelta,
    SignatureDelta,
    TextDelta,
)
from headworks.domain.message import JsonObject

_TEXTS = {
    "response.output_text.delta": (PartKind.TEXT, "content_index"),
    "response.refusal.delta": (PartKind.REFUSAL, "content_index"),
    "response.reasoning_summary_text.delta": (PartKind.REASONING, "summary_index"),
    "response.reasoning_text.delta": (PartKind.REASONING, "content_index"),
}
BETWEEN = "\n\n"
"""Between the parts of a summary, that other languages know as one text."""


class _Item(msgspec.Struct):
    """An item under way. `said` tells how much of each of its texts has been told, `open` the number of its open part."""

    wire: JsonObject
    said: dict[tuple[PartKind, int], int] = {}
    open: int = -1
    place: tuple[PartKind, int] | None = None
    likely: bool = False


class ItemReader:
    """Numbers parts in the order in which they begin. Events go to `out`, which belongs to the reader of the whole answer."""

    def __init__(self, out: list[Event]) -> None:
        self._out = out
        self._items: dict[int, _Item] = {}
        self._done: set[int] = set()
        self._next = 0
        self.called = False

    def take(self, kind: str, wire: JsonObject) -> None:
        """One event of a stream that is about an item."""
        if kind in _TEXTS:
            part, index = _TEXTS[kind]
            self._text(self._item(wire), part, wire.get(index) or 0, wire["delta"])
            if wire.get("logprobs"):
                self._item(wire).likely = True
                self._out.append(Logprobs({"content": wire["logprobs"]}))
        elif kind == "response.function_call_arguments.delta":
            self._arguments(self._item(wire), wire["delta"])
        elif kind == "response.output_text.annotation.added":
            item = self._item(wire)
            self._enter(item, PartKind.TEXT, wire.get("content_index") or 0)
            self._out.append(_annotation(item.open, wire["annotation"]))
        elif kind == "response.output_item.added":
            self.added(wire)
        elif kind == "response.output_item.done":
            self.done(wire)

    def added(self, wire: JsonObject) -> None:
        """An item begins. A call's name is known by now; of others the first piece starts a part."""
        item = self._items[wire.get("output_index") or 0] = _Item(wire["item"], {})
        if item.wire["type"] == "function_call":
            self.called = True
            call_id = item.wire.get("call_id") or item.wire.get("id") or "call"
            self._start(item, PartKind.TOOL_CALL, call_id=call_id, name=item.wire.get("name") or "unknown")

    def done(self, wire: JsonObject) -> None:
        """An item is complete: what has not been told of it is told now."""
        index = wire.get("output_index") or 0
        if index in self._done:
            return
        self._done.add(index)
        if index not in self._items:
            self.added(wire)
        self._complete(self._items.pop(index), wire["item"])

    def close(self, output: list[Any]) -> None:
        """The answer is over: so are its items. Where no item was streamed, those that it repeats at its end are told."""
        if not self._done and not self._items:
            for index, item in enumerate(output):
                self.done({"output_index": index, "item": item})
        for item in self._items.values():
            self._complete(item, item.wire)
        self._items.clear()

    def _item(self, wire: JsonObject) -> _Item:
        return self._items[wire.get("output_index") or 0]

    def _complete(self, item: _Item, wire: JsonObject) -> None:
        kind = wire["type"]
        if kind == "message":
            self._message(item, wire)
        elif kind == "reasoning":
            self._reasoning(item, wire)
        elif kind == "function_call":
            told = item.said.get((PartKind.TOOL_CALL, 0), 0)
            self._arguments(item, (wire.get("arguments") or "")[told:])
        else:
            self._start(item, PartKind.OTHER, raw=wire)
        self._leave(item)

    def _message(self, item: _Item, wire: JsonObject) -> None:
        streamed = bool(item.said)
        for index, part in enumerate(wire.get("content") or ()):
            kind = PartKind.REFUSAL if part["type"] == "refusal" else PartKind.TEXT
            if streamed and (kind, index) not in item.said:
                continue  # told under another number
            text = part.get("refusal" if kind is PartKind.REFUSAL else "text") or ""
            self._text(item, kind, index, text[item.said.get((kind, index), 0) :])
            if not streamed and item.open >= 0:
                self._annotated(item.open, part)
            if part.get("logprobs") and not item.likely:
                self._out.append(Logprobs({"content": part["logprobs"]}))

    def _annotated(self, place: int, part: JsonObject) -> None:
        """What stands beside a whole text."""
        for annotation in part.get("annotations") or ():
            self._out.append(_annotation(place, annotation))

    def _reasoning(self, item: _Item, wire: JsonObject) -> None:
        if not item.said:
            thoughts: list[JsonObject] = wire.get("summary") or wire.get("content") or []
            for index, part in enumerate(thoughts):
                self._text(item, PartKind.REASONING, index, part.get("text") or "")
        sealed = wire.get("encrypted_content")
        if sealed:
            if item.open < 0:
                self._start(item, PartKind.REASONING)
            self._out.append(SignatureDelta(item.open, stamped(NAME, sealed)))

    def _text(self, item: _Item, kind: PartKind, index: int, text: str) -> None:
        if not text:
            return
        if kind is PartKind.REASONING and item.place not in (None, (kind, index)):
            text = BETWEEN + text if (kind, index) not in item.said else text
        self._enter(item, kind, index)
        item.said[kind, index] = item.said.get((kind, index), 0) + len(text)
        self._out.append(TextDelta(item.open, text))

    def _arguments(self, item: _Item, text: str) -> None:
        if text:
            item.said[PartKind.TOOL_CALL, 0] = item.said.get((PartKind.TOOL_CALL, 0), 0) + len(text)
            self._out.append(ArgumentsDelta(item.open, text))

    def _enter(self, item: _Item, kind: PartKind, index: int) -> None:
        """Open the part of this place; all thoughts of one item are one part."""
        if item.open >= 0 and (kind is PartKind.REASONING or item.place == (kind, index)):
            item.place = (kind, index)
            return
        self._leave(item)
        self._start(item, kind)
        item.place = (kind, index)

    def _start(self, item: _Item, kind: PartKind, call_id: str = "", name: str = "", raw: JsonObject | None = None) -> None:
        item.open = self._next
        self._next += 1
        self._out.append(PartStarted(item.open, kind, call_id=call_id, name=name, raw=raw or {}))

    def _leave(self, item: _Item) -> None:
        if item.open >= 0:
            self._out.append(PartEnded(item.open))
        item.open, item.place = -1, None


def _annotation(part: int, said: JsonObject) -> RawDelta:
    return RawDelta(part, {"annotation": said}, cited=read_url_citation(said))
