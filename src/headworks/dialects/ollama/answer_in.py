"""Answers of `/api/chat` → canonical events. A stream is a line for each piece, and a whole answer is the only line of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from headworks.dialects.ollama.faults import told_fault
from headworks.dialects.ollama.lines import LineReader
from headworks.dialects.ollama.names import NAME, STOP_REASONS
from headworks.dialects.ollama.usage import read_usage, told
from headworks.dialects.understood import understood
from headworks.domain.events import (
    ArgumentsDelta,
    Ended,
    Event,
    Failed,
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

_DECODER = msgspec.json.Decoder()
_DIGITS = "0123456789"


class Reader:
    """Reads one answer, line by line. `over` tells that it has ended, well or badly: nothing follows."""

    def __init__(self) -> None:
        self.over = False
        self._out: list[Event] = []
        self._id = ""
        self._part = 0
        self._open: PartKind | None = None
        self._calls = 0

    def read(self, line: bytes) -> list[Event]:
        """The events of one line."""
        piece: JsonObject = _DECODER.decode(line)
        if piece.get("error"):
            self._fail(piece["error"])
        else:
            self._take(piece)
        out, self._out = self._out, []
        return out

    def _take(self, piece: JsonObject) -> None:
        self._start(piece)
        message: JsonObject = piece.get("message") or {}
        self._say(PartKind.REASONING, message.get("thinking"))
        self._say(PartKind.TEXT, message.get("content"))
        if piece.get("logprobs"):
            self._out.append(Logprobs({"content": [_likelihood(token) for token in piece["logprobs"]], "refusal": None}))
        for call in message.get("tool_calls") or ():
            self._call(call)
        if piece["done"]:
            self._end(piece)

    def _start(self, piece: JsonObject) -> None:
        """An answer has no id on the wire, and calls of older servers have none: they are told by when it began."""
        if self._id:
            return
        began = str(piece.get("created_at") or "")
        self._id = "".join(digit for digit in began if digit in _DIGITS) or "0"
        self._out.append(Started(f"{NAME}-{self._id}", str(piece.get("model") or ""), _seconds(began), NAME))

    def _say(self, kind: PartKind, text: str | None) -> None:
        if not text:
            return
        if self._open is not kind:
            self._leave()
            self._open = kind
            self._out.append(PartStarted(self._part, kind))
        self._out.append(TextDelta(self._part, text))

    def _call(self, call: JsonObject) -> None:
        self._leave()
        self._calls += 1
        function = call["function"]
        own = call.get("id") or f"call_{self._id}_{self._calls}"
        given = msgspec.json.encode(function.get("arguments") or {}).decode()
        self._out += [
            PartStarted(self._part, PartKind.TOOL_CALL, call_id=own, name=function["name"]),
            ArgumentsDelta(self._part, given),
            PartEnded(self._part),
        ]
        self._part += 1

    def _leave(self) -> None:
        if self._open is not None:
            self._out.append(PartEnded(self._part))
            self._part += 1
            self._open = None

    def _end(self, piece: JsonObject) -> None:
        self.over = True
        self._leave()
        word = str(piece.get("done_reason") or "stop")  # older servers do not tell
        reason = STOP_REASONS.get(word, StopReason.OTHER)
        if reason is StopReason.END and self._calls:
            reason = StopReason.TOOL_CALLS
        self._out.append(Stopped(reason, raw=word if reason is StopReason.OTHER else ""))
        usage = read_usage(piece)
        if usage is not None:
            self._out.append(UsageSeen(usage, told(piece), final=True))
        self._out.append(Ended())

    def _fail(self, error: Any) -> None:
        self.over = True
        self._out.append(Failed(told_fault(error)))


class StreamDecoder:
    """One streamed answer. See `ports.dialect.Decoder`."""

    def __init__(self) -> None:
        self._lines = LineReader()
        self._reader = Reader()

    def feed(self, data: bytes) -> list[Event]:
        """See `Decoder.feed`."""
        return self._read(self._lines.feed(data))

    def close(self) -> list[Event]:
        """See `Decoder.close`."""
        return self._read(self._lines.close())

    def _read(self, lines: list[bytes]) -> list[Event]:
        return [event for line in lines if not self._reader.over for event in understood(self._reader.read, line)]


def read_answer(body: bytes) -> list[Event]:
    """The events of a whole answer."""
    return Reader().read(body)


def _likelihood(token: JsonObject) -> JsonObject:
    """As OpenAI shapes it, whose names Ollama uses; what is empty it leaves out."""
    return {"bytes": None, "top_logprobs": [], **token}


def _seconds(when: str) -> int:
    try:
        return int(datetime.fromisoformat(when).timestamp())
    except ValueError:
        return 0
