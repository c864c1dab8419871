"""Pictures and speech: what is asked of them, set aside for them, and read of their answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.dialects.gemini.usage import read_usage as read_gemini
from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.dialects.openai_chat.images import MARGIN, picture_tokens
from headworks.domain.body import Whole
from headworks.domain.call import Ask, Call, Kind
from headworks.domain.errors import Fault
from headworks.domain.features import refuse_ordinary
from headworks.domain.governed import refuse_governed
from headworks.domain.money import PriceCard, PriceVariant, Rate
from headworks.domain.plan import plan_for
from headworks.domain.principal import Principal
from headworks.domain.sound import seconds_of
from headworks.domain.target import AskedModel
from headworks.domain.usage import Usage
from headworks.domain.where import Form
from headworks.edge.routes import find
from headworks.journey.reservation import reservation
from headworks.ports.interpreter import Relay
from headworks.providers.price_table import shipped_prices
from headworks.testing.samples import sample_call, sample_snapshot, sample_target
from tests.dialects.openai_wire import Json, compact
from tests.dialects.recordings import LeftOut, Recording, recordings, shared

OPENAI = "openai_chat"
HUB = Hub({OPENAI: OpenAIChat()})
PICTURE: Json = {"model": "model", "prompt": "A weir", "size": "1024x1024", "quality": "low"}
SPEECH: Json = {"model": "model", "input": "Hello there", "voice": "alloy"}
BY_TOKEN = PriceCard(input=Rate(5 * 10**9), output=Rate(40 * 10**9))
BY_PICTURE = PriceCard(image=40_000_000)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SAID = {"input_tokens": 14, "input_tokens_details": {"image_tokens": 0, "text_tokens": 14}, "output_tokens": 272}


def read(kind: Kind, body: Json) -> Ask:
    return HUB.read_ask(OPENAI, kind, compact(body))


def relay(kind: Kind, body: Json, price: PriceCard | None = BY_TOKEN) -> Relay:
    raw = compact(body)
    return HUB.prepare(OPENAI, kind, read(kind, body), raw, sample_target(price=price), None).relay


def set_aside(kind: Kind, body: Json, price: PriceCard) -> int:
    snapshot = sample_snapshot(sample_target(price=price))
    plan = plan_for(snapshot, snapshot.models[AskedModel("model")], kind, OPENAI)
    return reservation(call_for(kind, body), plan).nanos(plan)


def call_for(kind: Kind, body: Json) -> Call:
    return sample_call(kind=kind, ask=read(kind, body), body=Whole(compact(body)))


def event(kind: str, **more: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), compact({"type": kind, **more}))


@pytest.mark.parametrize(
    ("path", "kind"),
    [(b"/v1/images/generations", Kind.IMAGES), (b"/images/generations", Kind.IMAGES), (b"/v1/audio/speech", Kind.SPEECH)],
)
def test_clients_find_them(path: bytes, kind: Kind) -> None:
    found = find(path, method=b"POST")

    assert found is not None
    assert found.route.kind is kind


@pytest.mark.parametrize(("kind", "body"), [(Kind.IMAGES, PICTURE), (Kind.SPEECH, SPEECH)])
def test_only_the_model_changes_on_the_way(kind: Kind, body: Json) -> None:
    raw = compact({**body, "more": {"x": 1.50}})
    sent = HUB.prepare(OPENAI, kind, HUB.read_ask(OPENAI, kind, raw), raw, sample_target("openai/maker"), None).body

    assert sent == raw.replace(b'"model":"model"', b'"model":"maker"')


@pytest.mark.parametrize(
    ("kind", "body", "param"),
    [
        (Kind.IMAGES, {"model": "m"}, "prompt"),
        (Kind.IMAGES, {**PICTURE, "n": 0}, "n"),
        (Kind.IMAGES, {**PICTURE, "n": "3"}, "n"),
        (Kind.IMAGES, {**PICTURE, "size": 1024}, "size"),
        (Kind.SPEECH, {"model": "m"}, "input"),
        (Kind.SPEECH, {**SPEECH, "input": ["a"]}, "input"),
        (Kind.SPEECH, {**SPEECH, "speed": "fast"}, "speed"),
        (Kind.SPEECH, {"input": "Hi"}, "model"),
    ],
)
def test_what_cannot_be_counted_is_refused(kind: Kind, body: Json, param: str) -> None:
    with pytest.raises(Fault) as caught:
        read(kind, body)

    assert (caught.value.code, caught.value.param) == ("invalid_request", param)


@pytest.mark.parametrize("name", ["n", "size", "quality", "moderation", "partial_images"])
def test_nothing_that_chooses_a_price_comes_twice(name: str) -> None:
    with pytest.raises(Fault) as caught:
        HUB.read_ask(OPENAI, Kind.IMAGES, b'{"model":"m","prompt":"p","%b":null,"%b":1}' % (name.encode(), name.encode()))

    assert caught.value.code == "duplicate_field"


def test_less_moderation_and_voices_of_the_account_are_governed() -> None:
    plain = Principal(id="k")
    for body in ({**SPEECH, "voice": {"id": "voice_1"}}, {**SPEECH, "voice": "voice_1"}):
        with pytest.raises(Fault, match="'voices'"):
            refuse_governed(OPENAI, read(Kind.SPEECH, body), plain)
        refuse_governed(OPENAI, read(Kind.SPEECH, body), Principal(id="k", features=("voices",)))
    with pytest.raises(Fault, match="'moderation'"):
        refuse_governed(OPENAI, read(Kind.IMAGES, {**PICTURE, "moderation": "low"}), plain)
    refuse_governed(OPENAI, read(Kind.IMAGES, {**PICTURE, "moderation": "auto"}), plain)
    refuse_governed(OPENAI, read(Kind.SPEECH, SPEECH), plain)


def test_who_may_have_no_sound_may_have_no_speech() -> None:
    for body in (SPEECH, {"model": "m", "input": "Hi"}):
        with pytest.raises(Fault, match="audio_out"):
            refuse_ordinary(read(Kind.SPEECH, body), Principal(id="k", ordinary=("tools",)))


def test_guards_read_what_is_pictured_and_spoken() -> None:
    spoken = read(Kind.SPEECH, {**SPEECH, "instructions": "Whisper."})

    assert HUB.prompt_text(OPENAI, Kind.IMAGES, read(Kind.IMAGES, PICTURE)) == "A weir"
    assert HUB.prompt_text(OPENAI, Kind.SPEECH, spoken).split("\n") == ["Hello there", "Whisper."]


@pytest.mark.parametrize(
    ("size", "quality", "tokens"),
    [
        ("1024x1024", "low", 272),
        ("1024x1536", "low", 408),
        ("1536x1024", "low", 400),
        ("1024x1024", "medium", 1056),
        ("1536x1024", "medium", 1568),
        ("1024x1024", "high", 4160),
        ("1024x1536", "high", 6240),
        ("auto", "auto", 6240),
        ("", "", 6240),
    ],
)
def test_pictures_take_the_published_tokens(size: str, quality: str, tokens: int) -> None:
    assert picture_tokens(size, quality) == tokens


def test_pictures_are_set_aside_by_their_tokens() -> None:
    one, four = (set_aside(Kind.IMAGES, {**PICTURE, "n": n}, BY_TOKEN) for n in (1, 4))

    assert one >= MARGIN * 272 * 40_000
    assert four - one == pytest.approx(3 * MARGIN * 272 * 40_000, abs=10**6)
    assert set_aside(Kind.IMAGES, {**PICTURE, "size": "auto"}, BY_TOKEN) > one


def test_pictures_are_set_aside_at_the_dearest_that_was_asked() -> None:
    card = PriceCard(
        image=40_000_000,
        variants=(
            PriceVariant({"quality": "hd", "size": "1024x1792"}, {"image": 120_000_000}),
            PriceVariant({"quality": "hd"}, {"image": 80_000_000}),
        ),
    )

    def held(**more: Any) -> int:
        return set_aside(Kind.IMAGES, {"model": "model", "prompt": "p", "n": 2, **more}, card)

    assert held(quality="standard", size="1024x1024") == 80_000_000
    assert held(quality="hd", size="1024x1024") == 160_000_000
    assert held(quality="hd", size="1024x1792") == 240_000_000
    assert held() == held(quality="auto") == 240_000_000


@given(text=st.text(min_size=1, max_size=200), price=st.integers(1, 10**11))
def test_speech_is_set_aside_at_what_its_characters_cost(text: str, price: int) -> None:
    card = PriceCard(characters=Rate(price))
    held = set_aside(Kind.SPEECH, {**SPEECH, "input": text}, card)
    spent = card.exact(Usage(input=7, characters=len(text)))

    assert 0 <= held * 10**6 - spent < 10**6


def test_speech_by_tokens_is_set_aside_by_its_length() -> None:
    short, long = (set_aside(Kind.SPEECH, {**SPEECH, "input": "a" * size}, BY_TOKEN) for size in (10, 1000))
    slow = set_aside(Kind.SPEECH, {**SPEECH, "input": "a" * 1000, "speed": 0.25}, BY_TOKEN)

    assert short < long < slow


@pytest.mark.parametrize(
    ("kind", "price"),
    [
        (Kind.IMAGES, None),
        (Kind.IMAGES, PriceCard(input=Rate(1))),
        (Kind.IMAGES, PriceCard(characters=Rate(1))),
        (Kind.SPEECH, PriceCard(input=Rate(1))),
        (Kind.SPEECH, BY_PICTURE),
        (Kind.CHAT, BY_PICTURE),
        (Kind.CHAT, PriceCard(characters=Rate(1))),
    ],
)
def test_what_has_no_price_for_what_it_uses_is_refused(kind: Kind, price: PriceCard | None) -> None:
    snapshot = sample_snapshot(sample_target(price=price))
    with pytest.raises(Fault) as caught:
        plan_for(snapshot, snapshot.models[AskedModel("model")], kind, OPENAI)

    assert caught.value.code == "model_unpriced"


def test_published_prices_count_pictures_and_characters() -> None:
    spoken, drawn = (shipped_prices().quote("openai", name, NOON) for name in ("tts-1", "gpt-image-1.5"))
    assert spoken is not None
    assert drawn is not None
    assert spoken.card is not None
    assert drawn.card is not None

    assert spoken.card.exact(Usage(input=250, characters=1_000_000)) == 15 * 10**15
    assert drawn.card.exact(Usage(input=1_000_000, output=2_000_000, output_image=1_000_000)) == (5 + 10 + 32) * 10**15


def test_pictures_in_a_chat_of_geminis_cost_what_pictures_cost() -> None:
    quote = shipped_prices().quote("google", "gemini-2.5-flash-image", NOON)
    details = [{"modality": "IMAGE", "tokenCount": 1290}]
    used = read_gemini({"promptTokenCount": 10, "candidatesTokenCount": 1300, "candidatesTokensDetails": details})
    assert quote is not None
    assert quote.card is not None

    assert used == Usage(input=10, output=1300, output_image=1290)
    assert quote.card.exact(used) == (10 * 300 + 10 * 2500 + 1290 * 30_000) * 10**6


def test_a_whole_answer_passes_untouched_and_tells_its_counts() -> None:
    body = compact({"created": 1, "data": [{"b64_json": "aGVsbG8="}], "usage": SAID})
    seen = relay(Kind.IMAGES, PICTURE)

    assert seen.feed(body) + seen.close() == body
    assert seen.usage == Usage(input=14, output=272, output_image=272, images=1)
    assert seen.usage_final


def test_pictures_without_counts_are_counted_themselves() -> None:
    body = compact({"created": 1, "data": [{"url": "https://a.test/1"}, {"url": "https://a.test/2"}]})
    by_picture, by_token = (relay(Kind.IMAGES, {**PICTURE, "n": 2}, price) for price in (BY_PICTURE, BY_TOKEN))
    for seen in (by_picture, by_token):
        assert seen.feed(body) == body

    assert by_picture.usage == Usage(images=2)
    assert (by_token.usage, by_token.estimated_output()) == (None, 2 * 272)


@pytest.mark.parametrize("body", [b"", b"nonsense", b'{"created":1}', b'{"error":{"message":"no","type":"server_error"}}'])
def test_an_answer_without_pictures_is_a_fault(body: bytes) -> None:
    seen = relay(Kind.IMAGES, PICTURE)

    assert (seen.feed(body) if body else b"") + seen.close() == b""
    assert seen.fault is not None


def pictures() -> bytes:
    shown = event("image_generation.partial_image", b64_json="QUJD", partial_image_index=0)
    return shown + event("image_generation.completed", b64_json="QUJDRA==", usage=SAID)


def cut(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = [0, *sorted(place % len(data) for place in cuts), len(data)]
    return (data[start:end] for start, end in pairwise(places) if start < end)


@given(cuts=st.lists(st.integers(0, 10_000), max_size=6))
def test_streamed_pictures_pass_untouched_in_any_cuts(cuts: list[int]) -> None:
    seen = relay(Kind.IMAGES, {**PICTURE, "stream": True})
    data = pictures()

    assert b"".join(map(seen.feed, cut(data, cuts))) + seen.close() == data
    assert seen.fault is None
    assert seen.usage == Usage(input=14, output=272, output_image=272, images=1)


def test_streamed_pictures_add_up() -> None:
    seen = relay(Kind.IMAGES, {**PICTURE, "stream": True, "n": 2})
    done = event("image_generation.completed", b64_json="QQ==", usage=SAID)
    seen.feed(done + done)

    assert seen.usage == Usage(input=28, output=544, output_image=544, images=2)


def test_a_cut_stream_of_pictures_is_severed_and_paid_for() -> None:
    seen = relay(Kind.IMAGES, {**PICTURE, "stream": True})
    seen.feed(event("image_generation.partial_image", b64_json="QUJD"))
    seen.close()

    assert seen.fault is not None
    assert seen.fault.code == "severed"
    assert (seen.usage, seen.usage_final, seen.estimated_output()) == (Usage(images=1), False, 272)


def test_an_error_within_a_stream_is_withheld() -> None:
    seen = relay(Kind.IMAGES, {**PICTURE, "stream": True})
    shown = event("image_generation.partial_image", b64_json="QUJD")

    assert seen.feed(shown + event("error", error={"message": "boom", "type": "server_error"})) == shown
    assert seen.fault is not None
    assert b"error" in seen.fail(seen.fault, "id")


def test_speech_in_events_tells_its_counts() -> None:
    seen = relay(Kind.SPEECH, {**SPEECH, "stream_format": "sse"})
    data = event("speech.audio.delta", audio=base64.b64encode(bytes(300)).decode())
    data += event("speech.audio.done", usage={"input_tokens": 5, "output_tokens": 40, "total_tokens": 45})

    assert seen.feed(data) + seen.close() == data
    assert seen.usage == Usage(input=5, output=40, output_audio=40, characters=11)
    assert read(Kind.SPEECH, {**SPEECH, "stream_format": "sse"}).form is Form.EVENTS


@given(data=st.binary(min_size=1, max_size=300), cuts=st.lists(st.integers(0, 300), max_size=4))
def test_sound_passes_untouched_in_any_cuts(data: bytes, cuts: list[int]) -> None:
    seen = relay(Kind.SPEECH, SPEECH)

    assert b"".join(map(seen.feed, cut(data, cuts))) + seen.close() == data
    assert (seen.fault, seen.ended, seen.began) == (None, True, True)


def test_a_failure_in_place_of_sound_is_a_fault() -> None:
    seen = relay(Kind.SPEECH, SPEECH)

    assert seen.feed(b'{"error":{"message":"no ') + seen.feed(b'voice","type":"server_error"}}') + seen.close() == b""
    assert seen.fault is not None
    assert seen.fault.code == "upstream_error"


def test_no_sound_at_all_is_a_fault() -> None:
    seen = relay(Kind.SPEECH, SPEECH)

    assert seen.close() == b""
    assert seen.fault is not None


def test_sound_without_bound_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headworks.dialects.openai_chat.speech.LARGEST_SOUND", 100)
    seen = relay(Kind.SPEECH, SPEECH)

    assert seen.feed(bytes(90)) == bytes(90)
    assert seen.feed(bytes(11)) == b""
    assert seen.fault is not None
    assert seen.fault.code == "upstream_too_large"


def test_sound_is_estimated_by_its_length_or_else_by_the_text() -> None:
    second = relay(Kind.SPEECH, {**SPEECH, "input": "a" * 100, "response_format": "pcm"})
    second.feed(bytes(48_000))
    opus = relay(Kind.SPEECH, {**SPEECH, "input": "a" * 100, "response_format": "opus"})
    opus.feed(bytes(1000))

    assert second.estimated_output() == 22
    assert opus.estimated_output() == 200


def test_length_of_sound() -> None:
    tag = b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10)
    frame = b"\xff\xf3\xc4\xc4" + bytes(380)
    wave = b"RIFF" + bytes(24) + (48_000).to_bytes(4, "little") + bytes(2)

    assert seconds_of("mp3", frame, 16_000) == seconds_of("mp3", tag + frame, 16_000) == 1.0
    assert seconds_of("wav", wave, 96_000) == 2.0
    assert seconds_of("pcm", b"", 24_000) == 0.5
    assert seconds_of("opus", b"OggS", 1000) is None


@given(head=st.binary(max_size=64), size=st.integers(0, 10**9))
def test_no_bytes_break_the_length(head: bytes, size: int) -> None:
    for form in ("mp3", "wav", "opus"):
        assert (seconds_of(form, head, size) or 0) >= 0


def recorded() -> list[Recording]:
    if not shared().exists():
        return []
    return [
        one for one in recordings("images", "audio") if one.content["request"]["path"].endswith(("/generations", "/speech"))
    ]


@pytest.mark.parametrize("recording", recorded(), ids=lambda recording: recording.file)
def test_recorded_ones_travel_untouched(recording: Recording) -> None:
    try:
        body = recording.request
    except LeftOut as why:
        pytest.skip(str(why))
    kind = Kind.IMAGES if recording.op == "images" else Kind.SPEECH
    raw = compact(body)
    prepared = HUB.prepare(OPENAI, kind, HUB.read_ask(OPENAI, kind, raw), raw, sample_target(f"openai/{body['model']}"), None)
    assert json.loads(prepared.body) == body
    if recording.status != 200:
        assert HUB.read_fault(OPENAI, recording.status, recording.headers, recording.body).code == "upstream_rejected"
        return
    answer = recording.content["response"]
    data = base64.b64decode(answer["body_base64"]) if "body_base64" in answer else recording.body

    assert prepared.relay.feed(data) + prepared.relay.close() == data
    assert prepared.relay.fault is None
    said = msgspec.json.decode(data).get("usage", {}) if kind is Kind.IMAGES else {}
    if "output_tokens" in said:
        assert prepared.relay.usage == Usage(
            input=said["input_tokens"], output=said["output_tokens"], output_image=said["output_tokens"], images=1
        )
