"""Parts of messages → content blocks of Converse. What it cannot say is reported."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from itertools import count
from typing import Any

from headworks.dialects.anthropic.parts import SIGNED_BY_US
from headworks.dialects.anthropic.wire import NAME as ANTHROPIC
from headworks.dialects.anthropic.wire import object_of
from headworks.dialects.bedrock.wire import LONGEST_NAME, NAME
from headworks.dialects.signatures import bare
from headworks.dialects.unpacking import says_something
from headworks.domain.message import (
    FORM,
    Audio,
    Document,
    Downgrade,
    Image,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)

_PICTURES = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
_OFFICE = "application/vnd.openxmlformats-officedocument"
_DOCUMENTS = {
    "application/pdf": "pdf",
    "text/plain": "txt",
    "text/markdown": "md",
    "text/csv": "csv",
    "text/html": "html",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    f"{_OFFICE}.wordprocessingml.document": "docx",
    f"{_OFFICE}.spreadsheetml.sheet": "xlsx",
}
_SOUNDS = frozenset(("mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "m4a", "mpeg", "mpga", "pcm", "webm"))
_VIDEOS = {
    **{f"video/{name}": name for name in ("mp4", "mpeg", "webm", "mkv", "mov", "flv", "wmv", "mpg")},
    "video/quicktime": "mov",
    "video/x-matroska": "mkv",
    "video/x-ms-wmv": "wmv",
    "video/x-flv": "flv",
    "video/3gpp": "three_gp",
}
SILENCE: JsonObject = {"text": "(no text)"}
"""Where Bedrock wants words, and there are none."""
_BUCKET = "s3://"
_MARKS = frozenset(("type", "format", "id", "index", "field", "in", "cache_control", FORM))
"""Fields of `extra` that are understood, or tell only where a part stood in its own language."""
_NOT_IN_ID = re.compile(r"[^a-zA-Z0-9_.:-]")
_NOT_IN_NAME = re.compile(r"[^a-zA-Z0-9_ ()\[\]-]+| {2,}")
_PLACES: Mapping[type[Part], str] = {ToolCall: "tool_calls", Reasoning: "reasoning", Refusal: "refusal", ToolResult: "content"}
"""Where parts stand in a message that are not in its list of content."""


class PartWriter:
    """Writes the parts of one request's messages; what is lost goes to `losses`."""

    def __init__(self, losses: list[Downgrade], *, caches: bool) -> None:
        self._losses = losses
        self._caches = caches
        self._path = ""
        self._names: set[str] = set()

    def write(self, parts: Iterable[Part], message: str) -> list[JsonObject]:
        """The blocks of what can be said of them, in their order, with a cache point behind each part that has a mark."""
        blocks: list[JsonObject] = []
        place = 0
        for part in parts:
            named = _PLACES.get(type(part))
            self._path = path = f"{message}.{named or f'content[{place}]'}"
            place += named is None
            block = self._block(part)
            self._path = path
            if block is not None:
                blocks.append(block)
                self._report_extra(part)
                blocks += self.cache_point(part.extra, path)
        return blocks

    def cache_point(self, extra: JsonObject, path: str) -> list[JsonObject]:
        """What a mark of the prompt cache becomes."""
        mark = extra.get("cache_control")
        if not isinstance(mark, dict):
            return []
        if not self._caches:
            self._losses.append(Downgrade(f"{path}.cache_control", "left out: this model has no prompt cache on Bedrock"))
            return []
        kept = {"ttl": mark["ttl"]} if mark.get("ttl") in ("5m", "1h") else {}
        return [{"cachePoint": {"type": "default", **kept}}]

    def _block(self, part: Part) -> JsonObject | None:
        write = _WRITERS.get(type(part))
        return self._lose("left out: a part that only another provider knows") if write is None else write(self, part)

    def text(self, part: Text | Refusal) -> JsonObject | None:
        """Words. Blank ones are refused by Bedrock and say nothing, but for those that are there to bear a cache point."""
        says = part.text and (part.extra.get("cache_control") or part.text.strip())
        return {"text": part.text} if says else None

    def image(self, image: Image) -> JsonObject | None:
        """A picture, inline or in a bucket of S3."""
        if image.detail not in ("", "auto"):
            self._lose(f"the detail '{image.detail}' of a picture is left out: Bedrock has one")
        form = _PICTURES.get(image.media_type, "")
        if image.url.startswith(_BUCKET):
            form = _PICTURES.get(f"image/{image.url.rpartition('.')[2].lower()}", "png")
            return {"image": {"format": form, "source": _bucket(image.url)}}
        if not image.data:
            return self._lose("left out: Bedrock takes pictures inline or from s3://, and fetches none")
        return (
            {"image": {"format": form, "source": {"bytes": image.data}}}
            if form
            else self._lose(f"left out: a picture of type '{image.media_type}'")
        )

    def document(self, document: Document) -> JsonObject | None:
        """A file that is read."""
        form = _DOCUMENTS.get(document.media_type, "pdf" if document.data.startswith("JVBER") else "txt")
        if document.text:
            source: JsonObject = {"bytes": base64.b64encode(document.text.encode()).decode()}
        elif document.data and (document.media_type in _DOCUMENTS or form == "pdf" or document.media_type.startswith("text/")):
            source = {"bytes": document.data}
        elif document.url.startswith(_BUCKET):
            form = document.url.rpartition(".")[2].lower()
            source = _bucket(document.url)
        else:
            what = f"a document of type '{document.media_type}'" if document.data else "Bedrock fetches no documents"
            return self._lose(f"left out: {what}")
        block: JsonObject = {"format": form, "name": self._named(document.name), "source": source}
        if document.context:
            block["context"] = document.context
        if isinstance(document.extra.get("citations"), dict):
            block["citations"] = {"enabled": bool(document.extra["citations"].get("enabled"))}
        return {"document": block}

    def audio(self, sound: Audio) -> JsonObject | None:
        """Sound."""
        if sound.data and sound.format in _SOUNDS:
            return {"audio": {"format": sound.format, "source": {"bytes": sound.data}}}
        return self._lose("left out: sound of another format, or kept at another provider")

    def opaque(self, part: Opaque) -> JsonObject | None:
        """A part of the caller's own language: of those, films are known to several servers of OpenAI's."""
        match part.raw:
            case {"type": "video_url", "video_url": {"url": str(url)}}:
                return self._video(url)
            case _:
                return self._lose("left out: a part that only another provider knows")

    def tool_call(self, call: ToolCall) -> JsonObject:
        """A call that the model made."""
        given = object_of(call.arguments) if call.parsed is None else call.parsed
        if given == {"arguments": call.arguments}:
            self._lose(f"the arguments of '{call.name}' are no JSON object: sent as the text they are")
        return {"toolUse": {"toolUseId": _clean(call.id), "name": call.name, "input": given}}

    def tool_result(self, result: ToolResult) -> JsonObject:
        """What a tool said."""
        told = result.content if result.parsed is None else [part for part in result.content if not isinstance(part, Text)]
        content = self.write(told, self._path.rpartition(".")[0])
        if result.parsed is not None:
            content.insert(0, {"json": result.parsed})
        kept = [block for block in content if "cachePoint" not in block]
        if len(kept) < len(content):
            self._lose("a cache mark within a tool's result is left out: Bedrock has none there")
        block: JsonObject = {"toolUseId": _clean(result.call_id), "content": kept or [SILENCE]}
        if result.is_error:
            block["status"] = "error"
        return {"toolResult": block}

    def reasoning(self, thought: Reasoning) -> JsonObject | None:
        """Only what its own model has signed can be given back."""
        ours = str(thought.extra.get("format") or "") in SIGNED_BY_US
        redacted, signature = _known(thought.redacted), _known(thought.signature)
        if ours and redacted:
            data = base64.b64encode(redacted.encode("latin-1", "replace")).decode()
            return {"reasoningContent": {"redactedContent": data}}
        if ours and signature:
            return {"reasoningContent": {"reasoningText": {"text": thought.text, "signature": signature}}}
        return self._lose("reasoning is left out: it has no signature that Bedrock knows")

    def _video(self, url: str) -> JsonObject | None:
        if url.startswith(_BUCKET):
            form = _VIDEOS.get(f"video/{url.rpartition('.')[2].lower()}", "mp4")
            return {"video": {"format": form, "source": _bucket(url)}}
        head, _, data = url.partition(";base64,")
        form = _VIDEOS.get(head.removeprefix("data:"), "")
        if not (data and form):
            return self._lose("left out: Bedrock takes films inline or from s3://")
        return {"video": {"format": form, "source": {"bytes": data}}}

    def _named(self, name: str) -> str:
        """A document's name in the letters that Bedrock allows, and no other document's."""
        plain = _NOT_IN_NAME.sub(" ", name).strip()[:180] or "document"
        if plain in self._names:
            plain = next(other for other in (f"{plain} {number}" for number in count(2)) if other not in self._names)
        self._names.add(plain)
        return plain

    def _report_extra(self, part: Part) -> None:
        known = _MARKS | {"citations"} if isinstance(part, Document) else _MARKS
        unknown = {name for name, value in part.extra.items() if says_something(value)} - known
        self._losses.extend(Downgrade(f"{self._path}.{name}", "left out: not known to Bedrock") for name in sorted(unknown))

    def _lose(self, what: str) -> None:
        self._losses.append(Downgrade(self._path, what))


_WRITERS: Mapping[type[Part], Callable[[PartWriter, Any], JsonObject | None]] = {
    Text: PartWriter.text,
    Refusal: PartWriter.text,
    Image: PartWriter.image,
    Document: PartWriter.document,
    Audio: PartWriter.audio,
    Opaque: PartWriter.opaque,
    ToolCall: PartWriter.tool_call,
    ToolResult: PartWriter.tool_result,
    Reasoning: PartWriter.reasoning,
}


def _bucket(url: str) -> JsonObject:
    return {"s3Location": {"uri": url}}


def _clean(call_id: str) -> str:
    """An id of the letters and the length that Bedrock allows; equal ids stay equal, different ones different."""
    clean = _NOT_IN_ID.sub(lambda odd: f"_{ord(odd[0]):x}", call_id) or "call"
    return clean if len(clean) <= LONGEST_NAME else sha256(clean.encode()).hexdigest()


def _known(value: str) -> str:
    """A signature that models on Bedrock can read: Claude's are the same everywhere."""
    return bare(NAME, value) or bare(ANTHROPIC, value)
