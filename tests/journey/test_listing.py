"""The list of models, and one of them."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from headworks.domain.call import Call, Kind
from headworks.domain.errors import Fault
from headworks.domain.principal import Principal
from headworks.domain.snapshot import Listed, Model, Snapshot
from headworks.domain.target import AskedModel
from headworks.domain.where import Where
from headworks.testing import CollectingSink, ScriptedUpstream, sample_call, sample_target

from .plain import KEY, House


def any_model(name: str) -> Model:
    return Model(name=AskedModel(name), targets=(sample_target(),))


SHOP = Snapshot(
    revision="r",
    models={"fast": any_model("fast")},
    patterns=("acme/*",),
    known=(Listed(name=AskedModel("acme/m1")), Listed(name=AskedModel("acme/m2"))),
    resolve=lambda name: any_model(name) if name.startswith("acme/") else None,
)


def look_up(subject: str = "", models: tuple[str, ...] = ()) -> object:
    """What the endpoint answers to a key with these models."""

    async def scenario() -> object:
        principal = Principal(id="p", allows_all=not models, models=models)
        house = House(SHOP, ScriptedUpstream([]), principal=principal)
        sink = CollectingSink()
        (await house.serve(call_for(subject))).start(sink)
        return msgspec.json.decode(sink.body)

    return asyncio.run(scenario())


def call_for(subject: str) -> Call:
    kind = Kind.MODEL if subject else Kind.MODELS
    headers = {b"authorization": b"Bearer " + KEY}
    return sample_call(snapshot=SHOP, kind=kind, where=Where(subject), headers=headers, principal=None, ask=None)


def test_a_list_has_the_known_models_of_a_pattern_and_not_the_pattern() -> None:
    assert look_up() == ["acme/m1", "acme/m2", "fast"]
    assert look_up(models=("acme/m2",)) == ["acme/m2"]


def test_a_name_that_is_not_listed_may_still_be_there() -> None:
    assert look_up("acme/of-tomorrow") == "acme/of-tomorrow"


@pytest.mark.parametrize("subject", ["acme/*", "fats", "*"])
def test_what_is_no_model_is_not_found_and_told_where_to_look(subject: str) -> None:
    with pytest.raises(Fault) as raised:
        look_up(subject)

    assert raised.value.code == "model_not_found"
    assert "GET /v1/models" in raised.value.message


@pytest.mark.parametrize("length", [257, 30_000])
def test_an_endless_name_is_not_repeated(length: int) -> None:
    with pytest.raises(Fault) as raised:
        look_up("acme/" + "x" * (length - 5))

    assert raised.value.status == 404
    assert str(length) in raised.value.message
    assert len(raised.value.message) < 300
