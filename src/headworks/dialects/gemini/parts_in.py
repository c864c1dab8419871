"""Parts of a request's contents → canonical parts. A part of a kind or shape not known here becomes `Opaque` and travels as it came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from headworks.dialects.gemini.signatures import THOUGHT, stamped, unwrapped
from headworks.dialects.gemini.wire import MADE_ID
from headworks.dialects.unpacking import Unpacked
from headworks.domain.message import Audio, Document, Image, JsonObject, Opaque, Part, Reasoning, Text, ToolCall, ToolResult

SIGNATURE = "thoughtSignature"
_SOUND = "audio/"


class PartReader:
    """Reads the parts of one conversation, and finds for every result the call that it answers."""

    def __init__(self) -> None:
        self._open: dict[str, list[str]] = {}
        self._calls = 0

    def read(self, value: Any, path: str) -> list[Part]:
        """One part; before it the reasoning of another language that its signature holds. Raises `Fault` `invalid_request`."""
        raw = Unpacked(value, path).rest
        foreign = unwrapped(str(raw[SIGNATURE])) if raw.get(SIGNATURE) else None
        if foreign is not None:
            raw = {name: item for name, item in raw.items() if name != SIGNATURE}
            if raw.pop("thought", False) is True:
                return [msgspec.structs.replace(foreign, text=str(raw.get("text") or ""))]
            if raw.get("text") == "":
                return [foreign]
        return [*([foreign] if foreign is not None else []), self._part(Unpacked(raw, path), raw)]

    def _part(self, fields: Unpacked, raw: JsonObject) -> Part:
        for name, read in _READERS.items():
            if raw.get(name) is not None:
                part = read(self, fields)
                return Opaque(raw=raw) if part is None else part
        return Opaque(raw=raw)

    def text(self, fields: Unpacked) -> Part | None:
        """Words, or thoughts."""
        text = fields.text("text")
        if fields.rest.get("thought") is not True:
            return None if text is None else Text(text=text, extra=fields.rest)
        del fields.rest["thought"]
        signature = fields.word(SIGNATURE)
        return Reasoning(text=text or "", signature=stamped(THOUGHT, signature) if signature else "", extra=fields.rest)

    def inline(self, fields: Unpacked) -> Part | None:
        """A file in the request."""
        match fields.rest.pop("inlineData"):
            case {"mimeType": str(media), "data": str(data), **more} if not more:
                if media.startswith("image/"):
                    return Image(media_type=media, data=data, extra=fields.rest)
                if media.startswith(_SOUND):
                    return Audio(format=media.removeprefix(_SOUND), data=data, extra=fields.rest)
                return None if media.startswith("video/") else Document(media_type=media, data=data, extra=fields.rest)
            case _:
                return None

    def stored(self, fields: Unpacked) -> Part | None:
        """A file elsewhere."""
        match fields.rest.pop("fileData"):
            case {"fileUri": str(url), **more} if more.keys() <= {"mimeType"}:
                media = str(more.get("mimeType") or "")
                if more.get("mimeType") == "" or media.startswith(("video/", _SOUND)):
                    return None
                if media.startswith("image/"):
                    return Image(media_type=media, url=url, extra=fields.rest)
                return Document(media_type=media, url=url, extra=fields.rest)
            case _:
                return None

    def call(self, fields: Unpacked) -> Part | None:
        """A call that the model made."""
        call = Unpacked(fields.rest.pop("functionCall"), fields.path("functionCall"))
        name, given, own = call.word("name"), call.object("args"), call.word("id")
        if not name or call.rest:
            return None
        self._calls += 1
        made = own or f"{MADE_ID}{self._calls}"
        self._open.setdefault(name, []).append(made)
        return ToolCall(id=made, name=name, parsed=given, extra=fields.rest)

    def result(self, fields: Unpacked) -> Part | None:
        """What a tool said: of the call of its id, or else of the oldest one of its name that nothing has answered."""
        result = Unpacked(fields.rest.pop("functionResponse"), fields.path("functionResponse"))
        name, said, own = result.word("name"), result.object("response"), result.word("id")
        if not name or said is None or result.rest.keys() > {"parts"}:
            return None
        waiting = self._open.get(name, [])
        made = own or (waiting[0] if waiting else f"{MADE_ID}{name}")
        if made in waiting:
            waiting.remove(made)
        files = [self._part(Unpacked(item, "parts"), item) for item in result.items("parts") or ()]
        return ToolResult(
            call_id=made,
            content=(Text(text=_told(said)), *files),
            is_error=said.keys() == {"error"},
            name=name,
            parsed=said,
            extra={**fields.rest, **result.rest},
        )


def _told(said: JsonObject) -> str:
    """The text in a response that holds nothing else, as clients wrap it; else all of it."""
    match said:
        case {"result": str(text)} | {"output": str(text)} | {"error": str(text)} if len(said) == 1:
            return text
        case _:
            return msgspec.json.encode(said).decode()


_READERS: Mapping[str, Callable[[PartReader, Unpacked], Part | None]] = {
    "functionCall": PartReader.call,
    "functionResponse": PartReader.result,
    "inlineData": PartReader.inline,
    "fileData": PartReader.stored,
    "text": PartReader.text,
}
