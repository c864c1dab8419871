"""Parts of an answer → output items, and the events that a stream tells of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from headworks.dialects.citing import write_url_citation
from headworks.dialects.openai_responses.names import NAME, UNREADABLE
from headworks.dialects.signatures import bare, stamped, stamped_redacted
from headworks.domain.events import (
    ArgumentsDelta,
    Event,
    Logprobs,
    PartEnded,
    PartKind,
    PartStarted,
    RawDelta,
    SignatureDelta,
    Started,
    TextDelta,
)
from headworks.domain.message import JsonObject

_WORDS = {PartKind.TEXT: ("output_text", "text"), PartKind.REFUSAL: ("refusal", "refusal")}
_SUMMARY = "response.reasoning_summary"


class _Part(msgspec.Struct):
    """A part under way: its item, the piece of content that it is there, and what has come of its text."""

    kind: PartKind
    item: JsonObject
    output: int
    content: int = 0
    piece: JsonObject = {}
    text: list[str] = []


class ItemWriter:
    """Writes the items of one answer. `items` are all that have begun. `custom` names tools that take plain text instead of JSON."""

    def __init__(self, custom: frozenset[str]) -> None:
        self.items: list[JsonObject] = []
        self.refused = False
        self._custom = custom
        self._answer = self._dialect = ""
        self._parts: dict[int, _Part] = {}
        self._message: _Part | None = None
        self._last: _Part | None = None

    def start(self, event: Started) -> None:
        """Whose answer it is."""
        self._dialect = event.dialect
        self._answer = "".join(letter for letter in event.id.rpartition("_")[2] if letter.isalnum())[-40:]

    def write(self, event: Event) -> Iterator[JsonObject]:
        """The wire events of one canonical event, without their numbers."""
        step = _STEPS.get(type(event))
        if step is not None and getattr(event, "choice", 0) == 0:
            yield from step(self, event)

    def close(self) -> Iterator[JsonObject]:
        """The message that might have gone on is complete."""
        message, self._message = self._message, None
        if message is not None:
            yield self._done(message)

    def begin(self, event: PartStarted) -> Iterator[JsonObject]:
        """A part begins."""
        if event.kind in _WORDS:
            yield from self._words(event)
            return
        yield from self.close()
        item = self._item(event)
        if item is None:
            return
        self._parts[event.part] = _Part(event.kind, item, len(self.items), text=[])
        yield self._added(item)

    def _words(self, event: PartStarted) -> Iterator[JsonObject]:
        """Texts that follow each other are pieces of one message."""
        self.refused = self.refused or event.kind is PartKind.REFUSAL
        message = self._message
        if message is None:
            item: JsonObject = {"id": self._id("msg"), "type": "message", "status": "in_progress", "role": "assistant"}
            message = self._message = _Part(event.kind, {**item, "content": []}, len(self.items))
            yield self._added(message.item)
        kind, field = _WORDS[event.kind]
        piece: JsonObject = {"type": kind, field: "", **({"annotations": [], "logprobs": []} if field == "text" else {})}
        content = len(message.item["content"])
        part = _Part(event.kind, message.item, message.output, content, piece, [])
        self._parts[event.part] = self._last = part
        yield self._of(part, "response.content_part.added", part=dict(piece))
        message.item["content"].append(piece)

    def _item(self, event: PartStarted) -> JsonObject | None:
        """The item as it begins; None for what this language has no item for."""
        match event.kind:
            case PartKind.REASONING:
                return {"id": self._id("rs"), "type": "reasoning", "summary": []}
            case PartKind.REDACTED_REASONING:
                sealed = stamped_redacted(self._dialect, event.data)
                return {"id": self._id("rs"), "type": "reasoning", "summary": [], "encrypted_content": sealed}
            case PartKind.TOOL_CALL:
                custom = event.name in self._custom
                head = {"id": self._id("ctc" if custom else "fc"), "type": "custom_tool_call" if custom else "function_call"}
                call = {**head, "status": "in_progress", "call_id": event.call_id, "name": event.name}
                return {**call, "input" if custom else "arguments": ""}
            case _:
                return dict(event.raw) if self._dialect == NAME and event.raw else None

    def text(self, event: TextDelta) -> Iterator[JsonObject]:
        """More of a text, a refusal or a thought."""
        part = self._parts.get(event.part)
        if part is None:
            return
        first = not part.text
        part.text.append(event.text)
        if part.kind is PartKind.REASONING:
            if first:
                yield self._thought(part, f"{_SUMMARY}_part.added", part={"type": "summary_text", "text": ""})
            yield self._thought(part, f"{_SUMMARY}_text.delta", delta=event.text)
        elif part.kind is PartKind.REFUSAL:
            yield self._of(part, "response.refusal.delta", delta=event.text)
        else:
            yield self._of(part, "response.output_text.delta", delta=event.text, logprobs=[])

    def arguments(self, event: ArgumentsDelta) -> Iterator[JsonObject]:
        """More of a call's arguments."""
        part = self._parts.get(event.part)
        if part is None:
            return
        part.text.append(event.json)
        if "arguments" in part.item:
            yield self._told(part, "response.function_call_arguments.delta", delta=event.json)

    def signature(self, event: SignatureDelta) -> Iterator[JsonObject]:
        """The seal of a thought."""
        part = self._parts.get(event.part)
        if part is not None:
            own = bare(NAME, event.signature) if self._dialect == NAME else ""
            sealed = own or stamped(self._dialect, event.signature)
            part.item["encrypted_content"] = sealed
        return iter(())

    def annotation(self, event: RawDelta) -> Iterator[JsonObject]:
        """What its words rest on."""
        part = self._parts.get(event.part)
        annotation = event.raw.get("annotation") if self._dialect == NAME else None
        if event.cited is not None and self._dialect != NAME:
            annotation = {"type": "url_citation", **write_url_citation(event.cited)}
        if part is None or annotation is None or "annotations" not in part.piece:
            return
        annotations: list[Any] = part.piece["annotations"]
        index = len(annotations)
        annotations.append(annotation)
        added = "response.output_text.annotation.added"
        yield self._of(part, added, annotation_index=index, annotation=annotation)

    def logprobs(self, event: Logprobs) -> Iterator[JsonObject]:
        """Of the text that came last."""
        if self._last is not None and "logprobs" in self._last.piece:
            self._last.piece["logprobs"].extend(event.raw.get("content") or ())
        return iter(())

    def end(self, event: PartEnded) -> Iterator[JsonObject]:
        """A part is complete."""
        part = self._parts.pop(event.part, None)
        if part is None:
            return
        text = "".join(part.text)
        if part.kind in _WORDS:
            yield from self._words_done(part, text)
            return
        if part.kind is PartKind.REASONING and text:
            summary = {"type": "summary_text", "text": text}
            yield self._thought(part, f"{_SUMMARY}_text.done", text=text)
            yield self._thought(part, f"{_SUMMARY}_part.done", part=summary)
            part.item["summary"].append(summary)
        elif "arguments" in part.item and part.kind is PartKind.TOOL_CALL:
            part.item["arguments"] = text
            yield self._told(part, "response.function_call_arguments.done", name=part.item["name"], arguments=text)
        elif "input" in part.item and part.kind is PartKind.TOOL_CALL:
            part.item["input"] = text = _input(text)
            yield self._told(part, "response.custom_tool_call_input.delta", delta=text)
            yield self._told(part, "response.custom_tool_call_input.done", input=text)
        yield self._done(part)

    def _words_done(self, part: _Part, text: str) -> Iterator[JsonObject]:
        field = _WORDS[part.kind][1]
        part.piece[field] = text
        if field == "text":
            yield self._of(part, "response.output_text.done", text=text, logprobs=part.piece["logprobs"])
        else:
            yield self._of(part, "response.refusal.done", refusal=text)
        yield self._of(part, "response.content_part.done", part=part.piece)

    def _id(self, prefix: str) -> str:
        return f"{prefix}_{self._answer}_{len(self.items)}"

    def _added(self, item: JsonObject) -> JsonObject:
        self.items.append(item)
        copy = {name: list(value) if isinstance(value, list) else value for name, value in item.items()}
        return {"type": "response.output_item.added", "output_index": len(self.items) - 1, "item": copy}

    def _done(self, part: _Part) -> JsonObject:
        if "status" in part.item:
            part.item["status"] = "completed" if part.item["status"] == "in_progress" else part.item["status"]
        return {"type": "response.output_item.done", "output_index": part.output, "item": part.item}

    def _told(self, part: _Part, kind: str, /, **said: Any) -> JsonObject:
        return {"type": kind, "item_id": part.item.get("id", ""), "output_index": part.output, **said}

    def _of(self, part: _Part, kind: str, /, **said: Any) -> JsonObject:
        return self._told(part, kind, content_index=part.content, **said)

    def _thought(self, part: _Part, kind: str, /, **said: Any) -> JsonObject:
        return self._told(part, kind, summary_index=0, **said)


_STEPS: Mapping[type[Event], Callable[[ItemWriter, Any], Iterator[JsonObject]]] = {
    PartStarted: ItemWriter.begin,
    TextDelta: ItemWriter.text,
    ArgumentsDelta: ItemWriter.arguments,
    SignatureDelta: ItemWriter.signature,
    RawDelta: ItemWriter.annotation,
    Logprobs: ItemWriter.logprobs,
    PartEnded: ItemWriter.end,
}


def _input(arguments: str) -> str:
    """What a plain text tool is told: the one argument of the function that stood in for it."""
    try:
        match msgspec.json.decode(arguments):
            case {"input": str() as text}:
                return text
            case _:
                return arguments
    except UNREADABLE:
        return arguments
