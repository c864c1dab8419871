"""Canonical events → an answer of Responses, streamed and whole: a whole one is what its stream ends with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from headworks.dialects.openai_responses.items_out import ItemWriter
from headworks.dialects.openai_responses.names import NAME
from headworks.dialects.openai_responses.tools import custom_names
from headworks.dialects.openai_responses.usage import write_usage
from headworks.dialects.sse import write_comment, write_event
from headworks.domain.call import Ask
from headworks.domain.events import Ended, Event, Ping, Started, Stopped, StopReason, UsageSeen
from headworks.domain.message import JsonObject

_ECHOED = (
    *("instructions", "max_output_tokens", "metadata", "parallel_tool_calls", "reasoning", "temperature", "text"),
    *("tool_choice", "tools", "top_p", "truncation", "user", "service_tier"),
)
"""Fields of a question that its answer repeats."""
_USUAL: JsonObject = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "reasoning": None,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
    "truncation": "disabled",
    "user": None,
    "error": None,
    "previous_response_id": None,
    "store": False,
}
_CUT = {
    StopReason.MAX_TOKENS: "max_output_tokens",
    StopReason.CONTEXT_WINDOW: "max_output_tokens",
    StopReason.CONTENT_FILTER: "content_filter",
    StopReason.REFUSAL: "content_filter",
}
"""Why an answer is incomplete."""
_encode = msgspec.json.Encoder().encode


class _Answer:
    """One answer in the making: its events without their numbers, and the response that they add up to."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._items = ItemWriter(custom_names(ask.fields.get("tools")))
        self._stopped = Stopped(StopReason.END)
        self._usage: JsonObject | None = None
        self._own = False
        self.response: JsonObject = {}

    def take(self, event: Event) -> Iterator[JsonObject]:
        """What one more event says."""
        match event:
            case Started():
                yield from self._start(event)
            case Stopped():
                self._stopped = event if event.choice == 0 else self._stopped
            case UsageSeen():
                self._usage = (self._own and event.raw) or write_usage(event.usage)
            case Ended():
                yield from self._items.close()
                yield self._end(event)
            case _:
                yield from self._items.write(event)

    def _start(self, event: Started) -> Iterator[JsonObject]:
        self._own = event.dialect == NAME
        self._items.start(event)
        asked = self._ask.fields
        own = event.extra if self._own else {name: asked[name] for name in _ECHOED if name in asked}
        tier = {"service_tier": event.service_tier} if event.service_tier else {}
        self.response = {
            "id": event.id if self._own else f"resp_{event.id}",
            "object": "response",
            "created_at": event.created or self._ask.asked_at,
            "status": "in_progress",
            "model": event.model,
            "output": [],
            "incomplete_details": None,
            "usage": None,
            **_USUAL,
            **own,
            **tier,
        }
        yield {"type": "response.created", "response": dict(self.response)}
        yield {"type": "response.in_progress", "response": dict(self.response)}

    def _end(self, event: Ended) -> JsonObject:
        reason = self._stopped.reason
        why = "" if reason is StopReason.REFUSAL and self._items.refused else _CUT.get(reason, "")
        if self._own and self._stopped.raw:
            why = self._stopped.raw
        self.response.update(event.extra if self._own else {})
        self.response["status"] = "incomplete" if why else "completed"
        self.response["incomplete_details"] = {"reason": why} if why else None
        self.response["output"] = self._items.items
        self.response["usage"] = self._usage
        return {"type": f"response.{self.response['status']}", "response": self.response}


class StreamEncoder:
    """One streamed answer. See `ports.dialect.Encoder`."""

    def __init__(self, ask: Ask) -> None:
        self._answer = _Answer(ask)
        self._number = 0

    def feed(self, events: Sequence[Event]) -> bytes:
        """See `Encoder.feed`."""
        out: list[bytes] = []
        for event in events:
            if isinstance(event, Ping):
                out.append(write_comment("ping"))
                continue
            for wire in self._answer.take(event):
                wire["sequence_number"] = self._number
                self._number += 1
                out.append(write_event(_encode(wire), wire["type"]))
        return b"".join(out)


def write_answer(events: Sequence[Event], ask: Ask) -> bytes:
    """The events of one answer as one JSON document."""
    answer = _Answer(ask)
    for event in events:
        for _ in answer.take(event):
            pass  # what only a stream tells
    return _encode(answer.response)
