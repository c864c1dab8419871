"""Answers of Chat Completions → canonical events, streamed and whole."""

from __future__ import annotations

from types import NoneType
from typing import Any

import msgspec

from headworks.dialects.openai_chat.choice import ChoiceReader
from headworks.dialects.openai_chat.faults import fault_in_answer
from headworks.dialects.openai_chat.names import NAME
from headworks.dialects.openai_chat.usage import read_service_tier, read_usage
from headworks.dialects.sse import SseEvent, SseParser
from headworks.domain.errors import Fault
from headworks.domain.events import Ended, Event, Failed, Started, UsageSeen
from headworks.domain.message import JsonObject
from headworks.domain.target import Quirks

DONE = b"[DONE]"
_READ = frozenset(("id", "object", "created", "model", "choices", "usage", "obfuscation", "p", "nonce", "created_at"))
"""What is read, and what pads or repeats."""

_OBJECT_OR_NULL = (dict, NoneType)

_DECODER = msgspec.json.Decoder()


class AnswerReader:
    """What streams and whole answers have in common: choices, usage, and what is said about the whole answer."""

    def __init__(self, quirks: Quirks) -> None:
        self.out: list[Event] = []
        self._quirks = quirks
        self._choices: dict[int, ChoiceReader] = {}
        self._started = False
        self._head: JsonObject = {}
        self._late: JsonObject = {}
        self._usage: UsageSeen | None = None

    def read(self, answer: JsonObject, *, whole: bool) -> None:
        """A chunk, or a whole answer."""
        choices = answer.get("choices") or ()
        self._note(answer, content=bool(choices))
        for place, choice in enumerate(choices):
            index = choice.get("index")
            reader = self._choice(place if index is None else index)
            if whole:
                reader.feed_whole(choice)
            else:
                reader.feed(choice)
        usage = find_usage(answer, self._quirks)
        if usage is not None:
            self._see(usage, read_service_tier(answer.get("service_tier"), usage), final=whole or self.finished)

    def end(self) -> None:
        """The answer is complete."""
        self._start()
        for index in sorted(self._choices):
            self._choices[index].stop()
        self.out.append(Ended(self._late))

    @property
    def finished(self) -> bool:
        """Whether every choice has said why it stopped."""
        return bool(self._choices) and all(choice.finished for choice in self._choices.values())

    def _choice(self, index: int) -> ChoiceReader:
        reader = self._choices.get(index)
        if reader is None:
            reader = self._choices[index] = ChoiceReader(index, str(self._head.get("id") or ""), self.out)
        return reader

    def _note(self, answer: JsonObject, *, content: bool) -> None:
        """What is said about the whole answer. Azure begins with a chunk that names neither id nor model, so the first content starts it."""
        if not self._started:
            self._head.update({name: value for name, value in answer.items() if value not in (None, "")})
            if content:
                self._start()
            return
        for name, value in answer.items():
            if name not in _READ and value is not None and self._head.get(name) != value and value != "":
                self._late[name] = value

    def _start(self) -> None:
        if self._started:
            return
        self._started = True
        head = self._head
        extra = {name: value for name, value in head.items() if name not in _READ}
        created = head.get("created")
        created = int(created) if isinstance(created, int | float) else 0
        told = str(head.get("id") or ""), str(head.get("model") or "")
        self.out.append(Started(*told, created, NAME, extra, read_service_tier(head.get("service_tier"), head.get("usage"))))

    def _see(self, raw: JsonObject, service_tier: str, *, final: bool) -> None:
        seen = UsageSeen(read_usage(raw, self._quirks), raw, final, service_tier)
        known = self._usage
        if known is None or (seen.usage, final, service_tier) != (known.usage, known.final, known.service_tier):
            self._start()
            self._usage = seen
            self.out.append(seen)


class StreamDecoder:
    """One streamed answer. See `ports.dialect.Decoder`."""

    def __init__(self, quirks: Quirks, secrets: tuple[bytes, ...]) -> None:
        self._secrets = secrets
        self._sse = SseParser()
        self._reader = AnswerReader(quirks)
        self._over = False

    def feed(self, data: bytes) -> list[Event]:
        """See `Decoder.feed`."""
        return self._read(self._sse.feed(data))

    def close(self) -> list[Event]:
        """See `Decoder.close`. Some servers end with their last choice instead of `[DONE]`."""
        events = self._read(self._sse.close())
        if not self._over and self._reader.finished:
            self._over = True
            self._reader.end()
            events += self._drain()
        return events

    def _read(self, events: list[SseEvent]) -> list[Event]:
        for event in events:
            if self._over:
                break
            if event.data.startswith(DONE):
                self._over = True
                self._reader.end()
            elif event.data:
                self._chunk(event)
        return self._drain()

    def _chunk(self, event: SseEvent) -> None:
        chunk = read_chunk(event)
        fault = fault_in_answer(chunk, self._secrets)
        if fault is None:
            try:
                self._reader.read(chunk, whole=False)
            except (TypeError, AttributeError, KeyError, ValueError) as trouble:
                raise garbage(trouble) from None
        else:
            self._over = True
            self._reader.out.append(Failed(fault))

    def _drain(self) -> list[Event]:
        out = self._reader.out
        events = out.copy()
        out.clear()
        return events


def read_answer(body: bytes, quirks: Quirks, secrets: tuple[bytes, ...]) -> list[Event]:
    """The events of a whole answer. Raises `Fault`: `upstream_garbage`, or what the answer says went wrong."""
    answer = decode_object(body)
    fault = fault_in_answer(answer, secrets)
    if fault is not None:
        raise fault
    if not isinstance(answer.get("choices"), list):
        raise Fault("upstream_garbage", "The upstream's answer holds no choices.")
    reader = AnswerReader(quirks)
    try:
        reader.read(answer, whole=True)
        reader.end()
    except (TypeError, AttributeError, KeyError, ValueError) as trouble:
        raise garbage(trouble) from None
    return reader.out


def read_chunk(event: SseEvent) -> JsonObject:
    """The JSON of a stream event. Raises `Fault` `upstream_garbage`."""
    chunk = decode_object(event.data)
    return {"error": chunk} if event.event == "error" and "error" not in chunk else chunk


def decode_object(data: bytes) -> JsonObject:
    """An answer or a chunk, of which one may rely on the shape of its choices. Raises `Fault` `upstream_garbage`."""
    try:
        value: Any = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as trouble:
        raise garbage(trouble) from None
    if not isinstance(value, dict):
        raise Fault("upstream_garbage", "The upstream's answer is not a JSON object.")
    choices = value.get("choices")
    if choices and not (isinstance(choices, list) and all(_is_choice(choice) for choice in choices)):
        raise Fault("upstream_garbage", "The upstream's answer holds choices that are none.")
    return value


def _is_choice(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return isinstance(value.get("delta"), _OBJECT_OR_NULL) and isinstance(value.get("message"), _OBJECT_OR_NULL)


def garbage(trouble: Exception) -> Fault:
    """What cannot be read."""
    return Fault(
        "upstream_garbage", "The upstream's answer could not be read.", detail=f"{type(trouble).__name__}: {trouble}"[:200]
    )


def find_usage(answer: JsonObject, quirks: Quirks) -> JsonObject | None:
    """The usage object, in OpenAI's place, in Groq's, or where this provider's quirks say."""
    usage = answer.get("usage")
    if isinstance(usage, dict) and usage:
        return usage
    for name in (quirks.usage_in or "x_groq.usage").split("."):
        nested = answer.get(name)
        if not isinstance(nested, dict):
            return None
        answer = nested
    return answer or None
