"""One choice of an answer, read piece by piece. A whole message is one large piece, so both forms share one path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headworks.dialects.citing import read_url_citation
from headworks.dialects.openai_chat.calls import ToolCalls
from headworks.dialects.openai_chat.names import FINISH_REASONS, STOP_REASONS
from headworks.dialects.openai_chat.open_parts import OpenParts
from headworks.domain.events import (
    Event,
    Logprobs,
    PartKind,
    RawDelta,
    SignatureDelta,
    Stopped,
    StopReason,
    TextDelta,
)
from headworks.domain.message import JsonObject

_MESSAGE_READ = frozenset(
    (
        *("role", "content", "refusal", "reasoning_content", "reasoning", "reasoning_details"),
        *("tool_calls", "function_call", "audio", "images", "annotations"),
        # these repeat, pad or count what the others say
        *("token_id", "channel", "padding", "index", "name", "reasoning_encrypted"),
    )
)
_CHOICE_READ = frozenset(("index", "delta", "message", "finish_reason", "logprobs", "text", "obfuscation", "token_ids"))


class ChoiceReader:
    """Turns the deltas of one choice into events. One per choice and answer."""

    __slots__ = ("_calls", "_extra", "_finish", "_parts")

    def __init__(self, index: int, answer_id: str, out: list[Event]) -> None:
        self._parts = OpenParts(index, out)
        self._calls = ToolCalls(self._parts, answer_id)
        self._finish = ""
        self._extra: JsonObject = {}

    @property
    def finished(self) -> bool:
        """Whether the upstream has said why it stopped."""
        return bool(self._finish)

    def feed(self, choice: JsonObject) -> None:
        """One choice object, of a chunk or of a whole answer."""
        delta = choice.get("delta")
        self._message(choice.get("message") if delta is None else delta)
        self._remember(choice)

    def feed_whole(self, choice: JsonObject) -> None:
        """The choice object of a whole answer (Perplexity adds a meaningless delta)."""
        message = choice.get("message")
        self._message(choice.get("delta") if message is None else message)
        self._remember(choice)
        self._close()

    def stop(self) -> None:
        """The answer is over: close what is open and say why the choice ended."""
        self._close()
        word = self._finish
        reason = STOP_REASONS.get(word, StopReason.OTHER) if word else StopReason.END
        if reason is StopReason.END and self._calls.seen:
            reason = StopReason.TOOL_CALLS  # a call that the caller forced ends with «stop»
        sequence = self._extra.get("stop_reason")
        sequence = sequence if isinstance(sequence, str) else ""
        if sequence and reason is StopReason.END:
            reason = StopReason.STOP_SEQUENCE
        raw = "" if word == FINISH_REASONS[reason] else word
        self._parts.out.append(Stopped(reason, self._parts.choice, sequence, raw, self._extra))

    def _close(self) -> None:
        self._parts.leave()
        self._calls.close()

    def _remember(self, choice: JsonObject) -> None:
        logprobs = choice.get("logprobs")
        if logprobs:
            self._parts.out.append(Logprobs(logprobs, self._parts.choice))
        for name, value in choice.items():
            if value is not None and name not in _CHOICE_READ:
                self._extra[name] = value
        finish = choice.get("finish_reason")
        if finish:
            self._finish = str(finish)
            self._close()

    def _message(self, message: JsonObject | None) -> None:
        if message is None:
            return
        self._reasoning(message)
        content = message.get("content")
        if content:
            self._content(content)
        self._annotations(message.get("annotations") or ())
        refusal = message.get("refusal")
        if refusal:
            self._say(PartKind.REFUSAL, refusal)
        audio = message.get("audio")
        if audio and any(audio.values()):
            self._parts.out.append(RawDelta(self._parts.enter(PartKind.AUDIO), audio, self._parts.choice))
        for image in message.get("images") or ():
            self._parts.single(PartKind.IMAGE, image)
        calls = message.get("tool_calls")
        if calls:
            self._calls.feed(calls)
        legacy = message.get("function_call")
        if legacy and any(legacy.values()):
            self._calls.feed([{"index": 0, "function": legacy}])
        for name, value in message.items():
            if name not in _MESSAGE_READ and value:
                self._parts.single(PartKind.OTHER, {name: value})

    def _annotations(self, annotations: Sequence[Any]) -> None:
        for annotation in annotations:
            cited = read_url_citation(annotation.get("url_citation")) if isinstance(annotation, dict) else None
            part = self._parts.enter(PartKind.TEXT)
            self._parts.out.append(RawDelta(part, {"annotations": [annotation]}, self._parts.choice, cited))

    def _reasoning(self, message: JsonObject) -> None:
        """Structured details, or plain text, which repeats the text of details where there are both."""
        said = False
        for detail in message.get("reasoning_details") or ():
            said = self._detail(dict(detail)) or said
        text = message.get("reasoning_content") or message.get("reasoning")
        if text and not said and isinstance(text, str):
            self._say(PartKind.REASONING, text)

    def _detail(self, rest: JsonObject) -> bool:
        """One of OpenRouter's reasoning details. Tells whether it had text."""
        kind = rest.get("type")
        if kind == "reasoning.encrypted":
            data = rest.pop("data", None) or ""
            self._parts.single(PartKind.REDACTED_REASONING, rest, data)
            return False
        if kind not in {"reasoning.text", "reasoning.summary"}:
            self._parts.single(PartKind.OTHER, {"reasoning_details": [rest]})
            return False
        text = rest.pop("text" if kind == "reasoning.text" else "summary", None)
        signature = rest.pop("signature", None)
        part = self._parts.enter(PartKind.REASONING, (kind, rest.get("index")), rest)
        if text:
            self._parts.out.append(TextDelta(part, text, self._parts.choice))
        if signature:
            self._parts.out.append(SignatureDelta(part, signature, self._parts.choice))
        return bool(text)

    def _content(self, content: Any) -> None:
        if isinstance(content, str):
            self._say(PartKind.TEXT, content)
            return
        for piece in content:
            match piece:
                case {"type": "text", "text": str() as text}:
                    self._say(PartKind.TEXT, text)
                case {"type": "thinking", "thinking": list() as chunks}:
                    thought = "".join(chunk.get("text") or "" for chunk in chunks)
                    part = self._parts.enter(PartKind.REASONING, "thinking", {"type": "thinking"})
                    self._parts.out.append(TextDelta(part, thought, self._parts.choice))
                case _:
                    self._parts.single(PartKind.OTHER, {"content": [piece]})

    def _say(self, kind: PartKind, text: str) -> None:
        self._parts.out.append(TextDelta(self._parts.enter(kind), text, self._parts.choice))
