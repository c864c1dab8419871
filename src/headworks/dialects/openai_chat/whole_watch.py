"""A whole answer of the client's own dialect: its bytes pass untouched, and only what accounting needs is decoded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from headworks.dialects.noted import BYTES_PER_TOKEN, Noted
from headworks.dialects.openai_chat.decoder import decode_object, find_usage
from headworks.dialects.openai_chat.faults import fault_in_answer
from headworks.dialects.openai_chat.usage import read_service_tier, read_usage
from headworks.dialects.openai_chat.watch import content_length
from headworks.dialects.sse import is_document
from headworks.dialects.translated import Translated, is_report
from headworks.domain.errors import Fault
from headworks.domain.target import Target

_NOTHING = msgspec.Raw()


class _Answer(msgspec.Struct):
    """What is read of an answer; everything else is skipped. `data` holds embeddings, `results` (or `data`) rankings."""

    id: str = ""
    model: str = ""
    service_tier: Any = None
    usage: dict[str, Any] | None = None
    choices: msgspec.Raw = _NOTHING
    data: msgspec.Raw = _NOTHING
    results: msgspec.Raw = _NOTHING
    error: Any = None


_ANSWER = msgspec.json.Decoder(_Answer)


class WholeWatch(Noted):
    """See `ports.interpreter.Relay`. An upstream that answers with a stream instead is left to what `translate` makes."""

    fault: Fault | None

    __slots__ = (
        "_body",
        "_quirks",
        "_secrets",
        "_translate",
    )

    def __init__(self, target: Target, translate: Callable[[], Translated] | None) -> None:
        super().__init__()
        self._body = b""
        self._quirks = target.quirks
        self._secrets = target.hidden
        self._translate = translate

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`: the whole body."""
        if self._translate is not None and not is_document(data) and b"data:" in data:
            return self._pass_on(self._translate(), data)
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
        if not self.ended and self.fault is None:
            self.fault = Fault("upstream_garbage", "The upstream's answer is empty.")
        return b""

    def fail(self, fault: Fault, request_id: str) -> bytes:  # noqa: ARG002 - the port's signature
        """See `Relay.fail`: a whole answer is not begun before it is complete."""
        return b""

    def estimated_output(self) -> int:
        """A token for four characters of content."""
        if not self._body:
            return 0
        return (content_length(decode_object(self._body)) or 0) // BYTES_PER_TOKEN

    def _read(self, data: bytes) -> None:
        try:
            answer = _ANSWER.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            answer = None
        if answer is None or answer.error or not (len(answer.choices) or len(answer.data) or len(answer.results)):
            self._read_odd(data)
            return
        self.served_model, self.upstream_id = answer.model, answer.id
        self.service_tier = read_service_tier(answer.service_tier, answer.usage)
        if answer.usage:
            self._note_usage(answer.usage, data)
        elif len(answer.choices):
            self._read_odd(data)

    def _read_odd(self, data: bytes) -> None:
        """An answer of another shape than OpenAI's: a failure, usage in another place, or nonsense. Raises `Fault`."""
        answer = decode_object(data)
        fault = fault_in_answer(answer, self._secrets)
        if fault is not None:
            raise fault
        if answer.keys().isdisjoint(("choices", "data", "results")):
            raise Fault("upstream_garbage", "The upstream's answer holds no choices.")
        self.served_model, self.upstream_id = str(answer.get("model") or ""), str(answer.get("id") or "")
        self.service_tier = read_service_tier(answer.get("service_tier"), answer.get("usage"))
        usage = find_usage(answer, self._quirks)
        if usage is not None:
            self._note_usage(usage, data)
        else:
            self._body = data

    def _note_usage(self, raw: dict[str, Any], data: bytes) -> None:
        usage = read_usage(raw, self._quirks)
        spoken = usage.output == 0 and bool(content_length(decode_object(data)))
        if is_report(usage, spoken=spoken, final=True):
            self.usage, self.usage_final = usage, True
        else:
            self._body = data

    def _pass_on(self, translated: Translated, data: bytes) -> bytes:
        out = translated.feed(data)
        translated.close()
        self.began, self.ended, self.fault, self.usage = translated.began, translated.ended, translated.fault, translated.usage
        self.usage_final = translated.usage_final
        if self.fault is not None and not translated.began and translated.upstream_id == "":
            self.fault = Fault("upstream_garbage", "The upstream's answer is neither JSON nor a stream of events.")
        self.pieces, self.content_bytes = translated.pieces, translated.content_bytes
        self.served_model, self.upstream_id = translated.served_model, translated.upstream_id
        self.service_tier = translated.service_tier
        return out
