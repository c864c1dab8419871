"""Canonical events → Ollama's answers: a line for each piece, or all of them in one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec

from headworks.dialects.ollama.names import DONE_REASONS, NAME, UNREADABLE
from headworks.dialects.ollama.usage import write_usage
from headworks.domain.call import Ask
from headworks.domain.events import (
    ArgumentsDelta,
    Ended,
    Event,
    Logprobs,
    PartEnded,
    PartKind,
    PartStarted,
    Started,
    Stopped,
    StopReason,
    TextDelta,
    UsageSeen,
)
from headworks.domain.message import JsonObject

Now = Callable[[], float]
"""Monotonic seconds."""

_encode = msgspec.json.Encoder().encode
_NANOSECONDS = 1_000_000_000
_SPOKEN = frozenset((PartKind.TEXT, PartKind.REFUSAL))


class StreamEncoder:
    """`ports.dialect.Encoder` of one answer."""

    def __init__(self, ask: Ask, now: Now | None) -> None:
        self._writer = LineWriter(ask, now)

    def feed(self, events: Sequence[Event]) -> bytes:
        """See `ports.dialect.Encoder`."""
        lines = (self._writer.write(event) for event in events)
        return b"".join([_encode(line) + b"\n" for line in lines if line is not None])


def write_answer(events: Sequence[Event], ask: Ask, now: Now | None) -> bytes:
    """A whole answer: what the lines say, put together."""
    writer = LineWriter(ask, now)
    texts: dict[str, str] = {}
    calls: list[JsonObject] = []
    likely: list[JsonObject] = []
    last: JsonObject = {}
    for event in events:
        line = writer.write(event)
        if line is None:
            continue
        message = line.get("message") or line
        texts |= {name: texts.get(name, "") + message[name] for name in _TEXTS if name in message}
        calls += message.get("tool_calls", ())
        likely += line.get("logprobs", ())
        last = line
    said = {**texts, **({"tool_calls": calls} if calls else {})}
    shaped = {"message": last["message"] | said} if "message" in last else said
    return _encode(last | shaped | ({"logprobs": likely} if likely else {}))


_TEXTS = ("content", "response", "thinking")


class LineWriter:
    """Writes one answer's lines. Times are told where the clock is known, and only those that were measured: it is nobody's here to load."""

    def __init__(self, ask: Ask, now: Now | None) -> None:
        self._ask = ask
        self._now = now
        self._head: JsonObject = {}
        self._own = False
        self._parts: dict[int, PartStarted] = {}
        self._arguments: dict[int, list[str]] = {}
        self._calls = 0
        self._stopped = Stopped(StopReason.END)
        self._counts: JsonObject = {}

    def write(self, event: Event) -> JsonObject | None:
        """The line for an event; None where there is nothing to say yet."""
        match event:
            case Started():
                self._own = event.dialect == NAME
                self._head = {"model": event.model or self._ask.model, "created_at": self._when(event.created)}
            case PartStarted():
                self._parts[event.part] = event
            case TextDelta() if event.text:
                return self._text(event)
            case ArgumentsDelta():
                self._arguments.setdefault(event.part, []).append(event.json)
            case PartEnded() if self._parts[event.part].kind is PartKind.TOOL_CALL:
                return self._call(self._parts[event.part])
            case Logprobs():
                return self._line(content="") | {"logprobs": event.raw.get("content") or []}
            case Stopped():
                self._stopped = event
            case UsageSeen():
                self._counts = (self._own and event.raw) or write_usage(event.usage)
            case Ended():
                return self._last()
            case _:
                pass
        return None

    def _text(self, event: TextDelta) -> JsonObject | None:
        kind = self._parts[event.part].kind
        if kind is PartKind.REASONING:
            return self._line(content="", thinking=event.text)
        return self._line(content=event.text) if kind in _SPOKEN else None

    def _call(self, started: PartStarted) -> JsonObject:
        given = _object("".join(self._arguments.pop(started.part, ())))
        function = {"index": self._calls, "name": started.name, "arguments": given}
        self._calls += 1
        return self._line(content="", tool_calls=[{"id": started.call_id, "function": function}])

    def _line(self, *, content: str, **more: object) -> JsonObject:
        if self._ask.native is not None:
            return {**self._head, "response": content, **more, "done": False}
        return {**self._head, "message": {"role": "assistant", "content": content, **more}, "done": False}

    def _last(self) -> JsonObject:
        stopped = self._stopped
        if stopped.reason is StopReason.END and any(part.kind is PartKind.REFUSAL for part in self._parts.values()):
            stopped = Stopped(StopReason.REFUSAL)  # in words of its own, it is one here too
        word = stopped.raw if self._own and stopped.raw else DONE_REASONS.get(stopped.reason, "stop")
        return {**self._line(content=""), "done": True, "done_reason": word, **self._durations(), **self._counts}

    def _durations(self) -> JsonObject:
        if self._now is None or not self._ask.began:
            return {}
        return {"total_duration": int((self._now() - self._ask.began) * _NANOSECONDS), "load_duration": 0}

    def _when(self, created: int) -> str:
        return datetime.fromtimestamp(created or self._ask.asked_at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _object(arguments: str) -> JsonObject:
    """A call's arguments as an object, which is all that Ollama's clients take."""
    try:
        value = msgspec.json.decode(arguments or "{}")
    except UNREADABLE:
        value = arguments
    if value is None:
        return {}
    return value if isinstance(value, dict) else {"arguments": arguments}
