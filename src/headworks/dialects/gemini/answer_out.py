"""Canonical events → Gemini's answers: a stream of chunks (as events or as one JSON list), or all of them in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from headworks.dialects.gemini.chunks import ChunkWriter
from headworks.dialects.gemini.parts_in import SIGNATURE
from headworks.dialects.sse import write_event
from headworks.domain.call import Ask
from headworks.domain.events import Event
from headworks.domain.message import JsonObject
from headworks.domain.where import Form

_encode = msgspec.json.Encoder().encode


class StreamEncoder:
    """`ports.dialect.Encoder` of one answer."""

    def __init__(self, ask: Ask) -> None:
        self._frame = ArrayFrame() if ask.form is Form.ARRAY else None
        self._chunks = ChunkWriter()

    def feed(self, events: Sequence[Event]) -> bytes:
        """See `ports.dialect.Encoder`."""
        out = b""
        for event in events:
            chunk = self._chunks.write(event)
            if chunk is not None:
                data = _encode(chunk)
                out += self._frame.item(data) if self._frame is not None else write_event(data)
        if self._frame is not None and self._chunks.ended:
            out += self._frame.end()
        return out


class ArrayFrame:
    """A stream that makes one JSON list in the end."""

    def __init__(self) -> None:
        self._begun = False
        self._over = False

    def item(self, data: bytes) -> bytes:
        """One more item."""
        mark, self._begun = (b",\n" if self._begun else b"["), True
        return mark + data

    def end(self) -> bytes:
        """The list's end, once."""
        if self._over:
            return b""
        self._over = True
        return b"]\n" if self._begun else b"[]\n"


def write_answer(events: Sequence[Event]) -> bytes:
    """A whole answer: neighbouring pieces of text put together."""
    chunks = ChunkWriter()
    whole: JsonObject = {}
    candidates: dict[int, JsonObject] = {}
    for event in events:
        chunk = chunks.write(event)
        if chunk is None:
            continue
        for candidate in chunk.pop("candidates", ()):
            _join(candidates.setdefault(candidate["index"], {"content": {"parts": [], "role": "model"}}), candidate)
        whole |= chunk
    listed = [candidates[index] for index in sorted(candidates)]
    return _encode({**({"candidates": listed} if listed else {}), **whole})


def _join(candidate: JsonObject, more: JsonObject) -> None:
    parts: list[Any] = candidate["content"]["parts"]
    for part in more.pop("content", {}).get("parts", ()):
        last: JsonObject = parts[-1] if parts else {}
        same = last.keys() - {SIGNATURE} == part.keys() - {SIGNATURE} <= {"text", "thought"} and SIGNATURE not in last
        if part == {"text": ""} or (same and "text" in last and "text" in part):
            if last and "text" in last:
                last.update({**part, "text": last["text"] + part["text"]})
        else:
            parts.append(part)
    candidate.update(more)
