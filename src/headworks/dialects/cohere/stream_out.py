"""Canonical events → Cohere's answers, streamed. Contents, calls and citations are numbered apart, and the plan has no number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from headworks.dialects.cohere.answer_out import (
    TEXTUAL,
    THOUGHTS,
    content_head,
    finish_reason,
    is_plan,
    usage_told,
    write_citation,
)
from headworks.dialects.cohere.logprobs import write_logprobs
from headworks.dialects.cohere.names import NAME, SIGNATURE
from headworks.dialects.signatures import stamped
from headworks.dialects.sse import write_event
from headworks.domain.events import (
    ArgumentsDelta,
    Ended,
    Event,
    Logprobs,
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

_encode = msgspec.json.Encoder().encode
_CONTENT = b'event: content-delta\ndata: {"type":"content-delta","index":%%d,"delta":{"message":{"content":{"%b":%%b}}}}\n\n'
_TEXT = _CONTENT % b"text"
_THOUGHT = _CONTENT % b"thinking"
_PLAN = b'event: tool-plan-delta\ndata: {"type":"tool-plan-delta","delta":{"message":{"tool_plan":%b}}}\n\n'
_CALL = (
    b'event: tool-call-delta\ndata: {"type":"tool-call-delta","index":%d,'
    b'"delta":{"message":{"tool_calls":{"function":{"arguments":%b}}}}}\n\n'
)
_EMPTY: JsonObject = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}


class _Open:
    """A part that has begun: the number that its deltas bear, and how they are written."""

    __slots__ = ("delta", "end", "index", "text")

    def __init__(self, index: int, delta: bytes, end: str) -> None:
        self.index = index
        self.delta = delta
        self.end = end
        self.text = ""


class StreamEncoder:
    """`ports.dialect.Encoder` of one answer. Counts and the reason to stop, which others tell in any order, are kept for the end."""

    def __init__(self) -> None:
        self._out: list[bytes] = []
        self._started = Started()
        self._stopped = Stopped(StopReason.END)
        self._usage: JsonObject = {}
        self._refused = False
        self._open: dict[int, _Open] = {}
        self._next = {"content": 0, "tool-call": 0, "citation": 0}
        self._likely: list[JsonObject] = []
        """Of words that are still to come."""

    def feed(self, events: Sequence[Event]) -> bytes:
        """See `ports.dialect.Encoder`. Of several choices the first is told."""
        for event in events:
            if getattr(event, "choice", 0) == 0:
                self._take(event)
        out = b"".join(self._out)
        self._out.clear()
        return out

    def _take(self, event: Event) -> None:
        match event:
            case TextDelta() | ArgumentsDelta() | SignatureDelta():
                self._say(event)
            case PartStarted():
                self._begin(event)
            case PartEnded():
                self._finish(event)
            case RawDelta():
                self._cite(event)
            case Logprobs(raw=raw):
                self._likely += write_logprobs(raw)
            case Stopped():
                self._stopped = event
            case UsageSeen():
                self._usage = usage_told(event, self._started.dialect)
            case Started():
                self._started = event
                self._write({"type": "message-start", "id": event.id, "delta": {"message": _EMPTY}})
            case Ended():
                self._end()
            case _:
                pass

    def _begin(self, event: PartStarted) -> None:
        self._refused = self._refused or event.kind is PartKind.REFUSAL
        dialect = self._started.dialect
        if is_plan(event, dialect):
            self._open[event.part] = _Open(-1, _PLAN, "")
        elif event.kind in TEXTUAL:
            index = self._number("content")
            self._open[event.part] = _Open(index, _THOUGHT if event.kind in THOUGHTS else _TEXT, "content-end")
            self._tell("content-start", index, content=content_head(event, dialect))
        elif event.kind is PartKind.TOOL_CALL:
            index = self._number("tool-call")
            self._open[event.part] = _Open(index, _CALL, "tool-call-end")
            function = {"name": event.name, "arguments": ""}
            self._tell("tool-call-start", index, tool_calls={"id": event.call_id, "type": "function", "function": function})
        elif dialect == NAME and "citations" in event.raw:
            self._say_citation(event.raw["citations"])

    def _say(self, event: TextDelta | ArgumentsDelta | SignatureDelta) -> None:
        live = self._open.get(event.part)
        if live is None:
            return
        if isinstance(event, SignatureDelta):
            sealed = stamped(self._started.dialect, event.signature)
            self._tell("content-delta", live.index, content={"thinking": "", SIGNATURE: sealed})
            return
        text = event.json if isinstance(event, ArgumentsDelta) else event.text
        said = _encode(text)
        self._out.append(live.delta % said if live.delta is _PLAN else live.delta % (live.index, said))
        if live.delta is _TEXT:
            live.text += text
            self._say_likely(live.index)

    def _say_likely(self, index: int) -> None:
        for item in self._likely:
            delta = {"message": {"content": {"text": ""}}}
            self._write({"type": "content-delta", "index": index, "delta": delta, "logprobs": item})
        self._likely.clear()

    def _finish(self, event: PartEnded) -> None:
        live = self._open.pop(event.part, None)
        if live is None or not live.end:
            return
        if live.delta is _TEXT:
            self._say_likely(live.index)
        self._write({"type": live.end, "index": live.index})

    def _cite(self, event: RawDelta) -> None:
        if self._started.dialect == NAME:
            self._say_citation(event.raw["citations"])
        elif event.cited is not None and (live := self._open.get(event.part)) is not None:
            self._say_citation(write_citation(event.cited, live.text, live.index))

    def _say_citation(self, citation: JsonObject) -> None:
        index = self._number("citation")
        self._tell("citation-start", index, citations=citation)
        self._write({"type": "citation-end", "index": index})

    def _end(self) -> None:
        reason = finish_reason(self._stopped, self._started.dialect, refused=self._refused)
        self._write({"type": "message-end", "delta": {"finish_reason": reason, "usage": self._usage or None}})

    def _number(self, kind: str) -> int:
        index = self._next[kind]
        self._next[kind] += 1
        return index

    def _tell(self, kind: str, index: int, **message: Any) -> None:
        self._write({"type": kind, "index": index, "delta": {"message": message}})

    def _write(self, wire: JsonObject) -> None:
        self._out.append(write_event(_encode(wire), wire["type"]))
