"""Pictures and speech with OpenAI's Python SDK, unchanged, against an emulated OpenAI."""

from __future__ import annotations

import base64
from typing import Literal

import httpx2
import openai
import pytest

from headworks.domain.usage import Certainty, Usage
from tests.system.house import RunningHouse

PNG = b"\x89PNG"


def test_pictures(gpt: openai.OpenAI, house: RunningHouse) -> None:
    raw = gpt.images.with_raw_response.generate(model="painter", prompt="A weir at dawn", size="1024x1024", quality="low", n=2)
    answer = raw.parse()

    assert answer.data is not None
    assert [base64.b64decode(each.b64_json or "")[:4] for each in answer.data] == [PNG, PNG]
    assert answer.usage is not None
    record = house.record(raw.headers["x-request-id"])
    assert (record.kind, record.asked, record.certainty) == ("images", "painter", Certainty.REPORTED)
    assert record.usage == Usage(input=answer.usage.input_tokens, output=544, output_image=544, images=2)
    assert record.price == answer.usage.input_tokens * 1000 + 544 * 2000


def test_pictures_at_a_price_each(gpt: openai.OpenAI, house: RunningHouse) -> None:
    raw = gpt.images.with_raw_response.generate(model="dalle", prompt="A weir at dawn", response_format="url")
    answer = raw.parse()

    assert answer.data is not None
    assert (answer.data[0].url or "").startswith("https://pictures.test/")
    record = house.record(raw.headers["x-request-id"])
    assert (record.usage, record.price) == (Usage(images=1), 40_000_000)


def test_streamed_pictures(gpt: openai.OpenAI, house: RunningHouse) -> None:
    stream = gpt.images.generate(
        model="painter", prompt="A weir", size="1024x1024", quality="low", stream=True, partial_images=2
    )
    events = list(stream)

    assert [event.type for event in events] == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert all(base64.b64decode(event.b64_json)[:4] == PNG for event in events)
    record = house.record(stream.response.headers["x-request-id"])
    assert (record.stream, record.usage.output, record.usage.images) == (True, 272, 1)


@pytest.mark.parametrize(
    ("form", "content_type", "size"),
    [("mp3", "audio/mpeg", 2 * 21 * 384), ("wav", "audio/wav", 44 + 48_000), ("pcm", "audio/pcm", 48_000)],
)
def test_speech_comes_as_bytes(
    gpt: openai.OpenAI, house: RunningHouse, form: Literal["mp3", "wav", "pcm"], content_type: str, size: int
) -> None:
    with gpt.audio.speech.with_streaming_response.create(
        model="speaker", input="Hello there", voice="alloy", response_format=form, instructions="Whisper."
    ) as answer:
        assert answer.headers["content-type"] == content_type
        sound = b"".join(answer.iter_bytes(1024))
        call = answer.headers["x-request-id"]

    assert len(sound) == size
    record = house.record(call)
    assert (record.kind, record.certainty, record.usage.characters) == ("speech", Certainty.ESTIMATED, 11)
    assert record.usage.output == pytest.approx(21, abs=2)
    assert record.price > 0


def test_speech_at_a_price_a_character(gpt: openai.OpenAI, house: RunningHouse) -> None:
    raw = gpt.audio.speech.with_raw_response.create(model="reader", input="ä" * 1000, voice="alloy")

    assert raw.content
    assert house.record(raw.headers["x-request-id"]).price == 15_000_000


def test_speech_in_events(gpt: openai.OpenAI, house: RunningHouse) -> None:
    with gpt.audio.speech.with_streaming_response.create(
        model="speaker", input="Hello there", voice="alloy", stream_format="sse"
    ) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in answer.iter_lines() if line]
        call = answer.headers["x-request-id"]

    assert '"speech.audio.done"' in lines[-1]
    record = house.record(call)
    assert (record.certainty, record.usage.output, record.usage.characters) == (Certainty.REPORTED, 20, 11)


def test_errors(gpt: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="3by3"):
        gpt.images.generate(model="painter", prompt="A weir", size="3by3")  # pyright: ignore[reportArgumentType, reportCallIssue] - what the provider refuses
    with pytest.raises(openai.BadRequestError, match="Supported"):
        gpt.audio.speech.create(model="speaker", input="Hi", voice="alloy", response_format="mp4")  # pyright: ignore[reportArgumentType] - likewise
    with pytest.raises(openai.PermissionDeniedError, match="moderation"):
        gpt.images.generate(model="painter", prompt="A weir", moderation="low")
    with pytest.raises(openai.RateLimitError):
        gpt.audio.speech.create(model="speaker", input="[emulate: error status=429]", voice="alloy")


@pytest.mark.parametrize("trouble", ["cut after=1", "reset after=1"])
def test_sound_that_is_cut_off_never_looks_complete(gpt: openai.OpenAI, house: RunningHouse, trouble: str) -> None:
    with gpt.audio.speech.with_streaming_response.create(
        model="speaker", input=f"{'Hello there. ' * 40}[emulate: {trouble}]", voice="alloy", response_format="pcm"
    ) as answer:
        call = answer.headers["x-request-id"]
        with pytest.raises(httpx2.RemoteProtocolError, match="without sending complete"):
            b"".join(answer.iter_bytes())

    record = house.record(call)
    assert (record.ending, record.certainty) == ("severed", Certainty.ESTIMATED)
    assert record.usage.characters > 0
