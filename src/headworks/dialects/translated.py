"""The relay between two dialects: upstream bytes → events → client bytes.

It also turns a stream into a whole answer and back, for an upstream that answers in the form it was not asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from headworks.dialects.noted import Noted
from headworks.dialects.tool_names import Names
from headworks.dialects.turns import unlike
from headworks.dialects.understood import understood
from headworks.dialects.unsaid import Unsaid
from headworks.domain.call import Ask
from headworks.domain.errors import Fault
from headworks.domain.events import (
    ArgumentsDelta,
    Ended,
    Event,
    Failed,
    PartKind,
    PartStarted,
    RawDelta,
    Started,
    Stopped,
    StopReason,
    TextDelta,
    UsageSeen,
)
from headworks.domain.message import Downgrade
from headworks.domain.target import Target
from headworks.domain.usage import Usage
from headworks.ports.dialect import Decoder, Front, Spoken

MAX_WHOLE_BYTES = 64 * 1024 * 1024
"""Bound of a whole answer that is collected because a stream was asked for."""

_TURNS = ("messages", "input", "contents")
"""Fields of a question that hold the turns before it."""

_Input = TypeVar("_Input")
_CONTENT = frozenset((TextDelta, ArgumentsDelta, RawDelta))


class Judge(Protocol):
    """Hears an answer, and may find that it is not what was asked for."""

    def hear(self, events: Sequence[Event]) -> None:
        """More of it. Raises its `Fault`."""
        ...


class Translated(Noted):
    """One answer of one attempt, from `source`'s language to `front`'s. See `ports.interpreter.Relay`."""

    fault: Fault | None

    def __init__(
        self, source: Spoken, target: Target, front: Front, ask: Ask, judge: Judge | None = None, names: Names | None = None
    ) -> None:
        """`names` are those of tools that the caller knows by others."""
        super().__init__()
        self._source = source
        self._target = target
        self._front = front
        self._ask = ask
        self._unsaid = Unsaid(front.name, front.says)
        self._judge = judge
        self._encoder = front.encoder(ask) if ask.stream else None
        self._decoder: Decoder | None = None
        self._names = names or {}
        self._calls = _Calls(ask)
        self._whole: list[bytes] = []
        self._held = 0
        self._last = b""
        """The latest bytes that went on."""

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`. What follows a fault is dropped: `fail` speaks then."""
        if self.fault is not None:
            return b""
        if self._decoder is not None:
            return self._carry(self._decoder.feed, data)
        if self._encoder is None:
            return self._carry(self._read_complete, data)
        if self._whole or self._source.looks_whole(data):
            self._hold(data)
            return b""
        self._decoder = self._source.decoder(self._target)
        return self._carry(self._decoder.feed, data)

    def close(self) -> bytes:
        """See `Relay.close`."""
        rest = b""
        if self.fault is None and self._whole:
            rest = self._carry(self._read_complete, b"".join(self._whole))
        elif self.fault is None and self._decoder is not None:
            rest = self._carry(lambda decoder: decoder.close(), self._decoder)
        if not self.ended and self.fault is None:
            self.fault = Fault("severed", "The upstream's answer broke off before its end.")
        return rest

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """See `Relay.fail`."""
        return self._front.write_fault_event(fault, request_id, self._last) if self._ask.stream else b""

    def losses(self) -> Sequence[Downgrade]:
        """See `Prepared.losses`."""
        return self._unsaid.losses()

    def _carry(self, read: Callable[[_Input], Sequence[Event]], data: _Input) -> bytes:
        try:
            return understood(self._carried, read, data)
        except Fault as fault:
            self.fault = fault
            return b""

    def _carried(self, read: Callable[[_Input], Sequence[Event]], data: _Input) -> bytes:
        events = self._note(read(data))
        self._unsaid.note(events)
        if self._judge is not None:
            self._judge.hear(events)
        if self._encoder is not None:
            out = self._encoder.feed(self._told(events))
            self._last = out or self._last
            return out
        return self._front.write_answer(events, self._ask) if self.ended and self.fault is None else b""

    def _told(self, events: Sequence[Event]) -> Sequence[Event]:
        """What the client is told of them: all."""
        return events

    def _read_complete(self, data: bytes) -> list[Event]:
        """A complete answer, in whichever form it came."""
        if self._source.looks_whole(data):
            return self._source.read_answer(data, self._target)
        decoder = self._source.decoder(self._target)
        return [*decoder.feed(data), *decoder.close()]

    def _hold(self, data: bytes) -> None:
        self._whole.append(data)
        self._held += len(data)
        if self._held > MAX_WHOLE_BYTES:
            self._whole.clear()
            self.fault = Fault("upstream_too_large", f"The upstream's answer is larger than {MAX_WHOLE_BYTES} bytes.")

    def _count(self, event: UsageSeen) -> None:
        report = is_report(event.usage, spoken=self.pieces > 0, final=event.final)
        self.usage = event.usage if report else None
        self.usage_final = report and event.final
        self.service_tier = event.service_tier or self.service_tier

    def _note(self, events: Sequence[Event]) -> Sequence[Event]:
        """Take down what accounting needs. Returns the events before a failure, as they are told."""
        told: list[Event] = []
        for event in events:
            said: Event = event
            if type(event) in _CONTENT:
                self.began = True
                self.pieces += 1
                self.content_bytes += _size(event)
            elif type(event) is PartStarted:
                self.began = self.began or event.kind is not PartKind.TEXT
                said = self._called(event) if event.kind is PartKind.TOOL_CALL else event
            elif type(event) is UsageSeen:
                self._count(event)
            elif type(event) is Started:
                self.served_model, self.upstream_id, self.service_tier = event.model, event.id, event.service_tier
                said = self._named(event)
            elif type(event) is Ended:
                self.ended = True
            elif type(event) is Stopped:
                self._refuse_nothing(event)
            elif type(event) is Failed:
                self.fault = event.fault
                break
            told.append(said)
        return told

    def _called(self, event: PartStarted) -> PartStarted:
        """A call by the name that the caller knows, which can be told from all others: clients find its result by its id alone."""
        if event.name in self._names:
            event = msgspec.structs.replace(event, name=self._names[event.name])
        if event.call_id not in self._calls:
            self._calls.add(event.call_id)
            return event
        other = unlike(event.call_id, self._calls)
        self._calls.add(other)
        return msgspec.structs.replace(event, call_id=other)

    def _named(self, event: Started) -> Started:
        """Clients want to know an answer and who gave it, whether or not an upstream tells that."""
        if event.id and event.model:
            return event
        return msgspec.structs.replace(event, id=event.id or self._ask.answer_id, model=event.model or self._target.model)

    def _refuse_nothing(self, event: Stopped) -> None:
        """A model that stopped before it said anything, for a reason that is none of an answer's, has failed: other languages would tell
        an empty answer that is complete.
        """
        if not self.began and event.reason is StopReason.OTHER and event.raw:
            raise Fault("upstream_error", "The model gave up before it had said anything.", detail=event.raw[:200])


class _Calls:
    """The ids of calls: those of this answer, and, as far as their letters stand in the question, those of the turns before."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._told: set[str] = set()

    def __contains__(self, call_id: object) -> bool:
        if call_id in self._told:
            return True
        quoted = msgspec.json.encode(call_id)
        return any(quoted in bytes(self._ask.fields[name]) for name in _TURNS if name in self._ask.fields)

    def add(self, call_id: str) -> None:
        """One more."""
        self._told.add(call_id)


def is_report(usage: Usage, *, spoken: bool, final: bool) -> bool:
    """Whether counts are worth more than an estimate: not if all are zero, nor if they end an answer in which something was said at nothing."""
    return usage.output > 0 or (usage.input > 0 and not (spoken and final))


def _size(event: Event) -> int:
    if type(event) is TextDelta:
        return len(event.text.encode())
    if type(event) is ArgumentsDelta:
        return len(event.json.encode())
    return 0
