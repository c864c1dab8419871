"""The relays between two sides that both speak Ollama's language: what is said passes as it came, and accounting reads it in passing."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from headworks.dialects.noted import Noted
from headworks.dialects.ollama.faults import told_fault, write_fault_line
from headworks.dialects.ollama.lines import LineReader
from headworks.dialects.ollama.names import UNREADABLE
from headworks.dialects.ollama.usage import read_usage
from headworks.dialects.translated import is_report
from headworks.domain.errors import Fault
from headworks.domain.message import JsonObject

_NOTHING = msgspec.Raw(b"")


class _Message(msgspec.Struct):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[msgspec.Raw] | None = None


class _Piece(msgspec.Struct):
    """What is read of a line or a whole answer: of a conversation, of one prompt, or of vectors."""

    model: str | None = None
    message: _Message | None = None
    response: str | None = None
    thinking: str | None = None
    embeddings: msgspec.Raw = _NOTHING
    done: bool = False
    error: msgspec.Raw = _NOTHING


_PIECE = msgspec.json.Decoder(_Piece)
_OBJECT = msgspec.json.Decoder(JsonObject)


class _Watch(Noted):
    """What both forms note. See `ports.interpreter.Relay`."""

    fault: Fault | None

    def __init__(self, secrets: tuple[bytes, ...]) -> None:
        super().__init__()
        self._secrets = secrets

    def _note(self, line: bytes) -> bool:
        """Take down one line, or a whole answer. Tells whether the client may have it."""
        try:
            piece = _PIECE.decode(line)
            if len(piece.error):
                self.fault = told_fault(msgspec.json.decode(piece.error), self._secrets)
                return False
            self._note_content(piece)
            if piece.done or len(piece.embeddings):
                self._end(_OBJECT.decode(line))
        except UNREADABLE as trouble:
            self.fault = Fault("upstream_garbage", "The upstream's answer is not what its API promises.", detail=repr(trouble))
            return False
        return True

    def _note_content(self, piece: _Piece) -> None:
        self.served_model = piece.model or self.served_model
        message = piece.message or _Message()
        calls = message.tool_calls or ()
        said = [text for text in (message.content, message.thinking, piece.response, piece.thinking) if text]
        size = sum(len(text.encode()) for text in said) + sum(map(len, calls))
        if size:
            self.began = True
            self.pieces += 1
            self.content_bytes += size

    def _end(self, last: JsonObject) -> None:
        self.began = self.ended = True
        usage = read_usage(last)
        report = usage is not None and is_report(usage, spoken=self.pieces > 0, final=True)
        self.usage, self.usage_final = (usage if report else None), report

    def _break(self, fault: Fault) -> None:
        self.fault = fault

    def _unfinished(self) -> None:
        if not self.ended and self.fault is None:
            self.fault = Fault("severed", "The upstream's answer broke off before its end.")


class WholeWatch(_Watch):
    """A whole answer, fed in one piece. `shape` makes of it what the client asked for, where that is another form."""

    def __init__(self, secrets: tuple[bytes, ...], shape: Callable[[bytes], bytes] = bytes) -> None:
        super().__init__(secrets)
        self._shape = shape

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`."""
        if not self._note(data):
            return b""
        self._unfinished()
        return self._shape(data) if self.fault is None else b""

    def close(self) -> bytes:
        """See `Relay.close`."""
        self._unfinished()
        return b""

    def fail(self, fault: Fault, request_id: str) -> bytes:  # noqa: ARG002 - a whole answer has not begun before it is complete
        """See `Relay.fail`."""
        return b""


class StreamWatch(_Watch):
    """A streamed answer, fed in any cuts. The client gets complete lines only. A whole answer is a stream of one."""

    def __init__(self, secrets: tuple[bytes, ...]) -> None:
        super().__init__(secrets)
        self._lines = LineReader()

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`."""
        return self._pass_on(self._lines.feed, data)

    def close(self) -> bytes:
        """See `Relay.close`."""
        rest = self._pass_on(lambda _: self._lines.close(), b"")
        self._unfinished()
        return rest

    def fail(self, fault: Fault, request_id: str) -> bytes:  # noqa: ARG002 - an error here is but words
        """See `Relay.fail`."""
        return write_fault_line(fault)

    def _pass_on(self, read: Callable[[bytes], list[bytes]], data: bytes) -> bytes:
        if self.fault is not None:
            return b""
        try:
            lines = read(data)
        except Fault as fault:
            self._break(fault)
            return b""
        out: list[bytes] = []
        for line in lines:
            if not self._note(line):
                break
            out.append(line + b"\n")
        return b"".join(out)
