"""Parts of another dialect's messages → parts that Anthropic knows."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from headworks.dialects.anthropic.wire import NAME, object_of
from headworks.dialects.signatures import bare
from headworks.dialects.unpacking import says_something
from headworks.domain.message import (
    FORM,
    Audio,
    Document,
    Downgrade,
    Image,
    JsonObject,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)

SIGNED_BY_US = ("", "anthropic-claude-v1")
"""Formats of signed reasoning details (OpenRouter's names) whose signature Anthropic's API understands; unmarked ones are taken for its own."""

_PICTURES = frozenset(("image/jpeg", "image/png", "image/gif", "image/webp"))
_PDF = "application/pdf"
_PDF_IN_BASE64 = "JVBER"
_MARKS = frozenset(("type", "format", "id", "index", "field", "in", "cache_control", FORM))
"""Fields of `extra` that are understood, or tell only where a part stood in its own language."""
_PLACES: Mapping[type[Part], str] = {ToolCall: "tool_calls", Reasoning: "reasoning", Refusal: "refusal", ToolResult: "content"}
"""Where parts stand in a message that are not in its list of content."""
_FOREIGN_FILE = "left out: a file that only another provider has"
_NOT_IN_ID = re.compile(r"[^a-zA-Z0-9_-]")


class PartAdapter:
    """Adapts the parts of one message; what is lost goes to `losses` with the message's path."""

    def __init__(self, path: str, losses: list[Downgrade]) -> None:
        self._message = self._path = path
        self._losses = losses

    def adapt(self, parts: Iterable[Part]) -> tuple[Part, ...]:
        """What can be said of them, in their order."""
        adapted: list[Part] = []
        place = 0
        for part in parts:
            named = _PLACES.get(type(part))
            self._path = f"{self._message}.{named or f'content[{place}]'}"
            place += named is None
            said = self._adapted(part)
            if said is not None:
                adapted.append(said)
        return tuple(adapted)

    def _adapted(self, part: Part) -> Part | None:
        adapt = _ADAPTERS.get(type(part))
        return self._lose("left out: a part that only another provider knows") if adapt is None else adapt(self, part)

    def text(self, part: Text | Refusal) -> Part | None:
        """Words. Blank ones are refused by Anthropic and say nothing."""
        if part.text.strip():
            return Text(text=part.text, extra=self._kept(part))
        return self._lose("a cache mark on nothing is left out") if part.extra.get("cache_control") else None

    def audio(self, _part: Audio) -> Part | None:
        """Sound."""
        return self._lose("left out: Anthropic's models do not hear")

    def image(self, image: Image) -> Part | None:
        """A picture."""
        if image.detail not in ("", "auto"):
            self._lose(f"the detail '{image.detail}' of a picture is left out: Anthropic has one")
        extra = self._kept(image)
        if image.data:
            media = "image/jpeg" if image.media_type == "image/jpg" else image.media_type
            if media not in _PICTURES:
                return self._lose(f"left out: a picture of type '{media}'")
            return Image(media_type=media, data=image.data, extra=extra)
        if image.url.startswith(("https://", "http://")):
            return Image(url=image.url, extra=extra)
        return self._lose(_FOREIGN_FILE)

    def document(self, document: Document) -> Part | None:
        """A PDF or a text."""
        extra = self._kept(document)
        name, context = document.name, document.context
        if document.text:
            return Document(media_type="text/plain", text=document.text, name=name, context=context, extra=extra)
        if document.data and (document.media_type == _PDF or document.data.startswith(_PDF_IN_BASE64)):
            return Document(media_type=_PDF, data=document.data, name=name, context=context, extra=extra)
        if document.data and document.media_type.startswith("text/"):
            text = _decoded(document.data)
            return (
                Document(media_type="text/plain", text=text, name=name, extra=extra)
                if text
                else self._lose("left out: no text")
            )
        if document.url:
            return Document(url=document.url, name=name, context=context, extra=extra)
        return self._lose(f"left out: a document of type '{document.media_type}'" if document.data else _FOREIGN_FILE)

    def tool_call(self, call: ToolCall) -> Part:
        """A call that the model made."""
        given = object_of(call.arguments) if call.parsed is None else call.parsed
        if given == {"arguments": call.arguments}:
            self._lose(f"the arguments of '{call.name}' are no JSON object: sent as the text they are")
        return ToolCall(id=_clean(call.id), name=call.name, parsed=given, extra=self._kept(call))

    def tool_result(self, result: ToolResult) -> Part:
        """What a tool said."""
        content = PartAdapter(self._message, self._losses).adapt(result.content)
        plain = len(content) == 1 and isinstance(content[0], Text) and not content[0].extra
        return ToolResult(
            call_id=_clean(result.call_id),
            content=content,
            is_error=result.is_error,
            plain=plain,
            extra=self._kept(result),
        )

    def reasoning(self, thought: Reasoning) -> Part | None:
        """Only what Anthropic itself has signed can be given back to it."""
        ours = str(thought.extra.get("format") or "") in SIGNED_BY_US
        signature, redacted = bare(NAME, thought.signature), bare(NAME, thought.redacted)
        if ours and (redacted or signature):
            return msgspec.structs.replace(thought, signature=signature, redacted=redacted, extra={})
        return self._lose("reasoning is left out: it has no signature of Anthropic's")

    def _kept(self, part: Part) -> JsonObject:
        """A cache mark is understood from everybody; the rest of what is extra is not."""
        extra = part.extra
        if not extra:
            return {}
        unknown = {name for name, value in extra.items() if says_something(value)} - _MARKS
        self._losses.extend(Downgrade(f"{self._path}.{name}", "left out: not known to Anthropic") for name in sorted(unknown))
        return {"cache_control": extra["cache_control"]} if extra.get("cache_control") else {}

    def _lose(self, what: str) -> None:
        self._losses.append(Downgrade(self._path, what))


_ADAPTERS: Mapping[type[Part], Callable[[PartAdapter, Any], Part | None]] = {
    Text: PartAdapter.text,
    Refusal: PartAdapter.text,
    Image: PartAdapter.image,
    Document: PartAdapter.document,
    Audio: PartAdapter.audio,
    ToolCall: PartAdapter.tool_call,
    ToolResult: PartAdapter.tool_result,
    Reasoning: PartAdapter.reasoning,
}


def _clean(call_id: str) -> str:
    """An id of the letters that Anthropic allows; equal ids stay equal, different ones different."""
    return _NOT_IN_ID.sub(lambda odd: f"_{ord(odd[0]):x}", call_id) or "call"


def _decoded(data: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
