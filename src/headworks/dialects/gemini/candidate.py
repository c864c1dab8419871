"""One candidate of an answer, read piece by piece: neighbouring pieces of one kind are one part."""

from __future__ import annotations

import msgspec

from headworks.dialects.data_urls import data_url
from headworks.dialects.gemini.logprobs import read_logprobs
from headworks.dialects.gemini.parts_in import SIGNATURE
from headworks.dialects.gemini.signatures import CALL, TEXT, THOUGHT, stamped
from headworks.dialects.gemini.wire import MADE_ID, STOP_REASONS
from headworks.domain.events import (
    ArgumentsDelta,
    Event,
    Logprobs,
    PartEnded,
    PartKind,
    PartStarted,
    SignatureDelta,
    Stopped,
    StopReason,
    TextDelta,
)
from headworks.domain.message import JsonObject

_READ = frozenset(("content", "finishReason", "index", "logprobsResult"))


class Candidate:
    """Turns one candidate's chunks into events. `finished` tells that the upstream has said why it stopped."""

    def __init__(self, choice: int, answer_id: str, out: list[Event]) -> None:
        self.out = out
        self.finished = False
        self._choice = choice
        self._answer_id = answer_id
        self._parts = 0
        self._calls = 0
        self._open: PartKind | None = None
        self._word = ""
        self._extra: JsonObject = {}

    def feed(self, candidate: JsonObject) -> None:
        """One chunk's candidate."""
        for part in (candidate.get("content") or {}).get("parts") or ():
            self._part(part)
        result = candidate.get("logprobsResult")
        if result:
            self.out.append(Logprobs(read_logprobs(result), self._choice))
            self._extra["logprobsResult"] = result
        self._extra |= {name: value for name, value in candidate.items() if name not in _READ and value is not None}
        if candidate.get("finishReason"):
            self.finished = True
            self._word = str(candidate["finishReason"])

    def stop(self) -> None:
        """The answer is over: close what is open, and say why it ended."""
        self._leave()
        reason = STOP_REASONS.get(self._word, StopReason.OTHER)
        if reason is StopReason.END and self._calls:
            reason = StopReason.TOOL_CALLS
        self.out.append(Stopped(reason, self._choice, raw=self._word, extra=self._extra))

    def _part(self, part: JsonObject) -> None:
        signature = part.get(SIGNATURE) or ""
        if isinstance(part.get("text"), str):
            self._text(part["text"], signature, thought=part.get("thought") is True)
        elif isinstance(part.get("functionCall"), dict) and part["functionCall"].get("name"):
            self._call(part["functionCall"], signature)
        elif part:
            inline = part.get("inlineData") or {}
            media = str(inline.get("mimeType") or "")
            data = data_url(media, str(inline.get("data") or "")) if media.startswith("image/") else ""
            self._single(PartKind.IMAGE if data else PartKind.OTHER, data, part)

    def _text(self, text: str, signature: str, *, thought: bool) -> None:
        if text or (thought and signature):
            part = self._enter(PartKind.REASONING if thought else PartKind.TEXT)
            if text:
                self.out.append(TextDelta(part, text, self._choice))
            if thought and signature:
                self.out.append(SignatureDelta(part, stamped(THOUGHT, signature), self._choice))
        if signature and not thought:
            self._single(PartKind.REDACTED_REASONING, stamped(TEXT, signature), {})

    def _call(self, call: JsonObject, signature: str) -> None:
        if signature:
            self._single(PartKind.REDACTED_REASONING, stamped(CALL, signature), {})
        self._leave()
        self._calls += 1
        own = call.get("id") or f"{MADE_ID}{self._answer_id}_{self._choice}_{self._calls}"
        raw = {name: value for name, value in call.items() if name not in ("id", "name", "args")}
        self.out += [
            PartStarted(self._parts, PartKind.TOOL_CALL, self._choice, call_id=own, name=call["name"], raw=raw),
            ArgumentsDelta(self._parts, msgspec.json.encode(call.get("args") or {}).decode(), self._choice),
            PartEnded(self._parts, self._choice),
        ]
        self._parts += 1

    def _enter(self, kind: PartKind) -> int:
        if self._open is not kind:
            self._leave()
            self._open = kind
            self.out.append(PartStarted(self._parts, kind, self._choice))
        return self._parts

    def _leave(self) -> None:
        if self._open is not None:
            self.out.append(PartEnded(self._parts, self._choice))
            self._parts += 1
            self._open = None

    def _single(self, kind: PartKind, data: str, raw: JsonObject) -> None:
        self._leave()
        self.out += [PartStarted(self._parts, kind, self._choice, data=data, raw=raw), PartEnded(self._parts, self._choice)]
        self._parts += 1
