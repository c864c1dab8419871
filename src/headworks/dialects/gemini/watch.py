"""The relays between two sides that both speak Gemini: what is said passes as it came, and what accounting needs is read in passing."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from headworks.dialects.gemini.answer_out import ArrayFrame
from headworks.dialects.gemini.faults import stated_fault, write_fault, write_fault_event
from headworks.dialects.gemini.usage import read_usage, searches_of
from headworks.dialects.gemini.wire import UNREADABLE
from headworks.dialects.noted import Noted
from headworks.dialects.sse import MAX_EVENT_BYTES, SseParser, is_document
from headworks.dialects.translated import Translated, is_report
from headworks.domain.errors import Fault
from headworks.domain.message import JsonObject
from headworks.domain.where import Form

_BOUNDARY = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_NOTHING = msgspec.Raw(b"")


class _Candidate(msgspec.Struct, rename="camel"):
    finish_reason: str | int | None = None
    content: msgspec.Raw = _NOTHING
    grounding_metadata: JsonObject | None = None


class _Feedback(msgspec.Struct, rename="camel"):
    block_reason: str | int | None = None


class _Answer(msgspec.Struct, rename="camel"):
    """What is read of a chunk or a whole answer."""

    candidates: list[_Candidate] | None = None
    usage_metadata: JsonObject | None = None
    model_version: str | None = None
    response_id: str | None = None
    prompt_feedback: _Feedback | None = None
    error: msgspec.Raw = _NOTHING
    embedding: msgspec.Raw = _NOTHING
    embeddings: msgspec.Raw = _NOTHING
    total_tokens: int | None = None


_DECODER = msgspec.json.Decoder(_Answer)


class _Watch(Noted):
    """What both forms note. See `ports.interpreter.Relay`."""

    fault: Fault | None

    def __init__(self, secrets: tuple[bytes, ...]) -> None:
        super().__init__()
        self.candidates = 0
        self._secrets = secrets
        self._searches = 0

    def _note(self, data: bytes) -> None:
        """One answer or chunk."""
        try:
            answer = _DECODER.decode(data)
            if len(answer.error):
                self.fault = stated_fault(msgspec.json.decode(data), self._secrets)
                return
        except UNREADABLE as trouble:
            self.fault = Fault("upstream_garbage", "The upstream's answer is not what its API promises.", detail=repr(trouble))
            return
        self.served_model = answer.model_version or self.served_model
        self._note_content(answer)
        self.upstream_id = answer.response_id or self.upstream_id
        if answer.usage_metadata:
            usage = msgspec.structs.replace(read_usage(answer.usage_metadata), web_searches=self._searches)
            report = is_report(usage, spoken=self.pieces > 0, final=self.ended)
            self.usage, self.usage_final = (usage if report else None), report and self.ended
            tier = answer.usage_metadata.get("serviceTier")
            self.service_tier = tier if isinstance(tier, str) else self.service_tier

    def _note_content(self, answer: _Answer) -> None:
        for candidate in answer.candidates or ():
            self.candidates += 1
            if b'"parts"' in (content := bytes(candidate.content)):
                self.began = True
                self.pieces += 1
                self.content_bytes += len(content)
            if candidate.grounding_metadata:
                self._searches = max(self._searches, searches_of(candidate.grounding_metadata, self.served_model))
            self.ended = self.ended or bool(candidate.finish_reason)
        blocked = answer.prompt_feedback is not None and answer.prompt_feedback.block_reason
        if blocked or len(answer.embedding) or len(answer.embeddings) or answer.total_tokens is not None:
            self.began = self.ended = True

    def _break(self, fault: Fault) -> None:
        """The first fault counts."""
        self.fault = self.fault or fault

    def _unfinished(self) -> None:
        if self.ended:
            return
        if self.began:
            self._break(Fault("severed", "The upstream's answer broke off before its end."))
        else:
            self._break(Fault("upstream_garbage", "The upstream's answer is none."))


class WholeWatch(_Watch):
    """A whole answer, fed in one piece. `shape` makes of it what the client asked for, where that is another form."""

    def __init__(
        self, secrets: tuple[bytes, ...], translate: Callable[[], Translated], shape: Callable[[bytes], bytes] = bytes
    ) -> None:
        super().__init__(secrets)
        self._translate = translate
        self._shape = shape

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`."""
        if data.lstrip()[:1] != b"{":
            return _passed_on(self, self._translate(), data)
        self._note(data)
        self.ended = self.began = self.ended or self.candidates > 0
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
    """A streamed answer, fed in any cuts. The client gets complete events only, or a list's items where it asked for a list."""

    def __init__(self, secrets: tuple[bytes, ...], translate: Callable[[], Translated], form: Form) -> None:
        super().__init__(secrets)
        self._translate = translate
        self._parser = SseParser()
        self._array = ArrayFrame() if form is Form.ARRAY else None
        self._held = b""
        self._document = False

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`."""
        if self.fault is not None:
            return b""
        if not self._held and not self.began:
            self._document = self._document or is_document(data)
        self._held += data
        if len(self._held) > MAX_EVENT_BYTES:
            self._break(Fault("upstream_too_large", f"The upstream sent a stream event of more than {MAX_EVENT_BYTES} bytes."))
            return b""
        return b"" if self._document else self._events()

    def close(self) -> bytes:
        """See `Relay.close`."""
        if self.fault is None and self._document:
            return _passed_on(self, self._translate(), self._held)
        rest = b""
        if self.fault is None and self._held.strip():
            self._held += b"\n\n"  # some servers forget the blank line after the last event
            rest = self._events()
        self._unfinished()
        if self.fault is not None:
            return b""
        return rest + (self._array.end() if self._array is not None else b"")

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """See `Relay.fail`."""
        return write_failure(fault, request_id, self._array)

    def _events(self) -> bytes:
        out: list[bytes] = []
        start = 0
        for found in _BOUNDARY.finditer(self._held):
            raw = self._held[start : found.end()]
            start = found.end()
            items = self._parser.feed(raw)
            for item in items:
                self._note(item.data)
            if self.fault is not None:
                break
            out.extend(self._array.item(item.data) for item in items) if self._array is not None else out.append(raw)
        self._held = self._held[start:]
        return b"".join(out)


def write_failure(fault: Fault, request_id: str, array: ArrayFrame | None) -> bytes:
    """The end of a stream that failed: an event, or the list's last item."""
    if array is None:
        return write_fault_event(fault, request_id)
    return array.item(write_fault(fault, request_id)) + array.end()


def _passed_on(watch: _Watch, relay: Translated, data: bytes) -> bytes:
    """An answer of the form that was not asked for."""
    out = relay.feed(data) + relay.close()
    watch.adopt(relay)
    watch.fault = relay.fault
    return out if watch.fault is None else b""
