"""Recordings made into text with OpenAI's Python SDK, unchanged, against an emulated OpenAI."""

from __future__ import annotations

import hashlib
import io
import struct
from typing import Literal

import openai
import pytest

from headworks.domain.usage import Certainty, Usage
from tests.system.house import RunningHouse

SECOND = 48_000
"""Bytes of raw sound."""


def wave(seconds: int) -> bytes:
    """A WAV file, 24 kHz, 16 bits, one channel."""
    sound = bytes(range(256)) * (seconds * SECOND // 256)
    form = struct.pack("<HHIIHH", 1, 1, SECOND // 2, SECOND, 2, 16)
    head = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(sound))
    return b"RIFF" + struct.pack("<I", len(head) + len(sound)) + head + sound


def test_a_recording_by_the_minute(gpt: openai.OpenAI, house: RunningHouse) -> None:
    """Larger than what is kept in memory, it is put aside, and arrives as it was."""
    sound = wave(90)
    raw = gpt.audio.transcriptions.with_raw_response.create(
        model="scribe", file=("weir.wav", sound, "audio/wav"), language="en"
    )

    digest = hashlib.sha256(sound).hexdigest()[:16]
    assert raw.parse().text == f"I heard {len(sound)} bytes of weir.wav, {digest}."
    record = house.record(raw.headers["x-request-id"])
    assert (record.kind, record.asked, record.certainty) == ("transcriptions", "scribe", Certainty.REPORTED)
    assert record.usage == Usage(audio_seconds=91)
    assert record.price == 91 * 100_000
    assert record.bytes_in > len(sound)


def test_a_recording_by_tokens(gpt: openai.OpenAI, house: RunningHouse) -> None:
    raw = gpt.audio.transcriptions.with_raw_response.create(
        model="listener",
        file=io.BytesIO(wave(2)),
        prompt="Of weirs.",
        temperature=0.2,
        timestamp_granularities=["word", "segment"],
    )

    assert raw.parse().text.endswith("Of weirs.")
    record = house.record(raw.headers["x-request-id"])
    assert (record.usage.input, record.usage.input_audio, record.certainty) == (30, 30, Certainty.REPORTED)
    assert record.price == 30 * 1000 + record.usage.output * 2000


@pytest.mark.parametrize(
    ("form", "begins"), [("text", "I heard 5000 bytes"), ("srt", "1\n00:00:00,000 --> 00:00:02,000"), ("vtt", "WEBVTT\n")]
)
def test_texts_and_subtitles(gpt: openai.OpenAI, house: RunningHouse, form: Literal["text", "srt", "vtt"], begins: str) -> None:
    """They pass as they are, and nobody tells what they took: that is estimated by the file."""
    raw = gpt.audio.transcriptions.with_raw_response.create(
        model="scribe", file=("weir.ogg", bytes(5000)), response_format=form
    )

    assert raw.headers["content-type"].startswith("text/plain")
    assert raw.text.startswith(begins)
    record = house.record(raw.headers["x-request-id"])
    assert (record.usage.audio_seconds, record.certainty, record.price) == (2, Certainty.ESTIMATED, 2 * 100_000)


def test_verbose_json(gpt: openai.OpenAI, house: RunningHouse) -> None:
    raw = gpt.audio.transcriptions.with_raw_response.create(
        model="scribe", file=("weir.wav", wave(3)), response_format="verbose_json"
    )

    assert raw.parse().duration == 3
    assert house.record(raw.headers["x-request-id"]).usage == Usage(audio_seconds=3)


def test_events(gpt: openai.OpenAI, house: RunningHouse) -> None:
    stream = gpt.audio.transcriptions.create(model="listener", file=("weir.ogg", bytes(8000)), stream=True)
    events = list(stream)

    deltas = "".join(event.delta for event in events if event.type == "transcript.text.delta")
    assert events[-1].type == "transcript.text.done"
    assert deltas.strip() == events[-1].text
    record = house.record(stream.response.headers["x-request-id"])
    assert (record.stream, record.usage.input, record.certainty) == (True, 20, Certainty.REPORTED)


def test_a_model_that_streams_nothing_answers_in_one_piece(gpt: openai.OpenAI, house: RunningHouse) -> None:
    """As OpenAI's own does: `stream` means nothing to it."""
    raw = gpt.audio.transcriptions.with_raw_response.create(model="scribe", file=("weir.ogg", bytes(8000)), stream=True)

    assert raw.headers["content-type"] == "application/json"
    assert b"I heard 8000 bytes" in raw.http_response.read()
    assert house.record(raw.headers["x-request-id"]).usage == Usage(audio_seconds=2)


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
def test_translations(gpt: openai.OpenAI, house: RunningHouse) -> None:
    raw = gpt.audio.translations.with_raw_response.create(model="scribe", file=("wehr.ogg", bytes(4000)))

    assert raw.parse().text.startswith("I heard 4000 bytes of wehr.ogg")
    assert house.record(raw.headers["x-request-id"]).kind == "translations"


def test_refusals(gpt: openai.OpenAI) -> None:
    sound = ("weir.ogg", bytes(100))
    with pytest.raises(openai.NotFoundError, match="does not exist here"):
        gpt.audio.transcriptions.create(model="scribbler", file=sound)
    with pytest.raises(openai.BadRequestError, match="has no target that offers 'transcriptions'"):
        gpt.audio.transcriptions.create(model="claude", file=sound)
    with pytest.raises(openai.BadRequestError, match="Supported values are"):
        gpt.audio.transcriptions.create(model="scribe", file=sound, response_format="yaml")  # pyright: ignore[reportCallIssue, reportArgumentType]
    with pytest.raises(openai.PermissionDeniedError, match="no price"):
        gpt.audio.transcriptions.create(model="reader", file=sound)
