"""Pictures made of others with OpenAI's Python SDK, unchanged, against an emulated OpenAI."""

from __future__ import annotations

import base64

import httpx2
import openai
import pytest

from headworks.domain.usage import Certainty, Usage
from tests.system.house import RunningHouse

PNG = b"\x89PNG"


def picture(name: str, size: int = 1000) -> tuple[str, bytes, str]:
    return f"{name}.png", PNG + bytes(size), "image/png"


def test_several_pictures_and_a_mask(gpt: openai.OpenAI, house: RunningHouse) -> None:
    raw = gpt.images.with_raw_response.edit(
        model="painter",
        image=[picture("one"), picture("two", 2_000_000)],
        mask=picture("mask"),
        prompt="A weir at dawn",
        size="1024x1024",
        quality="low",
        n=2,
    )
    answer = raw.parse()

    assert answer.data is not None
    assert [base64.b64decode(each.b64_json or "")[:4] for each in answer.data] == [PNG, PNG]
    assert answer.usage is not None
    assert answer.usage.input_tokens_details.image_tokens == 600
    record = house.record(raw.headers["x-request-id"])
    assert (record.kind, record.asked, record.certainty) == ("image_edits", "painter", Certainty.REPORTED)
    read = answer.usage.input_tokens
    assert record.usage == Usage(input=read, input_image=600, output=544, output_image=544, images=2)
    assert record.price == read * 1000 + 544 * 2000


def test_streamed(gpt: openai.OpenAI, house: RunningHouse) -> None:
    stream = gpt.images.edit(
        model="painter", image=picture("one"), prompt="A weir", size="1024x1024", quality="low", stream=True, partial_images=2
    )
    events = list(stream)

    assert [event.type for event in events] == ["image_edit.partial_image"] * 2 + ["image_edit.completed"]
    record = house.record(stream.response.headers["x-request-id"])
    assert (record.kind, record.stream, record.usage.output, record.usage.images) == ("image_edits", True, 272, 1)


def test_variations_at_a_price_each(gpt: openai.OpenAI, house: RunningHouse) -> None:
    with pytest.deprecated_call():
        raw = gpt.images.with_raw_response.create_variation(model="dalle", image=picture("one"), n=3)  # pyright: ignore[reportDeprecated] - with the last model that does it

    assert len(raw.parse().data or ()) == 3
    record = house.record(raw.headers["x-request-id"])
    assert (record.kind, record.usage, record.price) == ("image_variations", Usage(images=3), 120_000_000)


def test_pictures_as_json(gpt: openai.OpenAI, house: RunningHouse) -> None:
    """As xAI has them sent, and OpenAI takes them."""
    images = [{"type": "image_url", "url": "data:image/png;base64,AAAA"}] * 2
    body = {"model": "painter", "prompt": "A", "images": images}
    answer = gpt.post("/images/edits", cast_to=httpx2.Response, body=body)

    assert house.record(answer.headers["x-request-id"]).usage.input_image == 400


def test_what_is_refused(gpt: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="3by3"):
        gpt.images.edit(model="painter", image=picture("one"), prompt="A weir", size="3by3")  # pyright: ignore[reportArgumentType, reportCallIssue] - what the provider refuses
    with pytest.raises(openai.BadRequestError, match="more than 20 files"):
        gpt.images.edit(model="painter", image=[picture("one")] * 21, prompt="A weir")
    kept = {"model": "painter", "prompt": "A", "images": [{"file_id": "file-1"}]}
    with pytest.raises(openai.PermissionDeniedError, match="'files'"):
        gpt.post("/images/edits", cast_to=object, body=kept)
