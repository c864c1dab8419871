"""A whole v2 chat answer → canonical events."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.cohere.names import FAILURES, NAME, STOP_REASONS
from headworks.dialects.cohere.usage import read_usage
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
    Started,
    Stopped,
    StopReason,
    TextDelta,
    UsageSeen,
)
from headworks.domain.message import JsonObject

_DECODER = msgspec.json.Decoder()
_Delta = type[TextDelta | ArgumentsDelta]


def read_answer(body: bytes) -> list[Event]:
    """The events, in the order in which a stream of the same answer has them."""
    answer = _DECODER.decode(body)
    message: JsonObject = answer["message"]
    parts = _Parts(str(answer.get("id") or ""))
    if message.get("tool_plan"):
        parts.add(PartKind.TEXT, TextDelta, message["tool_plan"])
    for place, block in enumerate(message.get("content") or ()):
        kind = PartKind.REASONING if block["type"] == "thinking" else PartKind.TEXT
        cited = [each for each in message.get("citations") or () if _place(each) == place] if kind is PartKind.TEXT else []
        parts.add(kind, TextDelta, block.get("thinking") if kind is PartKind.REASONING else block["text"], cited)
    for call in message.get("tool_calls") or ():
        parts.add_call(call)
    return [*parts.out, *ending(str(answer.get("finish_reason") or ""), answer.get("usage") or {})]


def ending(word: str, usage: JsonObject) -> list[Event]:
    """Why it stopped, and the counts; or that it failed."""
    if word in FAILURES:
        return [Failed(Fault("upstream_error", detail=f"the answer ended with {word}"))]
    reason = STOP_REASONS.get(word, StopReason.OTHER)
    return [
        Stopped(reason, raw=word if reason is StopReason.OTHER else ""),
        *([UsageSeen(read_usage(usage), usage, final=True)] if usage else []),
        Ended(),
    ]


def read_citation(said: JsonObject) -> Citation | None:
    """The first page that it names, if any."""
    for source in said.get("sources") or ():
        told = source.get("document") or {}
        if isinstance(told.get("url"), str):
            return Citation(told["url"], str(told.get("title") or ""), said.get("start") or 0, said.get("end") or 0)
    return None


def _place(citation: JsonObject) -> int:
    """Which block of the content it is about: the first where it does not say."""
    return citation.get("content_index") or 0


class _Parts:
    def __init__(self, answer_id: str) -> None:
        self.out: list[Event] = [Started(answer_id, dialect=NAME)]
        self._next = 0

    def add(self, kind: PartKind, delta: _Delta, said: Any, cited: list[JsonObject] | None = None) -> None:
        """A whole part, at once."""
        self._whole(PartStarted(self._next, kind), delta, said, cited or [])

    def add_call(self, call: JsonObject) -> None:
        """A whole call."""
        function = call["function"]
        start = PartStarted(self._next, PartKind.TOOL_CALL, call_id=call["id"], name=function["name"])
        self._whole(start, ArgumentsDelta, function.get("arguments"), [])

    def _whole(self, start: PartStarted, delta: _Delta, said: Any, cited: list[JsonObject]) -> None:
        self._next += 1
        self.out.append(start)
        if said:
            self.out.append(delta(start.part, said))
        self.out.extend(RawDelta(start.part, {"citations": citation}, cited=read_citation(citation)) for citation in cited)
        self.out.append(PartEnded(start.part))
