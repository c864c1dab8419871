"""Canonical events → chunks of an answer, as objects. A call is told when it is complete: Gemini's language has no pieces of arguments."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.gemini.logprobs import write_logprobs
from headworks.dialects.gemini.parts_in import SIGNATURE
from headworks.dialects.gemini.signatures import CALL, unstamped, wrapped
from headworks.dialects.gemini.usage import write_usage
from headworks.dialects.gemini.wire import FINISH_REASONS, MADE_ID, NAME, UNREADABLE
from headworks.domain.events import (
    ArgumentsDelta,
    Citation,
    Ended,
    Event,
    Logprobs,
    PartEnded,
    PartKind,
    PartStarted,
    RawDelta,
    SignatureDelta,
    Started,
    Stopped,
    StopReason,
    TextDelta,
    UsageSeen,
)
from headworks.domain.message import JsonObject


class ChunkWriter:
    """Says one event at a time. One per answer. Counts and reasons to stop, which others tell in any order, make the last chunk."""

    def __init__(self) -> None:
        self.ended = False
        self._head: JsonObject = {}
        self._own = False
        self._parts: dict[tuple[int, int], PartStarted] = {}
        self._arguments: dict[tuple[int, int], list[str]] = {}
        self._signatures: dict[int, str] = {}
        self._stopped: list[Stopped] = []
        self._refused: set[int] = set()
        self._cited: dict[int, list[Citation]] = {}
        self._logprobs: dict[int, list[JsonObject]] = {}
        self._usage: JsonObject = {}

    def write(self, event: Event) -> JsonObject | None:
        """The chunk for an event; None where there is nothing to say yet."""
        match event:
            case Started():
                self._own = event.dialect == NAME
                self._head = {"modelVersion": event.model, "responseId": event.id} | (event.extra if self._own else {})
            case PartStarted():
                return self._part(event)
            case TextDelta() | SignatureDelta():
                return self._piece(event)
            case ArgumentsDelta() | RawDelta() | Logprobs():
                self._gather(event)
            case PartEnded():
                return self._call(self._parts[event.choice, event.part])
            case Stopped():
                self._stopped.append(event)
            case UsageSeen():
                self._usage = event.raw if self._own else write_usage(event.usage)
            case Ended():
                self.ended = True
                return self._last()
            case _:
                pass
        return None

    def _part(self, event: PartStarted) -> JsonObject | None:
        self._parts[event.choice, event.part] = event
        if event.kind is PartKind.REFUSAL:
            self._refused.add(event.choice)
        if event.kind is PartKind.REDACTED_REASONING:
            own = unstamped(event.data)
            if own is not None and own[0] == CALL:
                self._signatures[event.choice] = own[1]
                return None
            thought = {} if own is not None else {"thought": True}
            return self._chunk(event.choice, {"text": "", **thought, SIGNATURE: wrapped(redacted=event.data)})
        if event.raw and self._own and event.kind in (PartKind.IMAGE, PartKind.OTHER):
            return self._chunk(event.choice, event.raw)
        return None

    def _gather(self, event: ArgumentsDelta | RawDelta | Logprobs) -> None:
        """What is told later, in one piece."""
        if isinstance(event, ArgumentsDelta):
            self._arguments.setdefault((event.choice, event.part), []).append(event.json)
        elif isinstance(event, Logprobs):
            self._logprobs.setdefault(event.choice, []).extend(event.raw.get("content") or ())
        elif event.cited is not None:
            self._cited.setdefault(event.choice, []).append(event.cited)

    def _piece(self, event: TextDelta | SignatureDelta) -> JsonObject | None:
        thought = _thought(self._parts[event.choice, event.part].kind)
        if isinstance(event, SignatureDelta):
            return self._chunk(event.choice, {"text": "", **thought, SIGNATURE: wrapped(signature=event.signature)})
        return self._chunk(event.choice, {"text": event.text} | thought) if event.text else None

    def _call(self, event: PartStarted) -> JsonObject | None:
        if event.kind is not PartKind.TOOL_CALL:
            return None
        arguments = "".join(self._arguments.pop((event.choice, event.part), ()))
        call: JsonObject = {"name": event.name, "args": _object(arguments)} | (event.raw if self._own else {})
        if not (self._own and event.call_id.startswith(MADE_ID)):
            call["id"] = event.call_id
        signature = self._signatures.pop(event.choice, "")
        return self._chunk(event.choice, {"functionCall": call} | ({SIGNATURE: signature} if signature else {}))

    def _chunk(self, choice: int, part: JsonObject) -> JsonObject:
        content = {"parts": [part], "role": "model"}
        return {"candidates": [{"content": content, "index": choice}], **self._head}

    def _last(self) -> JsonObject:
        usage = {"usageMetadata": self._usage} if self._usage else {}
        feedback = next(
            (one.extra["promptFeedback"] for one in self._stopped if self._own and "promptFeedback" in one.extra), None
        )
        if feedback is not None:
            return {"promptFeedback": feedback, **usage, **self._head}
        candidates: list[JsonObject] = []
        for stopped in self._stopped:
            word = stopped.raw if self._own and stopped.raw else FINISH_REASONS[self._reason(stopped)]
            content: dict[str, Any] = {"parts": [{"text": ""}], "role": "model"}
            extra = stopped.extra if self._own else self._drawn(stopped.choice)
            candidates.append({"content": content, "finishReason": word, "index": stopped.choice, **extra})
        return {"candidates": candidates, **usage, **self._head}

    def _reason(self, stopped: Stopped) -> StopReason:
        """A refusal in words of its own is a refusal here too."""
        refused = stopped.reason is StopReason.END and stopped.choice in self._refused
        return StopReason.REFUSAL if refused else stopped.reason

    def _drawn(self, choice: int) -> JsonObject:
        """How likely each token was, and where words come from, where that was told."""
        tokens, cited = self._logprobs.get(choice), self._cited.get(choice)
        likely = {"logprobsResult": write_logprobs(tokens)} if tokens else {}
        return likely | ({"groundingMetadata": _grounding(cited)} if cited else {})


def _grounding(cited: list[Citation]) -> JsonObject:
    """Pages, and which words rest on each where that is told."""
    pages = [{"web": {"uri": citation.url, "title": citation.title}} for citation in cited]
    supports = [
        {"segment": {"startIndex": citation.start, "endIndex": citation.end}, "groundingChunkIndices": [place]}
        for place, citation in enumerate(cited)
        if citation.end
    ]
    return {"groundingChunks": pages, **({"groundingSupports": supports} if supports else {})}


def _thought(kind: PartKind) -> JsonObject:
    return {"thought": True} if kind is PartKind.REASONING else {}


def _object(arguments: str) -> JsonObject:
    """A call's arguments as an object, which is all that Gemini's clients take."""
    try:
        value = msgspec.json.decode(arguments or "null")
    except UNREADABLE:
        return {"arguments": arguments}
    if value is None:
        return {}
    return value if isinstance(value, dict) else {"arguments": arguments}
