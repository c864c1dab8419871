"""Content parts of items ↔ canonical parts."""

from __future__ import annotations

from typing import Any

from headworks.dialects.data_urls import data_url, split_data_url
from headworks.dialects.unpacking import Unpacked
from headworks.domain.message import FORM, Audio, Document, Image, JsonObject, Opaque, Part, Refusal, Text

INPUT, OUTPUT = "input_text", "output_text"
_TEXTS = frozenset((INPUT, OUTPUT, "text"))
_ECHOES = ("annotations", "logprobs")
"""Fields of an answer's text that are given back with it, and say nothing to the model."""


def read_part(value: Any, path: str) -> Part:
    """A content part. Raises `Fault` `invalid_request`."""
    fields = Unpacked(value, path)
    kind = fields.word("type")
    rest = fields.rest
    if kind in _TEXTS and isinstance(rest.get("text"), str):
        text = rest.pop("text")
        echoed = {name: rest.pop(name) for name in _ECHOES if name in rest}
        return Text(text=text, extra={FORM: {"type": kind, **echoed}, **rest})
    if kind == "input_image":
        url = fields.word("image_url")
        media_type, data = split_data_url(url) or ("", "")
        given = {"media_type": media_type, "data": data, "url": "" if data else url}
        return Image(**given, file_id=fields.word("file_id"), detail=fields.word("detail"), extra=rest)
    if kind == "input_file":
        return _file(fields)
    if kind == "input_audio" and isinstance(rest.get("input_audio"), dict):
        sound = Unpacked(rest.pop("input_audio"), fields.path("input_audio"))
        return Audio(data=sound.word("data"), format=sound.word("format"), extra=rest)
    if kind == "refusal" and isinstance(rest.get("refusal"), str):
        return Refusal(text=rest.pop("refusal"), extra=rest)
    return Opaque(raw=value)


def _file(fields: Unpacked) -> Document:
    data = fields.word("file_data")
    split = split_data_url(data) or ("", data)
    return Document(
        media_type=split[0],
        data=split[1],
        url=fields.word("file_url"),
        file_id=fields.word("file_id"),
        name=fields.word("filename"),
        extra=fields.rest,
    )


def write_part(part: Part, text_type: str, *, own: bool) -> JsonObject | None:
    """The part as Responses says it; None where it can't. Another provider's files are nothing here."""
    extra = {name: value for name, value in part.extra.items() if name != FORM} if own else {}
    wire: JsonObject | None = None
    match part:
        case Text():
            wire = {"type": text_type, "text": part.text, **(part.extra.get(FORM, {}) if own else {}), **extra}
        case Refusal():
            wire = {"type": "refusal", "refusal": part.text, **extra}
        case Image() if part.data or part.url or own:
            url = data_url(part.media_type, part.data) if part.data else part.url
            detail = part.detail or ("" if own else "auto")
            wire = {"type": "input_image", **_said(image_url=url, file_id=part.file_id, detail=detail), **extra}
        case Document():
            wire = _write_file(part, extra, own=own)
        case Audio() if own:  # some servers take sound; OpenAI's refuses it here
            wire = {"type": "input_audio", "input_audio": {"data": part.data, "format": part.format}, **extra}
        case Opaque() if own:
            wire = part.raw
        case _:
            pass
    return wire


def _write_file(part: Document, extra: JsonObject, *, own: bool) -> JsonObject | None:
    if part.text:
        return {"type": INPUT, "text": "\n".join(words for words in (part.name, part.context, part.text) if words)}
    if not (part.data or part.url or own):
        return None
    media_type = part.media_type or ("" if own else "application/pdf")
    data = data_url(media_type, part.data) if part.data and media_type else part.data
    name = part.name or ("document.pdf" if part.data and not own else "")
    return {"type": "input_file", **_said(filename=name, file_data=data, file_url=part.url, file_id=part.file_id), **extra}


def _said(**fields: str) -> JsonObject:
    return {name: value for name, value in fields.items() if value}
