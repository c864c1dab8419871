"""Canonical events → Cohere's answers, whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from headworks.dialects.cohere.logprobs import write_logprobs
from headworks.dialects.cohere.names import FINISH_REASONS, NAME, PLAN, SIGNATURE
from headworks.dialects.cohere.usage import write_usage
from headworks.dialects.signatures import stamped, stamped_redacted
from headworks.domain.events import (
    ArgumentsDelta,
    Citation,
    Event,
    Logprobs,
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

THOUGHTS = (PartKind.REASONING, PartKind.REDACTED_REASONING)
TEXTUAL = (PartKind.TEXT, PartKind.REFUSAL, *THOUGHTS)
_NEVER_STOPPED = Stopped(StopReason.END)


def write_answer(events: Sequence[Event]) -> bytes:
    """A whole answer. Of several choices the first is told: a Cohere client cannot have asked for more."""
    whole = _Whole()
    for event in events:
        if getattr(event, "choice", 0) == 0:
            whole.take(event)
    return msgspec.json.encode(whole.written())


def is_plan(started: PartStarted, dialect: str) -> bool:
    """Whether a text stood in Cohere's `tool_plan`."""
    return dialect == NAME and started.raw.get("field") == PLAN


def content_head(started: PartStarted, dialect: str) -> JsonObject:
    """A content block as it stands at its start. Thoughts that another provider hid are empty but for their seal."""
    if started.kind not in THOUGHTS:
        return {"type": "text", "text": ""}
    sealed = {SIGNATURE: stamped_redacted(dialect, started.data)} if started.data else {}
    return {"type": "thinking", "thinking": "", **sealed}


def write_citation(cited: Citation, text: str, block: int) -> JsonObject:
    """A page of which another language told, in the place of a document: `text` is that of the content block of this number."""
    document = {"id": cited.url, "title": cited.title, "url": cited.url}
    return {
        "start": cited.start,
        "end": cited.end,
        "text": text[cited.start : cited.end],
        "sources": [{"type": "document", "id": cited.url, "document": document}],
        "content_index": block,
        "type": "TEXT_CONTENT",
    }


def finish_reason(stopped: Stopped, dialect: str, *, refused: bool) -> str:
    """Why it stopped, in Cohere's words. A refusal in words of its own is a refusal here too."""
    if stopped.raw and dialect == NAME:
        return stopped.raw
    return FINISH_REASONS[StopReason.REFUSAL if refused and stopped.reason is StopReason.END else stopped.reason]


def usage_told(seen: UsageSeen, dialect: str) -> JsonObject:
    """Cohere's own counts as they came; those of others in its words."""
    return seen.raw if dialect == NAME and seen.raw else write_usage(seen.usage)


class _Whole:
    """An answer in the making."""

    def __init__(self) -> None:
        self._started = Started()
        self._stopped = _NEVER_STOPPED
        self._usage: JsonObject = {}
        self._message: JsonObject = {"role": "assistant"}
        self._parts: dict[int, tuple[PartStarted, JsonObject]] = {}
        self._logprobs: list[JsonObject] = []
        self._refused = False

    def take(self, event: Event) -> None:
        match event:
            case Started():
                self._started = event
            case PartStarted():
                self._begin(event)
            case TextDelta(part=part, text=text):
                self._grow(part, text)
            case ArgumentsDelta(part=part, json=text):
                self._grow(part, text)
            case SignatureDelta(part=part, signature=signature):
                self._parts[part][1][SIGNATURE] = stamped(self._started.dialect, signature)
            case RawDelta():
                self._cite(event)
            case Logprobs(raw=raw):
                self._logprobs += write_logprobs(raw)
            case Stopped():
                self._stopped = event
            case UsageSeen():
                self._usage = usage_told(event, self._started.dialect)
            case _:
                pass

    def written(self) -> JsonObject:
        """All of it."""
        reason = finish_reason(self._stopped, self._started.dialect, refused=self._refused)
        answer: JsonObject = {"id": self._started.id, "message": self._message, "finish_reason": reason}
        if self._usage:
            answer["usage"] = self._usage
        return {**answer, "logprobs": self._logprobs} if self._logprobs else answer

    def _begin(self, event: PartStarted) -> None:
        dialect = self._started.dialect
        self._refused = self._refused or event.kind is PartKind.REFUSAL
        wire: JsonObject = {}
        if event.kind is PartKind.TOOL_CALL:
            wire = {"id": event.call_id, "type": "function", "function": {"name": event.name, "arguments": ""}}
            self._listed("tool_calls").append(wire)
        elif event.kind in TEXTUAL and not is_plan(event, dialect):
            wire = content_head(event, dialect)
            self._listed("content").append(wire)
        elif dialect == NAME and "citations" in event.raw:
            self._listed("citations").append(event.raw["citations"])
        self._parts[event.part] = event, wire

    def _grow(self, part: int, text: str) -> None:
        started, wire = self._parts[part]
        if started.kind is PartKind.TOOL_CALL:
            wire["function"]["arguments"] += text
        elif is_plan(started, self._started.dialect):
            self._message[PLAN] = self._message.get(PLAN, "") + text
        elif wire:
            wire["thinking" if started.kind in THOUGHTS else "text"] += text

    def _cite(self, event: RawDelta) -> None:
        if self._started.dialect == NAME:
            self._listed("citations").append(event.raw["citations"])
        elif event.cited is not None:
            wire = self._parts[event.part][1]
            block = next((place for place, each in enumerate(self._listed("content")) if each is wire), 0)
            self._listed("citations").append(write_citation(event.cited, wire.get("text", ""), block))

    def _listed(self, name: str) -> list[Any]:
        return self._message.setdefault(name, [])
