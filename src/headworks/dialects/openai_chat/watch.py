"""A streamed answer of the client's own dialect: its bytes pass untouched, and the watch looks only at what accounting needs.

Most chunks cost a few substring searches. That is exact where it matters, because inside a JSON string a quote is always escaped:
`"usage":` can only be a field. JSON is decoded only of the events before the first content, of those with usage, and of suspects.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from headworks.dialects.noted import BYTES_PER_TOKEN, Noted
from headworks.dialects.openai_chat.decoder import DONE, decode_object, find_usage, read_chunk
from headworks.dialects.openai_chat.faults import fault_in_answer, write_fault_event
from headworks.dialects.openai_chat.usage import read_service_tier, read_usage
from headworks.dialects.sse import MAX_EVENT_BYTES, SseEvent, SseParser, is_document
from headworks.dialects.translated import Translated, is_report
from headworks.domain.errors import Fault
from headworks.domain.message import JsonObject
from headworks.domain.target import Target

_USAGE = b'"usage":'
_NULL = b'"usage":null'
_NULL_USAGE = b"," + _NULL
_LAST = b"[DONE]\n\n"
_EMPTY = (b"{}", b'{"content":""}', b'{"role":"assistant"}', b'{"role":"assistant","content":""', b'""')
"""How deltas and texts begin that say nothing."""
_BOUNDARY = re.compile(rb"(\r\n\r\n|\n\n|\r\r)")


class StreamWatch(Noted):
    """See `ports.interpreter.Relay`. The client gets complete events only, so an error can always follow.

    `content` is the field whose every appearance is a piece of content (`"delta":`). With `hide`, usage that the client did not ask
    for is taken out. An upstream that answers with a whole document instead of a stream is left to what `translate` makes.
    """

    fault: Fault | None

    __slots__ = (
        "_aligned",
        "_before",
        "_content",
        "_held",
        "_held_bytes",
        "_hide",
        "_last",
        "_overhead",
        "_prefix",
        "_quirks",
        "_secrets",
        "_skip",
        "_spoken",
        "_started",
        "_translate",
        "_translated",
    )

    def __init__(self, content: bytes, target: Target, translate: Callable[[], Translated] | None, *, hide: bool) -> None:
        super().__init__()
        self._content = content
        self._quirks = target.quirks
        self._secrets = target.hidden
        self._hide = hide
        self._translate = translate
        self._translated: Translated | None = None
        self._started = False
        self._aligned = False
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._overhead = 0
        self._prefix = b""
        self._skip = 0
        self._spoken = False
        self._before = self._last = b""

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`."""
        if not self._aligned or not data.endswith(b"\n\n"):
            data = self._align(data)
            if not data or self._translated is not None:
                return data
        start = self._skip if data.startswith(self._prefix) else 0
        suspect = not self.began or data.find(b"error", start) >= 0 or data.endswith(_LAST)
        if data.find(_USAGE, start) >= 0:
            if self._hide:
                data = data.replace(_NULL_USAGE, b"")
            suspect = suspect or data.count(_USAGE, start) != data.count(_NULL, start)
        if suspect:
            data = self._look(data)
        elif start > 0 and data.find(b"\n\n", start) == len(data) - 2:  # one event, that begins as the first one did
            if not data.startswith(_EMPTY, start):
                self.pieces += 1
                self.content_bytes += len(data)
        else:
            self._count_content(data)
        self._before, self._last = self._last, data
        return data

    def close(self) -> bytes:
        """See `Relay.close`."""
        if self._translated is not None:
            rest = self._translated.close()
            self._mirror(self._translated)
            return rest
        rest = b"".join(self._held)
        if rest and self.fault is None:
            rest = self._look(rest) if _is_complete(rest) else b""
        if not self.ended and self.fault is None:
            self.ended = _has_finished(self._before + self._last + rest)
        if not self.ended and self.fault is None:
            self.fault = Fault("severed", "The upstream's answer broke off before its end.")
        return rest if self.ended or not rest else rest.rstrip(b"\r\n") + b"\n\n"

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """See `Relay.fail`."""
        return write_fault_event(fault, request_id)

    def estimated_output(self) -> int:
        """A token a piece, or one for four bytes beyond what frames the first piece, whichever is more."""
        text = self.content_bytes - self.pieces * self._overhead
        return max(self.pieces, text // BYTES_PER_TOKEN if self._overhead else 0)

    def _align(self, data: bytes) -> bytes:
        """The events complete by now; the rest is held."""
        if self.fault is not None:
            return b""
        if not self._started:
            self._started = True
            if self._translate is not None and is_document(data):
                self._translated = self._translate()
        if self._translated is not None:
            out = self._translated.feed(data)
            self._mirror(self._translated)
            return out
        self._aligned = False
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > MAX_EVENT_BYTES:
            self.fault = Fault("upstream_too_large", f"The upstream sent a stream event of more than {MAX_EVENT_BYTES} bytes.")
        if b"\n" not in data and b"\r" not in data:
            return b""
        data = b"".join(self._held)
        end = _last_boundary(data)
        self._aligned = end == len(data)
        self._held = [] if self._aligned else [data[end:]]
        self._held_bytes = len(data) - end
        return data[:end]

    def _look(self, data: bytes) -> bytes:
        """Read every event, and leave out what the client is not to see. After a fault nothing passes."""
        kept: list[bytes] = []
        for event in _split(data):
            passes = self._see(event)
            if self.fault is not None:
                self._aligned = False
                break
            if passes:
                kept.append(event)
        return b"".join(kept)

    def _count_content(self, data: bytes) -> None:
        """Events with content, of several: not pings, roles, reasons to stop or empty counts."""
        content = self._content
        for event in data.split(b"\n\n"):
            at = event.find(content)
            if at >= 0 and not event.startswith(_EMPTY, at + len(content)):
                self.pieces += 1
                self.content_bytes += len(event) + 2

    def _see(self, event: bytes) -> bool:
        """Whether the event passes."""
        parsed = _parse(event)
        if parsed is None:
            return True
        if parsed.data.startswith(DONE):
            self.ended = True
            self.usage_final = self.usage is not None
            return True
        try:
            chunk = read_chunk(parsed)
            self.fault = fault_in_answer(chunk, self._secrets)
            usage = None if self.fault is not None else find_usage(chunk, self._quirks)
        except Fault as fault:
            self.fault = fault
            return False
        content = content_length(chunk)
        if content:
            self._spoken = True
            self.pieces += 1
            self.content_bytes += len(event)
        self.service_tier = read_service_tier(chunk.get("service_tier"), chunk.get("usage")) or self.service_tier
        if not self.began and self.fault is None:
            self._begin(chunk, event, content)
        if usage is not None:
            self._note_usage(usage, chunk.get("choices") or ())
        return usage is None or not self._hide or bool(chunk.get("choices"))

    def _note_usage(self, raw: JsonObject, choices: Sequence[JsonObject]) -> None:
        """Counts beside no choice, or beside the reason to stop, are the last."""
        usage = read_usage(raw, self._quirks)
        final = self.began and (not choices or any(choice.get("finish_reason") for choice in choices))
        report = is_report(usage, spoken=self._spoken, final=final)
        self.usage = usage if report else None
        self.usage_final = report and final

    def _begin(self, chunk: JsonObject, event: bytes, content: int | None) -> None:
        self.upstream_id = self.upstream_id or str(chunk.get("id") or "")
        self.served_model = self.served_model or str(chunk.get("model") or "")
        if content is not None:
            self.began = True
            self._overhead = max(len(event) - content, 0)
            # the chunks of an answer begin alike, down to their content: what has been read once need not be searched again
            before, mark, _ = event.partition(self._content)
            self._prefix = before + mark if mark else b""
            self._skip = len(self._prefix)

    def _mirror(self, translated: Translated) -> None:
        self.began, self.ended, self.fault, self.usage = translated.began, translated.ended, translated.fault, translated.usage
        self.usage_final = translated.usage_final
        self.pieces, self.content_bytes = translated.pieces, translated.content_bytes
        self.served_model, self.upstream_id = translated.served_model, translated.upstream_id
        self.service_tier = translated.service_tier


def _has_finished(data: bytes) -> bool:
    """Whether the last events end the answer: some servers end with their last choice instead of `[DONE]`."""
    for event in _split(data):
        parsed = _parse(event)
        if parsed is None:
            continue
        if parsed.data.startswith(DONE):
            return True
        try:
            choices = decode_object(parsed.data).get("choices") or ()
        except Fault:
            return False
        if any(choice.get("finish_reason") for choice in choices):
            return True
    return False


def content_length(chunk: JsonObject) -> int | None:
    """Characters of content in a chunk, roughly where it is no text; None if it has none. A reason to stop is content too: nothing else may follow."""
    length: int | None = None
    for choice in chunk.get("choices") or ():
        said = choice.get("delta") or choice.get("message") or {}
        texts = [value for name, value in said.items() if value and name != "role"]
        texts.append(choice.get("text") or "")
        if any(texts) or choice.get("finish_reason"):
            length = (length or 0) + sum(len(text if isinstance(text, str) else repr(text)) for text in texts)
    return length


def _last_boundary(data: bytes) -> int:
    """Where the last complete event ends; 0 if none does."""
    return max(at + len(mark) if (at := data.rfind(mark)) >= 0 else 0 for mark in (b"\n\n", b"\r\n\r\n", b"\r\r"))


def _split(data: bytes) -> list[bytes]:
    """Events with the blank lines that end them."""
    pieces = _BOUNDARY.split(data) if b"\r" in data else [part for text in data.split(b"\n\n") for part in (text, b"\n\n")][:-1]
    return [text + end for text, end in zip(pieces[::2], [*pieces[1::2], b""], strict=True) if text or end]


def _parse(event: bytes) -> SseEvent | None:
    """The event's data; None for a comment."""
    if event.startswith(b"data:") and event.count(b"\n") <= 2 and b"\r" not in event:  # noqa: PLR2004 - one line and its end
        return SseEvent(event[5:].strip())
    parser = SseParser()
    events = parser.feed(event) + parser.close()
    return events[0] if events else None


def _is_complete(event: bytes) -> bool:
    """Whether an event without its blank line holds all its data."""
    parsed = _parse(event)
    if parsed is None or parsed.data.startswith(DONE):
        return parsed is not None
    try:
        decode_object(parsed.data)
    except Fault:
        return False
    return True
