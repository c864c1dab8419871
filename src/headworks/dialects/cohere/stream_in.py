"""A streamed v2 chat answer → canonical events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from headworks.dialects.cohere.answer_in import IN_PLAN, ending, read_citation
from headworks.dialects.cohere.faults import stated_fault
from headworks.dialects.cohere.logprobs import read_logprobs
from headworks.dialects.cohere.names import NAME, SIGNATURE
from headworks.dialects.sse import SseEvent, SseParser
from headworks.dialects.understood import understood
from headworks.domain.events import (
    ArgumentsDelta,
    Event,
    Failed,
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

_DECODER = msgspec.json.Decoder()
_DONE = b"[DONE]"
_PLAN = ("plan", 0)
_Key = tuple[str, Any]


class StreamDecoder:
    """One streamed answer. See `ports.dialect.Decoder`. Contents and calls are numbered apart on the wire, and the plan has no number."""

    def __init__(self) -> None:
        self._sse = SseParser()
        self._over = False
        self._next = 0
        self._open: dict[_Key, int] = {}
        self._out: list[Event] = []

    def feed(self, data: bytes) -> list[Event]:
        """See `Decoder.feed`."""
        return self._read(self._sse.feed(data))

    def close(self) -> list[Event]:
        """See `Decoder.close`."""
        return self._read(self._sse.close())

    def _read(self, events: list[SseEvent]) -> list[Event]:
        for event in events:
            if not self._over and event.data and not event.data.startswith(_DONE):
                understood(self._take, _DECODER.decode, event.data)
        out, self._out = self._out, []
        return out

    def _take(self, decode: Callable[[bytes], Any], data: bytes) -> None:
        event = decode(data)
        read = _READS.get(event.get("type"))
        if read is not None:
            read(self, event)
        elif "message" in event and "type" not in event:  # an error answer in a stream that had begun
            self._over = True
            self._out.append(Failed(stated_fault(str(event["message"]))))

    def start(self, event: JsonObject) -> None:
        """The head."""
        self._out.append(Started(str(event.get("id") or ""), dialect=NAME))

    def plan(self, event: JsonObject) -> None:
        """What the model means to do with its tools."""
        self._say(self._part(_PLAN, PartKind.TEXT, raw=IN_PLAN), event["delta"]["message"]["tool_plan"])

    def begin_content(self, event: JsonObject) -> None:
        """Words or a thought begin."""
        self._close(_PLAN)
        block = event["delta"]["message"]["content"]
        kind = PartKind.REASONING if block["type"] == "thinking" else PartKind.TEXT
        self._say_block(self._part(("content", event["index"]), kind), block)

    def content(self, event: JsonObject) -> None:
        """More of them."""
        block = event["delta"]["message"]["content"]
        self._say_block(self._open["content", event["index"]], block)
        if event.get("logprobs"):
            self._out.append(Logprobs(read_logprobs([event["logprobs"]])))

    def begin_call(self, event: JsonObject) -> None:
        """A call begins."""
        self._close(_PLAN)
        call = event["delta"]["message"]["tool_calls"]
        function = call["function"]
        part = self._part(("call", event["index"]), PartKind.TOOL_CALL, call_id=call["id"], name=function["name"])
        if function.get("arguments"):
            self._out.append(ArgumentsDelta(part, function["arguments"]))

    def call(self, event: JsonObject) -> None:
        """More of a call's arguments."""
        arguments = event["delta"]["message"]["tool_calls"]["function"]["arguments"]
        if arguments:
            self._out.append(ArgumentsDelta(self._open["call", event["index"]], arguments))

    def cite(self, event: JsonObject) -> None:
        """Of a part that is still open, or of one that is over: then it stands alone."""
        citation = event["delta"]["message"]["citations"]
        part = self._open.get(("content", citation.get("content_index") or 0))
        if part is not None:
            self._out.append(RawDelta(part, {"citations": citation}, cited=read_citation(citation)))
            return
        key = ("citation", event["index"])
        self._part(key, PartKind.OTHER, raw={"citations": citation})
        self._close(key)

    def end(self, event: JsonObject) -> None:
        """Why it stopped, and the counts."""
        self._over = True
        for key in list(self._open):
            self._close(key)
        self._out.extend(ending(event["delta"]))

    def end_content(self, event: JsonObject) -> None:
        """Words or a thought are complete."""
        self._close(("content", event["index"]))

    def end_call(self, event: JsonObject) -> None:
        """A call is complete."""
        self._close(("call", event["index"]))

    def _part(self, key: _Key, kind: PartKind, **facts: Any) -> int:
        part = self._open.get(key)
        if part is None:
            part = self._open[key] = self._next
            self._next += 1
            self._out.append(PartStarted(part, kind, **facts))
        return part

    def _say(self, part: int, text: str | None) -> None:
        if text:
            self._out.append(TextDelta(part, text))

    def _say_block(self, part: int, block: JsonObject) -> None:
        self._say(part, block.get("text") or block.get("thinking"))
        if block.get(SIGNATURE):
            self._out.append(SignatureDelta(part, block[SIGNATURE]))

    def _close(self, key: _Key) -> None:
        part = self._open.pop(key, None)
        if part is not None:
            self._out.append(PartEnded(part))


_READS: Mapping[str, Callable[[StreamDecoder, JsonObject], None]] = {
    "message-start": StreamDecoder.start,
    "tool-plan-delta": StreamDecoder.plan,
    "content-start": StreamDecoder.begin_content,
    "content-delta": StreamDecoder.content,
    "content-end": StreamDecoder.end_content,
    "tool-call-start": StreamDecoder.begin_call,
    "tool-call-delta": StreamDecoder.call,
    "tool-call-end": StreamDecoder.end_call,
    "citation-start": StreamDecoder.cite,
    "message-end": StreamDecoder.end,
}
