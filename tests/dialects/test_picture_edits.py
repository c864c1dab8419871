"""Pictures made of others: what is asked of them, set aside for them, and what may stand in their forms."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.body import Replay
from headworks.domain.call import Call, Kind
from headworks.domain.errors import Fault
from headworks.domain.form import MOST_FILES
from headworks.domain.governed import refuse_governed
from headworks.domain.money import PriceCard, Rate
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.plan import plan_for
from headworks.domain.principal import Principal
from headworks.domain.target import AskedModel
from headworks.domain.usage import Usage
from headworks.edge.forms.body import FormBody
from headworks.edge.forms.spool import Room
from headworks.journey.reservation import EDITED_PICTURE, reservation
from headworks.journey.uploads import measured
from headworks.testing.samples import sample_call, sample_snapshot, sample_target
from tests.dialects.openai_wire import compact
from tests.dialects.recordings import Recording, recordings, shared

OPENAI = "openai_chat"
HUB = Hub({OPENAI: OpenAIChat()})
BY_TOKEN = PriceCard(input=Rate(5 * 10**9), output=Rate(40 * 10**9))
FILE = b'; filename="a.png"\r\nContent-Type: image/png'


def form(*parts: tuple[str, bytes], files: tuple[str, ...] = ("image",), ahead: int = 1 << 20) -> FormBody:
    """Fields, then files of a hundred bytes."""
    body = FormBody(b"multipart/form-data; boundary=b", ahead, 1 << 30, Room(1 << 30))
    for name, value in parts:
        body.add(b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), value))
    for name in files:
        body.add(b'--b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n' % (name.encode(), FILE, bytes(100)))
    body.add(b"--b--\r\n")
    body.finish()
    return body


OVER = Outcome(Ending.FINISHED, 200)
ASKED = (("model", b"model"), ("prompt", b"A weir"), ("size", b"1024x1024"), ("quality", b"low"))


def call_of(body: FormBody, kind: Kind = Kind.IMAGE_EDITS) -> Call:
    call = sample_call(kind=kind, ask=HUB.read_ask(OPENAI, kind, body.data), body=body)
    assert call.ask is not None
    call = sample_call(kind=kind, ask=measured(call, call.ask), body=body)
    body.let_go(OVER)
    return call


def bound(call: Call) -> int:
    snapshot = sample_snapshot(sample_target(price=BY_TOKEN))
    return reservation(call, plan_for(snapshot, snapshot.models[AskedModel("model")], call.kind, OPENAI)).bound


def test_numbers_and_flags_of_forms_are_text() -> None:
    ask = call_of(form(*ASKED, ("n", b"3"), ("stream", b"true"), ("partial_images", b"2"))).ask

    assert ask is not None
    assert (ask.choices, ask.stream, ask.features) == (3, True, frozenset(("images",)))


@pytest.mark.parametrize(("name", "value"), [("n", b"0"), ("n", b"many"), ("stream", b"perhaps"), ("partial_images", b"1.5")])
def test_what_cannot_be_read_is_refused(name: str, value: bytes) -> None:
    with pytest.raises(Fault) as caught:
        call_of(form(*ASKED, (name, value)))

    assert (caught.value.code, caught.value.param) == ("invalid_request", name)


def test_every_picture_is_set_aside() -> None:
    one, four = (bound(call_of(form(*ASKED, files=files))) for files in (("image",), ("image[]",) * 3 + ("mask",)))

    assert four - one == 3 * EDITED_PICTURE


def test_a_form_that_is_still_coming_may_hold_as_many_as_any() -> None:
    body = form(*ASKED, files=("image[]", "image[]"), ahead=50)
    call = call_of(body)

    assert body.replay is Replay.LIVE
    assert bound(call) > MOST_FILES * EDITED_PICTURE


@pytest.mark.parametrize("name", ["image", "image[]", "image[0]", "images", "mask"])
def test_pictures_are_files(name: str) -> None:
    """Text in their place may be the name of something that the provider keeps."""
    files = ("image[1]",)
    with pytest.raises(Fault, match="must be a file"):
        call_of(form(*ASKED, (name, b'{"file_id": "file-1"}'), files=files))


@pytest.mark.parametrize("name", ["model", "prompt", "images", "image[a]", "file"])
def test_nothing_else_is_a_file(name: str) -> None:
    with pytest.raises(Fault) as caught:
        call_of(form(*[each for each in ASKED if each[0] != name], ("user", b"u"), files=("image", name)))

    assert caught.value.code == "invalid_request"


def test_more_files_than_any_api_takes_are_refused() -> None:
    form(*ASKED, files=("image[]",) * MOST_FILES).let_go(OVER)
    with pytest.raises(Fault, match=f"more than {MOST_FILES} files"):
        form(*ASKED, files=("image[]",) * (MOST_FILES + 1))


def test_variations_have_no_json() -> None:
    ask = HUB.read_ask(OPENAI, Kind.IMAGE_VARIATIONS, b'{"model":"m"}')
    with pytest.raises(Fault) as caught:
        measured(sample_call(kind=Kind.IMAGE_VARIATIONS, ask=ask), ask)

    assert (caught.value.code, caught.value.param) == ("unsupported_media_type", "image")


@pytest.mark.parametrize("field", ["image", "images", "mask"])
def test_kept_pictures_are_governed(field: str) -> None:
    ask = HUB.read_ask(OPENAI, Kind.IMAGE_EDITS, compact({"model": "m", "prompt": "p", field: [{"file_id": "file-1"}]}))
    with pytest.raises(Fault, match="'files'"):
        refuse_governed(OPENAI, ask, Principal(id="k"))
    refuse_governed(OPENAI, ask, Principal(id="k", features=("files",)))


def recorded() -> list[Recording]:
    if not shared().exists():
        return []
    return [one for one in recordings("images") if one.content["request"]["path"].endswith("/edits")]


@pytest.mark.skipif(not shared().exists(), reason="the recordings are not here")
def test_there_are_some() -> None:
    assert len(recorded()) >= 3


@pytest.mark.parametrize("recording", recorded(), ids=lambda recording: recording.file)
def test_recorded_ones_travel_untouched(recording: Recording) -> None:
    """Of recorded forms, whose files were written as text, the answers alone."""
    sent: dict[str, Any] | str = recording.content["request"]["body"]
    body = sent if isinstance(sent, dict) else {"model": "gpt-image-1", "prompt": "p"}
    raw = compact(body)
    ask = HUB.read_ask(OPENAI, Kind.IMAGE_EDITS, raw)
    price = BY_TOKEN if b'"output_tokens"' in recording.body else PriceCard(image=1)
    prepared = HUB.prepare(OPENAI, Kind.IMAGE_EDITS, ask, raw, sample_target(f"openai/{body['model']}", price=price), None)

    assert json.loads(prepared.body) == body
    if recording.status != 200:
        fault = HUB.read_fault(OPENAI, recording.status, recording.headers, recording.body)
        assert fault.code == "upstream_rejected"
        return
    assert prepared.relay.feed(recording.body) + prepared.relay.close() == recording.body
    assert prepared.relay.fault is None
    used, said = prepared.relay.usage or Usage(), json.loads(recording.body).get("usage", {})
    assert used.images == 1
    assert (used.input, used.output) == (said.get("input_tokens", 0), said.get("output_tokens", 0))
