"""What is heard in a recording: a sentence that tells what arrived, in OpenAI's shapes."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator

import msgspec

from headworks.testing.emulator import openai_rules as rules
from headworks.testing.emulator.forms import File
from headworks.testing.emulator.question import JsonObject
from headworks.testing.emulator.tokens import tokens_of

TOKENS_PER_SECOND = 10
_PCM_RATE = 48_000
_USUAL_RATE = 4_000
_FORMATS = ("json", "text", "srt", "verbose_json", "vtt", "diarized_json")
_PLAIN = {"text": "text/plain; charset=utf-8", "srt": "text/plain; charset=utf-8", "vtt": "text/plain; charset=utf-8"}


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of `/audio/transcriptions` and `/audio/translations`, settled."""

    model: str
    text: str
    form: str
    stream: bool
    seconds: int

    @property
    def by_time(self) -> bool:
        """Whether the model bills by what it hears; others count tokens."""
        return self.model.startswith("whisper")

    @property
    def content_type(self) -> str:
        """Of a whole answer."""
        return _PLAIN.get(self.form, "application/json")

    @property
    def input_tokens(self) -> int:
        """Of the sound."""
        return self.seconds * TOKENS_PER_SECOND

    @property
    def output_tokens(self) -> int:
        """Of the text."""
        return max(1, tokens_of(self.text))


def read_heard(form: JsonObject) -> Heard:
    """Raises `Rejection`."""
    if not form.get("model"):
        raise rules.invalid("you must provide a model parameter")
    file = form.get("file")
    if not isinstance(file, File):
        raise rules.invalid("[{'type': 'missing', 'loc': ('body', 'file'), 'msg': 'Field required'}]", "file")
    shape = form.get("response_format") or "json"
    if shape not in _FORMATS:
        known = ", ".join(f"'{name}'" for name in _FORMATS)
        raise rules.invalid(f"Invalid value: '{shape}'. Supported values are: {known}.", "response_format", "invalid_value")
    content, prompt = file.content, form.get("prompt") or ""
    digest = hashlib.sha256(content).hexdigest()[:16]
    rate = _PCM_RATE if content.startswith(b"RIFF") else _USUAL_RATE
    model = form["model"]
    return Heard(
        model=model,
        text=f"I heard {len(content)} bytes of {file.name}, {digest}. {prompt}".strip(),
        form=shape,
        stream=form.get("stream") == "true" and not model.startswith("whisper"),
        seconds=math.ceil(len(content) / rate),
    )


def whole_answer(heard: Heard) -> bytes:
    """In the shape that was asked for."""
    end = f"{heard.seconds // 3600:02d}:{heard.seconds // 60 % 60:02d}:{heard.seconds % 60:02d}"
    match heard.form:
        case "text":
            return f"{heard.text}\n".encode()
        case "srt":
            return f"1\n00:00:00,000 --> {end},000\n{heard.text}\n\n".encode()
        case "vtt":
            return f"WEBVTT\n\n00:00:00.000 --> {end}.000\n{heard.text}\n\n".encode()
        case "verbose_json":
            more: JsonObject = {"task": "transcribe", "language": "english", "duration": float(heard.seconds), "segments": []}
            return msgspec.json.encode({**more, "text": heard.text, "usage": _usage(heard)})
        case _:
            return msgspec.json.encode({"text": heard.text, "usage": _usage(heard)})


def events(heard: Heard) -> Iterator[tuple[bytes, int]]:
    """The same word by word, and what it took."""
    for word in heard.text.split(" "):
        yield _event({"type": "transcript.text.delta", "delta": f"{word} "}), 1
    yield _event({"type": "transcript.text.done", "text": heard.text, "usage": _usage(heard)}), 0


def _usage(heard: Heard) -> JsonObject:
    if heard.by_time:
        return {"type": "duration", "seconds": heard.seconds}
    read, made = heard.input_tokens, heard.output_tokens
    parts = {"text_tokens": 0, "audio_tokens": read}
    return {
        "type": "tokens",
        "input_tokens": read,
        "input_token_details": parts,
        "output_tokens": made,
        "total_tokens": read + made,
    }


def _event(payload: JsonObject) -> bytes:
    return b"data: %b\n\n" % msgspec.json.encode(payload)
