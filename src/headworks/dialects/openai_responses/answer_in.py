"""Answers of Responses → canonical events. A whole answer and a stream go through the same steps: a whole one's items come full."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.openai_responses.faults import stated_fault
from headworks.dialects.openai_responses.items_in import ItemReader
from headworks.dialects.openai_responses.names import NAME, UNREADABLE
from headworks.dialects.openai_responses.usage import read_usage
from headworks.dialects.sse import SseEvent, SseParser
from headworks.domain.errors import Fault
from headworks.domain.events import Ended, Event, Failed, Started, Stopped, StopReason, UsageSeen
from headworks.domain.message import JsonObject

ENDS = frozenset(("response.completed", "response.incomplete"))
_READ = frozenset(("id", "object", "created_at", "model", "output", "usage", "status", "service_tier"))
_REASONS = {"max_output_tokens": StopReason.MAX_TOKENS, "content_filter": StopReason.CONTENT_FILTER}
_MISSHAPEN = (KeyError, TypeError, AttributeError, ValueError)


class AnswerReader:
    """Where one answer has got to."""

    def __init__(self, secrets: tuple[bytes, ...]) -> None:
        self.out: list[Event] = []
        self._secrets = secrets
        self._items = ItemReader(self.out)
        self._started = False

    def whole(self, response: JsonObject) -> None:
        """All events of a whole response."""
        self._start(response)
        for index, item in enumerate(response["output"]):
            self._items.added({"output_index": index, "item": item})
            self._items.done({"output_index": index, "item": item})
        self._end(response)

    def take(self, wire: JsonObject) -> None:
        """One event of a stream. Kinds that nobody but the caller's own language could show are passed over."""
        kind = wire.get("type", "")
        if kind in ENDS:
            self._start(wire["response"])
            self._items.close(wire["response"].get("output") or [])
            self._end(wire["response"])
        elif kind in {"error", "response.failed"}:
            self.out.append(Failed(stated_fault(wire, self._secrets)))
        elif isinstance(wire.get("response"), dict):
            self._start(wire["response"])
        else:
            self._items.take(kind, wire)

    def _start(self, response: JsonObject) -> None:
        if self._started:
            return
        self._started = True
        extra = {name: value for name, value in response.items() if name not in _READ}
        created = response.get("created_at")
        self.out.append(
            Started(
                response.get("id") or "",
                response.get("model") or "",
                int(created) if isinstance(created, int | float) else 0,
                NAME,
                extra,
                response.get("service_tier") or "",
            )
        )

    def _end(self, response: JsonObject) -> None:
        reason = StopReason.TOOL_CALLS if self._items.called else StopReason.END
        word = ""
        if response.get("status") == "incomplete":
            word = (response.get("incomplete_details") or {}).get("reason") or ""
            reason = _REASONS.get(word, StopReason.OTHER)
        self.out.append(Stopped(reason, raw=word if reason is StopReason.OTHER else ""))
        usage = response.get("usage")
        if isinstance(usage, dict):
            tier = response.get("service_tier") or ""
            self.out.append(UsageSeen(read_usage(usage, response.get("output")), usage, final=True, service_tier=tier))
        self.out.append(Ended({name: value for name, value in response.items() if name not in _READ}))


class StreamDecoder:
    """One streamed answer. See `ports.dialect.Decoder`."""

    def __init__(self, secrets: tuple[bytes, ...]) -> None:
        self._sse = SseParser()
        self._reader = AnswerReader(secrets)

    def feed(self, data: bytes) -> list[Event]:
        """See `Decoder.feed`."""
        return self._read(self._sse.feed(data))

    def close(self) -> list[Event]:
        """See `Decoder.close`."""
        return self._read(self._sse.close())

    def _read(self, received: list[SseEvent]) -> list[Event]:
        try:
            for event in received:
                if event.data != b"[DONE]":  # some servers end every stream with the chat language's mark
                    self._reader.take(read_object(event.data))
        except _MISSHAPEN as trouble:
            raise garbage(trouble) from None
        events = self._reader.out.copy()
        self._reader.out.clear()
        return events


def read_answer(body: bytes, secrets: tuple[bytes, ...]) -> list[Event]:
    """A whole answer. Raises `Fault` `upstream_garbage`, or the fault that the answer states, without these secrets."""
    response = read_object(body)
    if response.get("error") or "output" not in response:
        raise stated_fault(response, secrets) if response.get("error") else garbage(KeyError("output"))
    reader = AnswerReader(secrets)
    try:
        reader.whole(response)
    except _MISSHAPEN as trouble:
        raise garbage(trouble) from None
    return reader.out


def read_object(data: bytes) -> JsonObject:
    """An event or an answer. Raises `Fault` `upstream_garbage`."""
    try:
        value: Any = msgspec.json.decode(data)
    except UNREADABLE as trouble:
        raise garbage(trouble) from None
    if not isinstance(value, dict):
        raise Fault("upstream_garbage", "The upstream's answer is not a JSON object.")
    return value


def garbage(trouble: Exception) -> Fault:
    """What cannot be read."""
    return Fault("upstream_garbage", "The upstream's answer is not what its API promises.", detail=repr(trouble)[:200])
