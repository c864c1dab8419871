"""Gemini's answers → canonical events. A whole answer is one chunk, a stream many of the same shape."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.gemini.candidate import Candidate
from headworks.dialects.gemini.faults import stated_fault
from headworks.dialects.gemini.respell import respelt
from headworks.dialects.gemini.usage import read_usage, searches_of
from headworks.dialects.gemini.wire import NAME, UNREADABLE
from headworks.dialects.sse import SseEvent, SseParser
from headworks.domain.errors import Fault
from headworks.domain.events import Ended, Event, Failed, Started, Stopped, StopReason, UsageSeen
from headworks.domain.message import JsonObject

_READ = frozenset(("candidates", "usageMetadata", "modelVersion", "responseId", "promptFeedback"))
_MISSHAPEN = (KeyError, TypeError, AttributeError, ValueError)
"""What reading a field raises where an object does not have the documented shape."""


def read_answer(body: bytes, secrets: tuple[bytes, ...]) -> list[Event]:
    """A whole answer, or a stream's chunks as one list. Raises `Fault` `upstream_garbage`, or the fault that the answer states."""
    answer = _decode(body)
    reader = AnswerReader(secrets)
    chunks: list[Any] = answer if isinstance(answer, list) else [answer]
    for chunk in chunks:
        reader.take(chunk)
    reader.end(whole=isinstance(answer, dict))
    failed = next((event for event in reader.out if isinstance(event, Failed)), None)
    if failed is not None:
        raise failed.fault
    if not isinstance(reader.out[-1] if reader.out else None, Ended):
        raise Fault("upstream_garbage", "The upstream's answer has no candidate that ended.")
    return reader.out


class StreamDecoder:
    """`ports.dialect.Decoder` of one answer. A stream ends with its bytes: only what finished before is whole."""

    def __init__(self, secrets: tuple[bytes, ...]) -> None:
        self._parser = SseParser()
        self._reader = AnswerReader(secrets)

    def feed(self, data: bytes) -> list[Event]:
        """See `ports.dialect.Decoder`."""
        return self._read(self._parser.feed(data))

    def close(self) -> list[Event]:
        """See `ports.dialect.Decoder`."""
        events = self._read(self._parser.close())
        self._reader.end()
        return [*events, *self._reader.taken()]

    def _read(self, received: list[SseEvent]) -> list[Event]:
        for event in received:
            if event.data != b"[DONE]":
                self._reader.take(_decode(event.data))
        return self._reader.taken()


class AnswerReader:
    """Where one answer has got to."""

    def __init__(self, secrets: tuple[bytes, ...]) -> None:
        self.out: list[Event] = []
        self._secrets = secrets
        self._started = False
        self._id = self._model = ""
        self._searches = 0
        self._blocked = False
        self._candidates: dict[int, Candidate] = {}

    def take(self, wire: Any) -> None:
        """One chunk."""
        try:
            self._take(respelt(wire))
        except _MISSHAPEN as trouble:
            raise Fault(
                "upstream_garbage", "The upstream's answer is not what its API promises.", detail=repr(trouble)
            ) from None

    def taken(self) -> list[Event]:
        """The events since this was last asked."""
        events, self.out = self.out, []
        for candidate in self._candidates.values():
            candidate.out = self.out
        return events

    def end(self, *, whole: bool = False) -> None:
        """The answer is over: a stream's is complete if every candidate had finished."""
        if self._blocked or self._finished or (whole and self._candidates):
            for candidate in self._candidates.values():
                candidate.stop()
            self.out.append(Ended())

    def _take(self, wire: JsonObject) -> None:
        if "error" in wire:
            self.out.append(Failed(stated_fault(wire, self._secrets)))
            return
        if not self._started:
            self._start(wire)
        feedback = wire.get("promptFeedback") or {}
        if feedback.get("blockReason") and not self._blocked:
            self._blocked = True
            self.out.append(Stopped(StopReason.CONTENT_FILTER, raw=feedback["blockReason"], extra={"promptFeedback": feedback}))
        for place, candidate in enumerate(wire.get("candidates") or ()):
            index = candidate.get("index")
            self._candidate(place if index is None else index).feed(candidate)
            if candidate.get("groundingMetadata"):
                self._searches = max(self._searches, searches_of(candidate["groundingMetadata"], self._model))
        usage = wire.get("usageMetadata")
        if usage:
            counts = msgspec.structs.replace(read_usage(usage), web_searches=self._searches)
            final, tier = self._blocked or self._finished, usage.get("serviceTier")
            self.out.append(UsageSeen(counts, raw=usage, final=final, service_tier=tier if isinstance(tier, str) else ""))

    @property
    def _finished(self) -> bool:
        return bool(self._candidates) and all(one.finished for one in self._candidates.values())

    def _start(self, wire: JsonObject) -> None:
        self._started = True
        self._id, self._model = wire.get("responseId") or "", str(wire.get("modelVersion") or "")
        extra = {name: value for name, value in wire.items() if name not in _READ}
        self.out.append(Started(id=self._id, model=wire.get("modelVersion") or "", dialect=NAME, extra=extra))

    def _candidate(self, index: int) -> Candidate:
        if index not in self._candidates:
            self._candidates[index] = Candidate(index, self._id, self.out)
        return self._candidates[index]


def _decode(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except UNREADABLE as trouble:
        raise Fault("upstream_garbage", "The upstream's answer is not what its API promises.", detail=repr(trouble)) from None
