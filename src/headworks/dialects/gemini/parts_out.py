"""Canonical parts → parts of Gemini's contents. What cannot be said is reported, never dropped in silence."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from headworks.dialects.gemini.losses import unknown_fields
from headworks.dialects.gemini.parts_in import SIGNATURE
from headworks.dialects.gemini.signatures import CALL, unstamped
from headworks.dialects.gemini.wire import MADE_ID, UNREADABLE
from headworks.domain.message import (
    FORM,
    Audio,
    Document,
    Downgrade,
    Image,
    JsonObject,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)

UNSIGNED = "skip_thought_signature_validator"
"""Google's word for a call whose signature is not there because another model made it."""
_MARKS = frozenset(
    (
        FORM,
        "type",
        "format",
        "id",
        "index",
        "field",
        "in",
        "by",
        "function",
        "image_url",
        "input_audio",
        "file",
    )
)
_FOREIGN_FILE = "left out: a file that only another provider has"


class PartWriter:
    """Writes the parts of one conversation. `own` tells that it was read from this same dialect; `signs` that the model wants every turn's
    first call signed.
    """

    def __init__(self, messages: Sequence[Message], losses: list[Downgrade], *, own: bool, signs: bool) -> None:
        self._own = own
        self._signs = signs
        self._losses = losses
        self._path = ""
        self._names = {
            part.id: part.name for message in messages for part in message.parts if isinstance(part, ToolCall) and part.id
        }
        self._waiting: JsonObject = {}

    def write(self, parts: Iterable[Part], path: str) -> list[JsonObject]:
        """The parts of one message."""
        self._path, self._waiting = path, {}
        wire: list[JsonObject] = []
        signed = not self._signs or self._own
        for part in parts:
            if isinstance(part, ToolCall) and not signed:
                self._waiting = self._waiting or {SIGNATURE: UNSIGNED}
                signed = True
            wire += self._write(part)
        return [part for part in wire if part]

    def _write(self, part: Part) -> list[JsonObject]:
        if isinstance(part, Opaque) and not self._own:
            return self._lose("left out: a part that only another provider knows")
        self._report_extra(part)
        wire = _WRITERS[type(part)](self, part)
        if self._own and wire and not isinstance(part, Opaque):
            wire[0] = {**wire[0], **part.extra}
        return wire

    def _report_extra(self, part: Part) -> None:
        if not self._own:
            self._losses += unknown_fields(part.extra, self._path, _MARKS)

    def text(self, part: Text | Refusal) -> list[JsonObject]:
        """Words."""
        return [{"text": part.text}] if part.text or self._own else []

    def image(self, part: Image) -> list[JsonObject]:
        """A picture."""
        if part.detail not in ("", "auto"):
            self._lose(f"the detail '{part.detail}' of a picture is left out: Gemini decides on one")
        return self._file(part.media_type, part.data, part.url, "image/jpeg")

    def audio(self, part: Audio) -> list[JsonObject]:
        """Sound."""
        return self._file(f"audio/{part.format}", part.data, "", "")

    def document(self, part: Document) -> list[JsonObject]:
        """A document. A title and what it is about are said before it."""
        about = [{"text": words} for words in (part.name, part.context) if words and not self._own]
        if part.text:
            return [*about, {"text": part.text}]
        return [*about, *self._file(part.media_type, part.data, part.url, "application/pdf")]

    def _file(self, media: str, data: str, url: str, usual: str) -> list[JsonObject]:
        if data:
            return [{"inlineData": {"mimeType": media or usual, "data": data}}]
        if not url:
            return self._lose(_FOREIGN_FILE)
        if self._own:
            return [{"fileData": {**({"mimeType": media} if media else {}), "fileUri": url}}]
        guessed = media or mimetypes.guess_type(url.partition("?")[0])[0] or usual
        return [{"fileData": {"mimeType": guessed, "fileUri": url}}]

    def call(self, part: ToolCall) -> list[JsonObject]:
        """A call that the model made."""
        call: JsonObject = {"name": part.name}
        if part.parsed is not None:
            call["args"] = part.parsed
        elif not self._own:
            call["args"] = self._arguments(part)
        signed, self._waiting = self._waiting, {}
        return [{"functionCall": call | _id(part.id), **signed}]

    def _arguments(self, part: ToolCall) -> JsonObject:
        try:
            given = msgspec.json.decode(part.arguments or "null")
        except UNREADABLE:
            given = part.arguments
        if given is None or isinstance(given, dict):
            return given or {}
        self._lose(f"the arguments of '{part.name}' are no JSON object: sent as the text they are")
        return {"arguments": part.arguments}

    def result(self, part: ToolResult) -> list[JsonObject]:
        """What a tool said; what it showed comes after it."""
        name = part.name or self._names.get(part.call_id, "") or part.call_id
        texts = [item for item in part.content if isinstance(item, Text)]
        for text in texts:
            self._report_extra(text)
        shown = [wire for item in part.content if not isinstance(item, Text) for wire in self._write(item)]
        said = (
            part.parsed
            if part.parsed is not None
            else {"error" if part.is_error else "result": "\n".join(text.text for text in texts)}
        )
        response: JsonObject = {"name": name, "response": said} | _id(part.call_id)
        if self._own:
            return [{"functionResponse": response | ({"parts": shown} if shown else {})}]
        return [{"functionResponse": response}, *shown]

    def reasoning(self, part: Reasoning) -> list[JsonObject]:
        """Only what Gemini itself has signed can be given back to it. A call's signature waits for its call."""
        own = unstamped(part.signature or part.redacted)
        if own is None and not (self._own and part.text):
            return self._lose("reasoning is left out: it has no signature of Gemini's")
        if own is not None and own[0] == CALL:
            self._waiting = {SIGNATURE: own[1]}
            return []
        thought = {"thought": True} if part.text or part.signature else {}
        return [{"text": part.text, **thought, **({SIGNATURE: own[1]} if own is not None else {})}]

    def opaque(self, part: Opaque) -> list[JsonObject]:
        """What only Gemini knows."""
        return [part.raw]

    def _lose(self, what: str) -> list[JsonObject]:
        self._losses.append(Downgrade(self._path, what))
        return []


def _id(call_id: str) -> JsonObject:
    return {} if not call_id or call_id.startswith(MADE_ID) else {"id": call_id}


_WRITERS: Mapping[type[Part], Callable[[PartWriter, Any], list[JsonObject]]] = {
    Text: PartWriter.text,
    Refusal: PartWriter.text,
    Image: PartWriter.image,
    Audio: PartWriter.audio,
    Document: PartWriter.document,
    ToolCall: PartWriter.call,
    ToolResult: PartWriter.result,
    Reasoning: PartWriter.reasoning,
    Opaque: PartWriter.opaque,
}
