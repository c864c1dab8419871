"""Moderations: `/v1/moderations` untouched to those who speak it, with or without a model's name."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest

from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.body import Whole
from headworks.domain.call import Call, Kind
from headworks.domain.errors import Fault
from headworks.domain.plan import plan_for
from headworks.domain.principal import Principal
from headworks.domain.profile import Profile
from headworks.domain.snapshot import Model, Snapshot
from headworks.domain.target import AskedModel
from headworks.edge.routes import find
from headworks.journey.naming import USUAL, named
from headworks.journey.reservation import PICTURE, reservation
from headworks.providers.price_table import shipped_prices
from headworks.testing.samples import sample_call, sample_snapshot, sample_target
from tests.dialects.openai_wire import Json, compact
from tests.dialects.recordings import Recording, recordings, shared

OPENAI = "openai_chat"
HUB = Hub({OPENAI: OpenAIChat()})


def call_for(snapshot: Snapshot, body: Json, principal: Principal | None = None) -> Call:
    raw = compact(body)
    ask = HUB.read_ask(OPENAI, Kind.MODERATIONS, raw)
    return sample_call(
        snapshot=snapshot, kind=Kind.MODERATIONS, ask=ask, body=Whole(raw), principal=principal or Principal(id="k")
    )


def snapshot_of(**serves: str) -> Snapshot:
    models = {
        AskedModel(name): Model(name=AskedModel(name), targets=(sample_target(),), profile=Profile(serves=(kind,)))
        for name, kind in serves.items()
    }
    return sample_snapshot(models=models)


def asked(snapshot: Snapshot, principal: Principal | None = None) -> str:
    call = call_for(snapshot, {"input": "Hi"}, principal)
    assert call.ask is not None
    return named(call, call.ask).model


@pytest.mark.parametrize("path", [b"/v1/moderations", b"/moderations"])
def test_clients_find_it(path: bytes) -> None:
    found = find(path, method=b"POST")

    assert found is not None
    assert found.route.kind is Kind.MODERATIONS


def test_only_the_model_changes_on_the_way() -> None:
    raw = compact({"model": "alias", "input": ["Hi"], "more": {"x": 1.50}})
    ask = HUB.read_ask(OPENAI, Kind.MODERATIONS, raw)

    sent = HUB.prepare(OPENAI, Kind.MODERATIONS, ask, raw, sample_target("openai/omni-moderation-latest"), None).body

    assert sent == raw.replace(b'"alias"', b'"omni-moderation-latest"')


def test_without_a_model_the_usual_one_is_asked() -> None:
    assert asked(snapshot_of(**{USUAL: "moderations", "other": "moderations"})) == USUAL


def test_without_a_model_the_only_one_that_serves_it_is_asked() -> None:
    assert asked(snapshot_of(judge="moderations", talker="chat")) == "judge"
    assert (
        asked(
            snapshot_of(**{USUAL: "moderations", "judge": "moderations"}),
            Principal(id="k", models=("judge",), allows_all=False),
        )
        == "judge"
    )


@pytest.mark.parametrize("names", [(), ("a", "b")])
def test_without_a_model_nobody_guesses(names: tuple[str, ...]) -> None:
    with pytest.raises(Fault, match="'model' is missing") as caught:
        asked(snapshot_of(talker="chat", **dict.fromkeys(names, "moderations")))

    assert (caught.value.code, caught.value.param) == ("invalid_request", "model")
    assert all(name in caught.value.message for name in names)


def test_something_to_judge_is_needed() -> None:
    with pytest.raises(Fault, match="text to judge"):
        HUB.read_ask(OPENAI, Kind.MODERATIONS, compact({"model": "judge"}))


def test_pictures_are_set_aside_and_named() -> None:
    parts = [{"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {"url": "https://pictures.test/1.png"}}]
    snapshot = sample_snapshot()
    call = call_for(snapshot, {"model": "model", "input": parts})
    assert call.ask is not None

    held = reservation(call, plan_for(snapshot, snapshot.models[AskedModel("model")], Kind.MODERATIONS, OPENAI))

    assert call.ask.features == {"images"}
    assert held.bound > PICTURE
    assert held.output == 0


def test_guards_read_what_is_to_be_judged() -> None:
    ask = HUB.read_ask(OPENAI, Kind.MODERATIONS, compact({"model": "judge", "input": ["One.", "Two."]}))

    assert HUB.prompt_text(OPENAI, Kind.MODERATIONS, ask).split("\n") == ["One.", "Two."]


def test_what_the_provider_takes_nothing_for_is_free() -> None:
    quote = shipped_prices().quote("openai", USUAL, datetime(2026, 11, 1, tzinfo=UTC))

    assert quote is not None
    assert quote.card is not None
    assert msgspec.structs.replace(quote.card, source="") == msgspec.structs.replace(type(quote.card)(), source="")


def recorded() -> list[Recording]:
    """Those of which the request was recorded too."""
    every = recordings("moderations") if shared().exists() else []
    return [each for each in every if isinstance((each.content["request"] or {}).get("body"), dict)]


@pytest.mark.parametrize("recording", recorded(), ids=lambda recording: recording.file)
def test_recorded_ones_travel_untouched(recording: Recording) -> None:
    raw = compact(recording.request)
    ask = HUB.read_ask(OPENAI, Kind.MODERATIONS, raw)
    prepared = HUB.prepare(OPENAI, Kind.MODERATIONS, ask, raw, sample_target(f"openai/{ask.model}"), None)

    assert json.loads(prepared.body) == recording.request
    assert prepared.relay.feed(recording.answer) == recording.answer
    assert prepared.relay.fault is None
    assert prepared.relay.served_model == json.loads(recording.answer)["model"]
