"""Pictures and sound: the facts of a request, and the relay for its answer."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from headworks.dialects.openai_chat import images, speech
from headworks.dialects.openai_chat.estimate import estimate_input
from headworks.dialects.openai_chat.media_events import MediaEvents
from headworks.dialects.openai_chat.media_usage import read_pictures_usage, read_speech_usage
from headworks.dialects.openai_chat.transcripts import TranscriptWatch
from headworks.dialects.openai_chat.values import COUNT, FLAG, NUMBER, SAID_COUNT, SAID_FLAG, STRING, needed, value
from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.kind import DRAWING, HEARING, UPLOADS
from headworks.domain.target import Target
from headworks.domain.usage import Usage
from headworks.domain.where import Form
from headworks.ports.interpreter import Relay

KINDS = DRAWING | HEARING | {Kind.SPEECH}
_ELSEWHERE = ("file_url", "file_id")
"""Fields that name a recording which the form does not hold (Mistral's)."""
_SEEN = frozenset(("image", "image_url", "images"))
"""Fields that give pictures to go by."""
_TEXT = msgspec.json.Decoder(str)


def read_media_ask(kind: Kind, ask: Ask) -> Ask:
    """The same with what is to be made. Raises `Fault` `invalid_request`."""
    if kind in HEARING:
        return _hearing(ask)
    return _speech(ask) if kind is Kind.SPEECH else _pictures(kind, ask)


def media_relay(kind: Kind, ask: Ask, target: Target) -> Relay:
    """For one answer."""
    if kind in HEARING:
        return TranscriptWatch(ask, target)
    if kind in DRAWING:
        return _picture_events(ask, target) if ask.stream else images.PicturesWatch(ask, target)
    return speech.SoundWatch(ask, target) if ask.form is Form.BYTES else _speech_events(ask, target)


def _pictures(kind: Kind, ask: Ask) -> Ask:
    """Of a form all is text; of JSON, providers are as strict as they like."""
    fields, form = ask.fields, kind in UPLOADS
    flag, number = (SAID_FLAG, SAID_COUNT) if form else (FLAG, COUNT)
    prompt = b"" if kind is Kind.IMAGE_VARIATIONS else needed(fields, "prompt", "pictured")
    size, quality = (value(fields, name, STRING, "a string") or "" for name in ("size", "quality"))
    count, partial_images = (value(fields, name, number, "a whole number") for name in ("n", "partial_images"))
    if count is not None and count < 1:
        raise Fault("invalid_request", "The field 'n' must be 1 or more.", param="n")
    return msgspec.structs.replace(
        ask,
        stream=bool(value(fields, "stream", flag, "true or false")),
        choices=count or 1,
        max_tokens=images.most_tokens(size, quality, max(partial_images or 0, 0)),
        prompt_tokens=estimate_input(prompt),
        features=frozenset() if _SEEN.isdisjoint(fields) and not form else frozenset(("images",)),
    )


def _speech(ask: Ask) -> Ask:
    fields = ask.fields
    try:
        said = _TEXT.decode(needed(fields, "input", "spoken"))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Fault("invalid_request", "The field 'input' must be a string: the text to speak.", param="input") from None
    instructions = value(fields, "instructions", STRING, "a string") or ""
    speed = value(fields, "speed", NUMBER, "a number")
    events = value(fields, "stream_format", STRING, "a string") == "sse"
    return msgspec.structs.replace(
        ask,
        stream=True,
        form=Form.EVENTS if events else Form.BYTES,
        max_tokens=speech.most_tokens(said.encode(), 1.0 if speed is None else speed),
        prompt_tokens=estimate_input(b"%b%b" % (said.encode(), instructions.encode())),
        characters=len(said),
        features=frozenset(("audio_out",)),
    )


def _hearing(ask: Ask) -> Ask:
    """All is text in a form, but for files. How much there is to hear nobody sees in the fields."""
    fields = ask.fields
    if fields.keys().isdisjoint(_ELSEWHERE) and not needed(fields, "file", "heard").startswith(b"{"):
        raise Fault("invalid_request", "The field 'file' must be a file: give it a filename.", param="file")
    prompt = fields.get("prompt")
    return msgspec.structs.replace(
        ask,
        stream=bool(value(fields, "stream", SAID_FLAG, "true or false")),
        form=Form.TOLD,
        prompt_tokens=estimate_input(bytes(prompt)) if prompt is not None else 0,
        features=frozenset(("audio",)),
    )


def _picture_events(ask: Ask, target: Target) -> MediaEvents:
    def read(raw: dict[str, Any] | None) -> Usage | None:
        return read_pictures_usage(raw, 1, target.price)

    return MediaEvents(target, read, lambda _size: images.estimated_tokens(ask), Usage(images=1))


def _speech_events(ask: Ask, target: Target) -> MediaEvents:
    def read(raw: dict[str, Any] | None) -> Usage | None:
        return read_speech_usage(raw or {}, ask.characters)

    return MediaEvents(target, read, partial(speech.estimated_tokens, ask, speech.sound_form(ask), b""))
