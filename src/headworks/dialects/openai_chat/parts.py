"""Content parts of Chat Completions messages ↔ canonical parts.

An unknown field inside a nested object is kept under the object's name in `extra`; a bare string where OpenAI has an object
(Mistral's `image_url`) is remembered by an empty string there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headworks.dialects.data_urls import data_url, split_data_url
from headworks.dialects.unpacking import Unpacked
from headworks.domain.errors import Fault
from headworks.domain.message import (
    Audio,
    Document,
    Image,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
)

BARE = ""
"""In `extra`, in place of a nested object: the wire had a bare string."""


def read_part(value: Any, path: str) -> Part:
    """A content part. Raises `Fault` `invalid_request`."""
    fields = Unpacked(value, path)
    kind = fields.rest.get("type")
    if not isinstance(kind, str):
        raise Fault("invalid_request", f"{path}.type must be a string.", param=f"{path}.type")
    reader = _READERS.get(kind)
    return Opaque(raw=fields.rest) if reader is None else reader(fields, dict(fields.rest))


def write_part(part: Part) -> JsonObject | None:
    """The part as OpenAI says it, `extra` included; None where it can't."""
    writer = _WRITERS.get(type(part))
    return None if writer is None else writer(part)


def _text(fields: Unpacked, raw: JsonObject) -> Part:
    text = fields.text("text")
    if text is None:
        return Opaque(raw=raw)
    return Text(text=text, extra=_left(fields))


def _image(fields: Unpacked, raw: JsonObject) -> Part:  # noqa: ARG001 - the readers' signature
    nested, extra = _nested(fields, "image_url", "url")
    url = nested.word("url")
    detail = nested.word("detail")
    _keep(extra, "image_url", nested)
    split = split_data_url(url)
    if split is not None:
        return Image(media_type=split[0], data=split[1], detail=detail, extra=extra)
    return Image(url=url, detail=detail, extra=extra)


def _audio(fields: Unpacked, raw: JsonObject) -> Part:  # noqa: ARG001 - the readers' signature
    nested, extra = _nested(fields, "input_audio", "data")
    part = Audio(data=nested.word("data"), format=nested.word("format"), extra=extra)
    _keep(extra, "input_audio", nested)
    return part


def _file(fields: Unpacked, raw: JsonObject) -> Part:  # noqa: ARG001 - the readers' signature
    nested, extra = _nested(fields, "file", "file_data")
    data = nested.word("file_data")
    split = split_data_url(data) or ("", data)
    part = Document(
        media_type=split[0], data=split[1], file_id=nested.word("file_id"), name=nested.word("filename"), extra=extra
    )
    _keep(extra, "file", nested)
    return part


def _document_url(fields: Unpacked, raw: JsonObject) -> Part:
    url = fields.rest.get("document_url")
    if not url or not isinstance(url, str):
        return Opaque(raw=raw)
    del fields.rest["document_url"]
    name = fields.word("document_name")
    split = split_data_url(url)
    if split is not None:
        return Document(media_type=split[0], data=split[1], name=name, extra=fields.rest)
    return Document(url=url, name=name, extra=fields.rest)


def _refusal(fields: Unpacked, raw: JsonObject) -> Part:
    text = fields.text("refusal")
    return Opaque(raw=raw) if text is None else Refusal(text=text, extra=fields.rest)


def _thinking(fields: Unpacked, raw: JsonObject) -> Part:
    """Mistral's: a list of text chunks."""
    match fields.rest.pop("thinking", None):
        case [{"type": "text", "text": str() as text, **rest}] if not rest:
            return Reasoning(text=text, extra=fields.rest)
        case _:
            return Opaque(raw=raw)


def _left(fields: Unpacked) -> JsonObject:
    fields.rest.pop("type", None)
    return fields.rest


def _nested(fields: Unpacked, name: str, bare: str) -> tuple[Unpacked, JsonObject]:
    """The object called `name`, and the part's `extra`. A bare string stands for an object that has only `bare`."""
    value = fields.rest.pop(name, None)
    extra = _left(fields)
    if isinstance(value, str):
        extra[name] = BARE
        return Unpacked({bare: value}, fields.path(name)), extra
    return Unpacked(value, fields.path(name)), extra


def _keep(extra: JsonObject, name: str, nested: Unpacked) -> None:
    if nested.rest and name not in extra:
        extra[name] = nested.rest


_READERS: dict[str, Callable[[Unpacked, JsonObject], Part]] = {
    "text": _text,
    "image_url": _image,
    "input_audio": _audio,
    "file": _file,
    "document_url": _document_url,
    "refusal": _refusal,
    "thinking": _thinking,
}


def _write_text(part: Any) -> JsonObject:
    return {"type": "text", "text": part.text, **part.extra}


def _write_image(part: Any) -> JsonObject | None:
    url = data_url(part.media_type, part.data) if part.data else part.url
    if not url and part.file_id:
        return None
    return _nest("image_url", "url", {"url": url, "detail": part.detail}, part.extra)


def _write_audio(part: Any) -> JsonObject | None:
    if part.id:
        return None
    return _nest("input_audio", "data", {"data": part.data, "format": part.format}, part.extra)


def _write_document(part: Any) -> JsonObject | None:
    data = data_url(part.media_type, part.data) if part.media_type else part.data
    if part.extra.get("type") == "document_url":
        return {**_said({"document_url": data or part.url, "document_name": part.name}), **part.extra}
    if part.text:
        return {"type": "text", "text": "\n".join(words for words in (part.name, part.context, part.text) if words)}
    if part.url:
        return None
    return _nest("file", "file_data", {"file_data": data, "filename": part.name, "file_id": part.file_id}, part.extra)


def _write_refusal(part: Any) -> JsonObject:
    return {"type": "refusal", "refusal": part.text, **part.extra}


def _write_thinking(part: Any) -> JsonObject | None:
    if part.extra.get("type") != "thinking":
        return None
    return {"thinking": [{"type": "text", "text": part.text}], **part.extra}


def _write_opaque(part: Any) -> JsonObject:
    return part.raw


def _nest(name: str, bare: str, said: JsonObject, extra: JsonObject) -> JsonObject:
    kept = extra.get(name)
    nested = said[bare] if kept == BARE else {**_said(said), **(kept or {})}
    return {"type": name, **extra, name: nested}


def _said(fields: JsonObject) -> JsonObject:
    return {name: value for name, value in fields.items() if value}


_WRITERS: dict[type[Part], Callable[[Any], JsonObject | None]] = {
    Text: _write_text,
    Image: _write_image,
    Audio: _write_audio,
    Document: _write_document,
    Refusal: _write_refusal,
    Reasoning: _write_thinking,
    Opaque: _write_opaque,
}
