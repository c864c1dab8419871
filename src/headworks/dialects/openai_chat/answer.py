"""Canonical events → a whole Chat Completions answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from headworks.dialects.openai_chat.deltas import DeltaWriter
from headworks.dialects.openai_chat.names import FINISH_REASONS, NAME
from headworks.dialects.openai_chat.usage import write_usage
from headworks.domain.events import Ended, Event, Logprobs, Started, Stopped, UsageSeen
from headworks.domain.message import JsonObject

_JOINED = frozenset(("content", "refusal", "reasoning_content", "reasoning"))
_STRINGS = frozenset(("text", "summary", "signature", "data", "transcript"))
"""Fields of reasoning details and audio that come in pieces."""


class _Choice:
    """One choice, added up delta by delta."""

    def __init__(self, index: int) -> None:
        self._message: JsonObject = {"role": "assistant", "content": None}
        self._wire: JsonObject = {"index": index, "message": self._message}
        self._texts: dict[str, list[Any]] = {}
        self._arguments: dict[int, list[str]] = {}

    def add(self, delta: JsonObject) -> None:
        """What one more event says."""
        for name, value in delta.items():
            if name in _JOINED:
                self._texts.setdefault(name, []).append(value)
            elif name == "tool_calls":
                self._add_call(value[0])
            elif name == "reasoning_details":
                _add_detail(self._message.setdefault(name, []), value[0])
            elif name == "audio":
                _add_strings(self._message.setdefault(name, {}), value)
            elif isinstance(value, list):
                self._message.setdefault(name, []).extend(value)
            else:
                self._message[name] = value

    def add_logprobs(self, raw: JsonObject) -> None:
        """More log-probabilities: their lists go on."""
        kept = self._wire.setdefault("logprobs", {})
        for name, value in raw.items():
            kept[name] = [*kept[name], *value] if isinstance(value, list) and kept.get(name) else value

    def stop(self, event: Stopped, *, own: bool) -> None:
        """Why it ended."""
        self._wire["finish_reason"] = event.raw if event.raw and own else FINISH_REASONS[event.reason]
        if own:
            self._wire.update(event.extra)

    def finish(self) -> JsonObject:
        """The choice object."""
        for name, pieces in self._texts.items():
            self._message[name] = "".join(pieces) if all(isinstance(piece, str) for piece in pieces) else _chunks(pieces)
        for call in self._message.get("tool_calls", ()):
            if "function" in call:
                call["function"]["arguments"] = "".join(self._arguments[call.pop("index")])
        self._wire.setdefault("finish_reason", "stop")
        return self._wire

    def _add_call(self, delta: JsonObject) -> None:
        if "id" in delta:
            self._message.setdefault("tool_calls", []).append(delta)
            self._arguments[delta.get("index", -1)] = []
        else:
            self._arguments[delta["index"]].append(delta["function"]["arguments"])


def write_answer(events: Sequence[Event], asked_at: int) -> bytes:
    """The events of one answer as one JSON document. `asked_at` (seconds since the epoch) dates one that has no date."""
    deltas = DeltaWriter()
    answer: JsonObject = {"id": "", "object": "chat.completion", "created": asked_at, "model": ""}
    choices: dict[int, _Choice] = {}
    own = False
    for event in events:
        if type(event) is Started:
            own = event.dialect == NAME
            deltas.start(event)
            created = event.created or asked_at
            answer.update({"id": event.id, "created": created, "model": event.model}, **(event.extra if own else {}))
        elif type(event) is Stopped:
            _choice(choices, event.choice).stop(event, own=own)
        elif type(event) is Logprobs:
            _choice(choices, event.choice).add_logprobs(event.raw)
        elif type(event) is UsageSeen:
            answer["usage"] = event.raw if own else write_usage(event.usage)
        elif type(event) is Ended:
            answer.update(event.extra if own else {})
        else:
            delta = deltas.write(event)
            if delta is not None:
                _choice(choices, getattr(event, "choice", 0)).add(delta)
    answer["choices"] = [choices[index].finish() for index in sorted(choices)]
    return msgspec.json.encode(answer)


def _choice(choices: dict[int, _Choice], index: int) -> _Choice:
    if index not in choices:
        choices[index] = _Choice(index)
    return choices[index]


def _add_detail(details: list[JsonObject], piece: JsonObject) -> None:
    """A piece of the detail before it, or a new one. Encrypted details come complete."""
    last = details[-1] if details else None
    whole = piece["type"] not in {"reasoning.text", "reasoning.summary"}
    if last is None or whole or (last["type"], last.get("index")) != (piece["type"], piece.get("index")):
        details.append(dict(piece))
    else:
        _add_strings(last, piece)


def _add_strings(kept: JsonObject, piece: JsonObject) -> None:
    for name, value in piece.items():
        kept[name] = kept.get(name, "") + value if name in _STRINGS and isinstance(value, str) else value


def _chunks(pieces: list[Any]) -> list[Any]:
    """Content of which some came as a list of chunks (Mistral): all as chunks, pieces of one thought together."""
    chunks: list[Any] = []
    for piece in pieces:
        new: JsonObject = {"type": "text", "text": piece} if isinstance(piece, str) else piece[0]
        last: JsonObject = chunks[-1] if chunks else {}
        if last.get("type") != new.get("type") or new["type"] not in {"text", "thinking"}:
            chunks.append(new)
        elif new["type"] == "text":
            last["text"] += new["text"]
        else:
            last["thinking"][0]["text"] += new["thinking"][0]["text"]
    return chunks
