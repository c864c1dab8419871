"""Items that a request only refers to, as Vercel's AI SDK does unless it is told not to store: kept by the gateway, or by a provider."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from headworks.domain.snapshot import CacheSettings

from .tenants import A, B, Json, Said, Tenants

STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
HI: Json = {"role": "user", "content": "Hi"}
THEN: Json = {"role": "user", "content": "And then?"}


def run(scenario: Callable[[Tenants], Awaitable[None]], **changes: Any) -> None:
    async def job() -> None:
        tenants = Tenants(**changes)
        await scenario(tenants)
        assert tenants.house.account() == (0, 0, 0)

    asyncio.run(job())


async def asked(tenants: Tenants, model: str, *items: Json, key: bytes = A, **body: Any) -> Said:
    return await tenants.ask(key, "POST", "/v1/responses", {"model": model, "input": list(items), **body})


async def told(tenants: Tenants, model: str, **body: Any) -> Json:
    """The message of a first answer."""
    said = await asked(tenants, model, HI, **body)
    response = said.events[-1]["response"] if body.get("stream") else said.json
    return response["output"][0]


def reference(item: Mapping[str, Any]) -> Json:
    return {"type": "item_reference", "id": item["id"]}


def unknown(said: Said) -> str:
    assert (said.status, said.json["error"]["code"], said.json["error"]["param"]) == (400, "unknown_id", "input"), said
    return said.json["error"]["message"]


@STREAMED
@pytest.mark.parametrize(
    ("first", "then"), [("chat", "chat"), ("chat", "forgetful"), ("chat", "native"), ("forgetful", "forgetful")]
)
def test_what_the_gateway_keeps_is_sent_in_the_place_of_a_reference(first: str, then: str, stream: bool) -> None:  # noqa: FBT001 - a parameter of the test
    async def scenario(tenants: Tenants) -> None:
        message = await told(tenants, first, stream=stream)

        answer = await asked(tenants, then, HI, reference(message), THEN)

        assert answer.status == 200, answer
        sent = tenants.provider.asked[-1][1]
        turns = sent["messages"] if "messages" in sent else sent["input"]
        assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
        assert "Yes." in str(turns[1])
        assert "_hw" not in str(turns)

    run(scenario)


@STREAMED
def test_a_provider_that_keeps_an_item_is_told_its_own_id(stream: bool) -> None:  # noqa: FBT001 - as above
    async def scenario(tenants: Tenants) -> None:
        message = await told(tenants, "native", stream=stream)
        assert message["id"].startswith("msg_hw")

        answer = await asked(tenants, "native", HI, reference(message), THEN)

        assert answer.status == 200, answer
        assert tenants.provider.asked[-1][1]["input"] == [HI, {"type": "item_reference", "id": "msg_1"}, THEN]

    run(scenario)


def test_every_event_of_a_stream_names_an_item_as_the_answer_does() -> None:
    async def scenario(tenants: Tenants) -> None:
        for model in ("native", "chat", "forgetful"):
            said = await asked(tenants, model, HI, stream=True)
            ids = {event["item_id"] for event in said.events if "item_id" in event}
            assert ids == {said.events[-1]["response"]["output"][0]["id"]}

    run(scenario)


@pytest.mark.parametrize("model", ["native", "chat", "forgetful"])
def test_an_answer_that_is_had_again_names_its_items_alike(model: str) -> None:
    async def scenario(tenants: Tenants) -> None:
        made = (await asked(tenants, model, HI)).json
        again = await tenants.ask(A, "GET", f"/v1/responses/{made['id']}")

        assert again.json["output"] == made["output"]

    run(scenario)


@pytest.mark.parametrize("model", ["native", "chat", "forgetful"])
def test_an_item_that_is_given_back_whole_goes_to_any_model_under_its_own_id(model: str) -> None:
    """Providers refuse ids that they did not make, or that are longer than theirs."""

    async def scenario(tenants: Tenants) -> None:
        message = await told(tenants, model)
        message["content"][0]["annotations"].clear()  # a file is still its provider's alone
        bare = await told(tenants, model, store=False)

        for then in ("native", "forgetful", "chat"):
            assert (await asked(tenants, then, HI, message, THEN)).status == 200
            assert "_hw" not in str(tenants.provider.asked[-1][1])
        await asked(tenants, "native", HI, message, THEN)
        assert tenants.provider.asked[-1][1]["input"][1]["id"] == bare["id"]

    run(scenario)


def test_what_is_not_there_is_unknown_and_the_way_out_is_told() -> None:
    """Of another tenant, in the open, changed, unstored, deleted, or kept by a provider that is not asked."""

    async def scenario(tenants: Tenants) -> None:
        kept, native = await told(tenants, "chat"), await told(tenants, "native")
        unkept = await told(tenants, "chat", store=False)
        lost = (await asked(tenants, "chat", HI)).json
        await tenants.ask(A, "DELETE", f"/v1/responses/{lost['id']}")
        asking = len(tenants.provider.asked)

        changed = {"id": kept["id"][:-1] + ("A" if kept["id"][-1] != "A" else "B")}
        for item in ({"id": "msg_1"}, {"id": ""}, changed, unkept, lost["output"][0]):
            assert "store: false" in unknown(await asked(tenants, "native", HI, reference(item)))
        unknown(await asked(tenants, "native", HI, {"id": "msg_1"}))
        unknown(await asked(tenants, "chat", HI, reference(native)))
        for item in (kept, native):
            unknown(await asked(tenants, "native", HI, reference(item), key=B))
        assert len(tenants.provider.asked) == asking

    run(scenario)


def test_a_reference_is_kept_as_what_it_refers_to() -> None:
    async def scenario(tenants: Tenants) -> None:
        message = await told(tenants, "chat")
        second = (await asked(tenants, "chat", HI, reference(message), THEN)).json
        listed = await tenants.ask(A, "GET", f"/v1/responses/{second['id']}/input_items?order=asc")
        third = await asked(tenants, "chat", THEN, previous_response_id=second["id"])

        assert [item["role"] for item in listed.json["data"]] == ["user", "assistant", "user"]
        assert listed.json["data"][1]["id"] == message["id"]
        assert third.status == 200
        assert len(tenants.provider.asked[-1][1]["messages"]) == 5

    run(scenario)


def test_with_zero_retention_there_is_nothing_to_refer_to() -> None:
    async def scenario(tenants: Tenants) -> None:
        unknown(await asked(tenants, "chat", HI, reference(await told(tenants, "chat"))))

    run(scenario, cache=CacheSettings(zero_retention=True))
