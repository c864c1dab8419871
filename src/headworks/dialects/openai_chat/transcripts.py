"""Text made of sound: JSON, plain text, subtitles or events, as the provider sends it."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from headworks.dialects.counts import Count, read_form
from headworks.dialects.noted import BYTES_PER_TOKEN
from headworks.dialects.openai_chat.decoder import decode_object
from headworks.dialects.openai_chat.faults import fault_in_answer
from headworks.dialects.openai_chat.media_events import MediaEvents
from headworks.domain.call import Ask
from headworks.domain.errors import Fault
from headworks.domain.message import JsonObject
from headworks.domain.money import PriceCard
from headworks.domain.sound import TOKENS_PER_SECOND
from headworks.domain.target import Target
from headworks.domain.usage import Usage

_EVENTS = b"text/event-stream"


class TranscriptWatch(MediaEvents):
    """See `ports.interpreter.Expecting`. What comes passes untouched: its shape is what the provider made of `response_format` and `stream`."""

    fault: Fault | None

    def __init__(self, ask: Ask, target: Target) -> None:
        super().__init__(target, self._used, lambda _size: self.pieces)
        self._seconds = ask.seconds
        self._price = target.price
        self._json = True
        self.streams_events = False

    def expect(self, content_type: bytes) -> bool:
        """See `Expecting.expect`."""
        self.streams_events = content_type.startswith(_EVENTS)
        self._json = b"json" in content_type
        return not self.streams_events

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`: events as they come, all else complete."""
        if self.streams_events:
            return super().feed(data)
        try:
            self._read(data)
        except Fault as fault:
            self.fault = fault
            return b""
        self.began = self.ended = True
        self.pieces = 1
        self.content_bytes = len(data)
        return data

    def close(self) -> bytes:
        """See `Relay.close`."""
        return super().close() if self.streams_events else b""

    def estimated_output(self) -> int:
        """See `Relay.estimated_output`: an event a token."""
        return self.pieces if self.streams_events else self.content_bytes // BYTES_PER_TOKEN

    def _read(self, data: bytes) -> None:
        """A whole answer. Raises `Fault`. What is said may begin with a brace."""
        try:
            answer = decode_object(data) if self._json or data[:1] == b"{" else {}
        except Fault:
            if self._json:
                raise
            answer = {}
        fault = fault_in_answer(answer, self._secrets) if answer else None
        if fault is not None:
            raise fault
        if self._json and "text" not in answer:
            raise Fault("upstream_garbage", "The upstream's answer holds no text.")
        self.served_model = str(answer.get("model") or "")
        said: Any = answer.get("usage")
        usage: JsonObject = said if isinstance(said, dict) else {}
        self.usage = self._used({"seconds": answer.get("duration"), **usage})
        self.usage_final = self.usage is not None

    def _used(self, raw: JsonObject | None) -> Usage | None:
        return read_heard_usage(raw or {}, self._seconds, self._price)


class _Parts(msgspec.Struct):
    audio_tokens: Count = None
    cached_tokens: Count = None


class _Tokens(msgspec.Struct):
    """In OpenAI's words, and in Mistral's, whose `prompt_tokens` leave those of the sound out."""

    input_tokens: Count = None
    output_tokens: Count = None
    input_token_details: _Parts | None = None
    prompt_tokens: Count = None
    completion_tokens: Count = None
    prompt_tokens_details: _Parts | None = None
    total_tokens: Count = None


_NO_PARTS = _Parts()


def read_heard_usage(raw: JsonObject, likely: int, price: PriceCard | None) -> Usage | None:
    """What hearing sound that lasts `likely` seconds used, as an answer tells it; None where it does not tell what is paid for."""
    said = read_form(raw, _Tokens)
    read = said.prompt_tokens if said.input_tokens is None else said.input_tokens
    written = said.completion_tokens if said.output_tokens is None else said.output_tokens
    parts = said.input_token_details or said.prompt_tokens_details or _NO_PARTS
    seconds = _seconds(raw.get("seconds") or raw.get("prompt_audio_seconds"))
    counted = read is not None or written is not None
    if said.total_tokens is not None and written is not None:
        read = max(read or 0, said.total_tokens - written)
    if seconds is None if price is not None and price.audio_minute else not counted:
        return None
    sound = min(read or 0, likely * TOKENS_PER_SECOND) if parts.audio_tokens is None else parts.audio_tokens
    return Usage(
        input=read or 0, output=written or 0, input_audio=sound, cache_read=parts.cached_tokens or 0, audio_seconds=seconds or 0
    )


def _seconds(value: Any) -> int | None:
    """Whole ones, the last one begun counted."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return math.ceil(seconds) if 0 <= seconds < 10**9 else None
