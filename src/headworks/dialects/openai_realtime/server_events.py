"""What an upstream's events say that accounting needs."""

from __future__ import annotations

import msgspec

from headworks.dialects.counts import Count, read_form
from headworks.domain.message import JsonObject
from headworks.domain.usage import Usage

CREATED = ("session.created", "transcription_session.created")
BEGUN = "response.created"
DONE = "response.done"
TRANSCRIBED = "conversation.item.input_audio_transcription.completed"
TOLD = frozenset((*CREATED, BEGUN, DONE, TRANSCRIBED))
"""Events that are read whole; of the others, that they are content or not."""


class Session(msgspec.Struct):
    """A session, as its first event has it."""

    id: str = ""
    model: str = ""


class Response(msgspec.Struct):
    """An answer, as its last event has it."""

    id: str = ""
    usage: JsonObject | None = None


class ServerEvent(msgspec.Struct):
    """Any event."""

    type: str = ""
    response_id: str = ""
    session: Session | None = None
    response: Response | None = None
    usage: JsonObject | None = None


class _Parts(msgspec.Struct):
    audio_tokens: Count = None
    cached_tokens: Count = None
    cached_tokens_details: _Parts | None = None


class _Reported(msgspec.Struct):
    input_tokens: Count = None
    output_tokens: Count = None
    input_token_details: _Parts | None = None
    output_token_details: _Parts | None = None


_NOTHING = _Parts()
_event = msgspec.json.Decoder(ServerEvent).decode


class _Marked(msgspec.Struct):
    type: str = ""
    response_id: str = ""


_mark = msgspec.json.Decoder(_Marked).decode


def read_server_event(message: bytes) -> ServerEvent:
    """What counts of an event; its type alone where the rest is not as it should be, an empty one where it is none."""
    kind = ""
    try:
        marked = _mark(message)
        kind = marked.type
        return _event(message) if kind in TOLD else ServerEvent(kind, marked.response_id)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ServerEvent(kind)


def read_usage(raw: JsonObject) -> Usage:
    """Counts as reported."""
    said = read_form(raw, _Reported)
    read, written = said.input_token_details or _NOTHING, said.output_token_details or _NOTHING
    cached = read.cached_tokens_details or _NOTHING
    return Usage(
        input=said.input_tokens or 0,
        output=said.output_tokens or 0,
        cache_read=read.cached_tokens or 0,
        input_audio=read.audio_tokens or 0,
        cache_audio_read=cached.audio_tokens or 0,
        output_audio=written.audio_tokens or 0,
    )
