"""A whole v2 chat answer → canonical events."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.cohere.faults import stated_fault
from headworks.dialects.cohere.logprobs import read_logprobs
from headworks.dialects.cohere.names import FAILURES, NAME, PLAN, SIGNATURE, STOP_REASONS
from headworks.dialects.cohere.usage import read_usage
from headworks.domain.events import (
    ArgumentsDelta,
    Citation,
    Ended,
    Event,
    Failed,
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

_DECODER = msgspec.json.Decoder()
IN_PLAN: JsonObject = {"field": PLAN}
"""How a text is marked that stood in `tool_plan`."""


def read_answer(body: bytes) -> list[Event]:
    """The events, in the order in which a stream of the same answer has them."""
    answer = _DECODER.decode(body)
    message: JsonObject = answer["message"]
    parts = _Parts(str(answer.get("id") or ""))
    if message.get("tool_plan"):
        parts.add_plan(message["tool_plan"])
    likely = answer.get("logprobs") or []
    for place, block in enumerate(message.get("content") or ()):
        if block["type"] == "thinking":
            parts.add_thought(block)
        else:
            parts.add_text(block["text"], likely, [each for each in message.get("citations") or () if _place(each) == place])
            likely = []
    for call in message.get("tool_calls") or ():
        parts.add_call(call)
    return [*parts.out, *ending(answer)]


def ending(told: JsonObject) -> list[Event]:
    """Why it stopped, and the counts; or that it failed."""
    word, usage = str(told.get("finish_reason") or ""), told.get("usage") or {}
    if word in FAILURES:
        return [Failed(stated_fault(f"the answer ended with {word}: {told.get('error') or 'no reason given'}"))]
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

    def add_text(self, text: str, likely: list[JsonObject], cited: list[JsonObject]) -> None:
        """A block of words, how likely they were, and what they rest on."""
        logprobs = [Logprobs(read_logprobs(likely))] if likely else []
        citations = [_citing(self._next, citation) for citation in cited]
        self._whole(PartKind.TEXT, TextDelta(self._next, text), *logprobs, *citations)

    def add_thought(self, block: JsonObject) -> None:
        """A block of thoughts."""
        sealed = block.get(SIGNATURE)
        signed = [SignatureDelta(self._next, sealed)] if sealed else []
        self._whole(PartKind.REASONING, TextDelta(self._next, block.get("thinking") or ""), *signed)

    def add_plan(self, plan: str) -> None:
        """What is said before calls."""
        self._whole(PartKind.TEXT, TextDelta(self._next, plan), raw=IN_PLAN)

    def add_call(self, call: JsonObject) -> None:
        """A whole call."""
        function = call["function"]
        arguments = ArgumentsDelta(self._next, function.get("arguments") or "")
        self._whole(PartKind.TOOL_CALL, arguments, call_id=call["id"], name=function["name"])

    def _whole(self, kind: PartKind, said: TextDelta | ArgumentsDelta, *more: Event, **facts: Any) -> None:
        started = PartStarted(self._next, kind, **facts)
        spoken = said.text if isinstance(said, TextDelta) else said.json
        self.out += [started, *([said] if spoken else []), *more, PartEnded(self._next)]
        self._next += 1


def _citing(part: int, citation: JsonObject) -> RawDelta:
    return RawDelta(part, {"citations": citation}, cited=read_citation(citation))
