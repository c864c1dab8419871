"""Silence as long as the text takes to say: as MP3, as WAV or raw, whole frames at a time, in OpenAI's shapes."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator

import msgspec

from headworks.testing.emulator import openai_rules as rules
from headworks.testing.emulator.question import JsonObject
from headworks.testing.emulator.tokens import tokens_of

TOKENS_PER_PIECE = 10
"""Half a second of sound."""
_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
_FRAME = b"\xff\xf3\xc4\xc4" + bytes(380)
"""24 ms of silence in MP3: 24 kHz, one channel, 128 kbit/s."""
_PCM_RATE = 48_000
_CHARACTERS_PER_PIECE = 8
_LONGEST = 4096
_ALL = 0xFFFF_FFFF


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of `/audio/speech`, settled."""

    text: str
    form: str
    events: bool

    @property
    def content_type(self) -> str:
        """Of the bytes."""
        return _TYPES[self.form]

    @property
    def pieces(self) -> int:
        """Half seconds that it lasts."""
        return -(-len(self.text) // _CHARACTERS_PER_PIECE)

    @property
    def input_tokens(self) -> int:
        """Of the text."""
        return max(1, tokens_of(self.text))

    @property
    def output_tokens(self) -> int:
        """Of the sound."""
        return self.pieces * TOKENS_PER_PIECE


def read_speech(body: JsonObject) -> Spoken:
    """Raises `Rejection`."""
    rules.check_common(body)
    text = body.get("input")
    if not isinstance(text, str) or not text:
        raise rules.invalid("Missing required parameter: 'input'.", "input", "missing_required_parameter")
    if len(text) > _LONGEST:
        raise rules.invalid(
            f"Invalid 'input': string too long. Maximum length is {_LONGEST}.", "input", "string_above_max_length"
        )
    if not body.get("voice"):
        raise rules.invalid("Missing required parameter: 'voice'.", "voice", "missing_required_parameter")
    form = body.get("response_format") or "mp3"
    if form not in _TYPES:
        known = ", ".join(f"'{name}'" for name in _TYPES)
        raise rules.invalid(f"Invalid value: '{form}'. Supported values are: {known}.", "response_format", "invalid_value")
    return Spoken(text=text, form=form, events=body.get("stream_format") == "sse")


def sound(spoken: Spoken) -> Iterator[tuple[bytes, int]]:
    """The bytes, half a second at a time, with the tokens of each."""
    if spoken.form == "wav":
        yield _wave_head(), 0
    piece = bytes(_PCM_RATE // 2) if spoken.form in ("wav", "pcm") else _FRAME * 21
    for _ in range(spoken.pieces):
        yield piece, TOKENS_PER_PIECE


def events(spoken: Spoken) -> Iterator[tuple[bytes, int]]:
    """The same in events, and what it took."""
    for piece, tokens in sound(spoken):
        yield _event({"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()}), tokens
    read, made = spoken.input_tokens, spoken.output_tokens
    usage = {"input_tokens": read, "output_tokens": made, "total_tokens": read + made}
    yield _event({"type": "speech.audio.done", "usage": usage}), 0


def _event(payload: JsonObject) -> bytes:
    return b"data: %b\n\n" % msgspec.json.encode(payload)


def _wave_head() -> bytes:
    """Of a file whose length is not known yet."""
    form = struct.pack("<HHIIHH", 1, 1, _PCM_RATE // 2, _PCM_RATE, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", _ALL)
        + b"WAVEfmt "
        + struct.pack("<I", len(form))
        + form
        + b"data"
        + struct.pack("<I", _ALL)
    )
