"""The relay between two sides that both speak Responses: the bytes pass untouched, and what accounting needs is read in passing.

Only the events that hold the whole response say what counts. The others are recognised by what their bytes lack: a quote inside a string
is always escaped, so `"response":` can only be a field.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from headworks.dialects import watching
from headworks.dialects.noted import BYTES_PER_TOKEN
from headworks.dialects.openai_responses.answer_in import ENDS, garbage, read_object
from headworks.dialects.openai_responses.faults import stated_fault, write_fault_event
from headworks.dialects.openai_responses.usage import read_usage
from headworks.dialects.sse import SseParser, WholeEvents, is_document
from headworks.dialects.translated import Translated, is_report
from headworks.dialects.understood import understood
from headworks.domain.errors import Fault
from headworks.domain.message import JsonObject

FRAME_BYTES = 260
"""Bytes of a delta event around its content, padding included."""
_DELTA = b'.delta"'
_ITEM = b'"response.output_item.added"'
_MESSAGE = re.compile(rb'"type": ?"message"')
_TOLD = (b'"response":', b'"response" :', b'"error"', b"event: error")
_BOUNDARY = re.compile(rb"\r\n\r\n|\n\n|\r\r")


class _Watch(watching.Watch):
    """What both forms note."""

    def _note(self, response: JsonObject, *, final: bool) -> None:
        self.upstream_id = str(response.get("id") or "") or self.upstream_id
        self.served_model = str(response.get("model") or "") or self.served_model
        self.service_tier = str(response.get("service_tier") or "") or self.service_tier
        usage = response.get("usage")
        if isinstance(usage, dict):
            counts = read_usage(usage, response.get("output"))
            report = is_report(counts, spoken=self.pieces > 0, final=final)
            self.usage = counts if report else None
            self.usage_final = report and final


class WholeWatch(_Watch, watching.WholeWatch):
    """A whole answer, or a count, fed in one piece."""

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`."""
        if not is_document(data):
            return self._pass_on(data)
        try:
            response = understood(read_object, data)
            if response.get("error") or response.get("status") == "failed":
                raise stated_fault(response, self._secrets)
            if "output" not in response and "input_tokens" not in response:
                raise garbage(KeyError("output"))
        except Fault as fault:
            self._break(fault)
            return b""
        output: list[JsonObject] = response.get("output") or []
        self.pieces = 1 if any(item.get("type") != "reasoning" for item in output) else 0
        self._note(response, final=True)
        self.began = self.ended = True
        self.content_bytes = len(data)
        return data

    def close(self) -> bytes:
        """See `Relay.close`."""
        if not self.ended and self.fault is None:
            self._break(Fault("upstream_garbage", "The upstream's answer is empty."))
        return b""


class StreamWatch(_Watch):
    """A streamed answer, fed in any cuts. The client gets complete events only, so that an error can always follow."""

    def __init__(self, translate: Callable[[], Translated], secrets: tuple[bytes, ...]) -> None:
        super().__init__(translate, secrets)
        self._events = WholeEvents()
        self._document: list[bytes] = []
        self._unfed = True
        self._last = b""
        """The latest events that went on."""

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`."""
        if self.fault is not None:
            return b""
        if self._document or (self._unfed and is_document(data)):
            self._document.append(data)
            return b""
        self._unfed = False
        try:
            return self._pass(self._events.feed(data))
        except Fault as fault:
            self._break(fault)
            return b""

    def close(self) -> bytes:
        """See `Relay.close`."""
        if self._document:
            return self._pass_on(b"".join(self._document))
        rest = self._events.close()
        passed = self._pass(rest) if rest and self.fault is None else b""
        if not self.ended and self.fault is None:
            self._break(self._unfinished())
        return passed if self.fault is None else b""

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """See `Relay.fail`."""
        return write_fault_event(fault, request_id, self._last)

    def estimated_output(self) -> int:
        """Output tokens by the size of what was delivered, at least one an event."""
        return max(self.pieces, (self.content_bytes - FRAME_BYTES * self.pieces) // BYTES_PER_TOKEN)

    def _pass(self, data: bytes) -> bytes:
        """Complete events, those before one that says that it failed: in whose stead `fail` speaks."""
        if any(mark in data for mark in _TOLD):
            data = self._look(data)
        pieces = data.count(_DELTA)
        if pieces:
            self.began = True
            self.pieces += pieces
            self.content_bytes += len(data)
        elif not self.began:
            self.began = _ITEM in data and any(_ITEM in event and not _MESSAGE.search(event) for event in _BOUNDARY.split(data))
        self._last = data or self._last
        return data

    def _look(self, data: bytes) -> bytes:
        passed = 0
        for end in [*watching.event_ends(data), len(data)]:
            piece = data[passed:end]
            if any(mark in piece for mark in _TOLD):
                self._read(piece)
            if self.fault is not None:
                break
            passed = end
        return data[:passed]

    def _read(self, data: bytes) -> None:
        parser = SseParser()
        try:
            for event in [*parser.feed(data), *parser.close()]:
                wire = read_object(event.data)
                kind = wire.get("type", event.event)
                if kind in {"error", "response.failed"} or event.event == "error":
                    raise stated_fault(wire, self._secrets)
                if isinstance(wire.get("response"), dict):
                    self._note(wire["response"], final=kind in ENDS)
                self.ended = self.ended or kind in ENDS
        except Fault as fault:
            self._break(fault)
