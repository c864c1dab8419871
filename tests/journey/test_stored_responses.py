"""Answers that can be had again: kept by the provider under its own ids, which nobody sees, or by the gateway where the provider keeps none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from headworks.domain.kind import Kind
from headworks.domain.snapshot import CacheSettings

from .plain import limited
from .tenants import A, B, Json, Said, Tenants

BOTH = pytest.mark.parametrize("model", ["native", "chat"])
STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def run(scenario: Callable[[Tenants], Awaitable[None]], **changes: Any) -> None:
    async def job() -> None:
        tenants = Tenants(**changes)
        await scenario(tenants)
        assert tenants.house.account() == (0, 0, 0)

    asyncio.run(job())


async def make(tenants: Tenants, model: str, key: bytes = A, **body: Any) -> Json:
    """One answer, whole or as its stream's last event tells it."""
    said = await tenants.ask(key, "POST", "/v1/responses", {"model": model, "input": "Hi", **body})
    assert said.status == 200, said
    return said.events[-1]["response"] if body.get("stream") else said.json


def refused(said: Said, status: int, code: str) -> str:
    assert (said.status, said.json["error"]["code"]) == (status, code), said
    return said.json["error"]["message"]


@BOTH
@STREAMED
def test_an_answer_is_had_again_by_its_id_until_it_is_deleted(model: str, stream: bool) -> None:  # noqa: FBT001 - a parameter of the test
    async def scenario(tenants: Tenants) -> None:
        made = await make(tenants, model, stream=stream)
        path = f"/v1/responses/{made['id']}"

        assert made["id"].startswith("resp_hw")
        assert made["store"] is True
        assert (await tenants.ask(A, "GET", path)).json == made
        items = (await tenants.ask(A, "GET", f"{path}/input_items?order=asc&limit=1")).json
        assert items["data"][0]["role"] == "user"
        assert (await tenants.ask(A, "DELETE", path)).json == {"id": made["id"], "object": "response", "deleted": True}
        gone = await tenants.ask(A, "GET", path)
        assert gone.status == 404
        assert made["id"][:60] in gone.body.decode()

    run(scenario)


@BOTH
@STREAMED
def test_an_answer_is_gone_on_from(model: str, stream: bool) -> None:  # noqa: FBT001 - as above
    async def scenario(tenants: Tenants) -> None:
        first = await make(tenants, model, stream=stream)
        second = await make(tenants, model, input="And then?", previous_response_id=first["id"], stream=stream)
        third = await make(tenants, model, input=[{"role": "user", "content": "So?"}], previous_response_id=second["id"])

        assert [second["previous_response_id"], third["previous_response_id"]] == [first["id"], second["id"]]
        assert third["id"] not in {first["id"], second["id"]}

    run(scenario)


def test_what_the_provider_does_not_keep_is_sent_again_in_full() -> None:
    async def scenario(tenants: Tenants) -> None:
        first = await make(tenants, "chat")
        second = await make(tenants, "chat", input="And then?", previous_response_id=first["id"])
        await make(tenants, "chat", input="So?", previous_response_id=second["id"], store=False)

        roles = [[(turn["role"], turn["content"]) for turn in body["messages"]] for _, body in tenants.provider.asked]
        assert roles[-1] == [
            ("user", "Hi"),
            ("assistant", "Yes."),
            ("user", "And then?"),
            ("assistant", "Yes."),
            ("user", "So?"),
        ]
        assert "previous_response_id" not in tenants.provider.asked[-1][1]

    run(scenario)


def test_the_provider_is_told_its_own_id_and_nobody_else_is() -> None:
    async def scenario(tenants: Tenants) -> None:
        first = await make(tenants, "native")
        said = await tenants.ask(
            A, "POST", "/v1/responses", {"model": "native", "input": "?", "previous_response_id": first["id"], "stream": True}
        )
        path, body = tenants.provider.asked[-1]

        assert (path, body["previous_response_id"], body["store"]) == ("POST /v1/responses", "resp_0000abcdef", True)
        assert b"resp_0000abcdef" not in said.body
        assert b"resp_0001abcdef" not in said.body
        assert b"file-0abcdef" not in said.body

    run(scenario)


@pytest.mark.parametrize("cut", [1, 2, 7, 50, 333, 5_000])
def test_however_a_stream_is_cut_nobody_sees_the_providers_ids(cut: int) -> None:
    async def scenario(tenants: Tenants) -> None:
        body = {"model": "native", "input": "Hi", "stream": True}
        whole = await tenants.ask(A, "POST", "/v1/responses", body)
        tenants.provider.answers.clear()
        tenants.provider.cut = cut
        cut_up = await tenants.ask(A, "POST", "/v1/responses", body)

        assert cut_up.body == whole.body
        assert b"resp_0000abcdef" not in whole.body
        assert b'"msg_1"' not in whole.body
        assert b"file-0abcdef" not in whole.body

    run(scenario)


def test_a_conversation_may_go_on_with_another_model_where_the_gateway_keeps_it() -> None:
    async def scenario(tenants: Tenants) -> None:
        first = await make(tenants, "chat")
        second = await make(tenants, "native", input="And then?", previous_response_id=first["id"])

        assert second["previous_response_id"] == first["id"]
        assert [item["role"] for item in tenants.provider.asked[-1][1]["input"]] == ["user", "assistant", "user"]
        assert tenants.provider.asked[-1][1]["store"] is False
        assert (await tenants.ask(A, "GET", f"/v1/responses/{second['id']}")).json == second

    run(scenario)


def test_what_another_account_keeps_is_not_gone_on_from() -> None:
    async def scenario(tenants: Tenants) -> None:
        first = await make(tenants, "native")
        body = {"model": "chat", "input": "And then?", "previous_response_id": first["id"]}

        message = refused(await tenants.ask(A, "POST", "/v1/responses", body), 400, "unknown_id")
        assert "that this model could read" in message

    run(scenario)


def test_unless_it_is_stored_an_answer_is_nowhere() -> None:
    async def scenario(tenants: Tenants) -> None:
        for model in ("native", "chat"):
            made = await make(tenants, model, store=False)
            refused(await tenants.ask(A, "GET", f"/v1/responses/{made['id']}"), 404, "unknown_id")
            body = {"model": model, "input": "?", "previous_response_id": made["id"]}
            refused(await tenants.ask(A, "POST", "/v1/responses", body), 400, "unknown_id")
        assert tenants.provider.answers == {}

    run(scenario)


def test_with_zero_retention_nothing_is_kept_anywhere() -> None:
    async def scenario(tenants: Tenants) -> None:
        for model in ("native", "chat"):
            made = await make(tenants, model)
            refused(await tenants.ask(A, "GET", f"/v1/responses/{made['id']}"), 404, "unknown_id")
            said = await tenants.ask(A, "POST", "/v1/responses", {"model": model, "input": "Hi", "store": True})
            refused(said, 403, "feature_not_allowed")
        assert tenants.provider.answers == {}

    run(scenario, cache=CacheSettings(zero_retention=True))


@BOTH
def test_requests_about_answers_cost_nothing_and_are_on_record(model: str) -> None:
    async def scenario(tenants: Tenants) -> None:
        made = await make(tenants, model)
        await tenants.ask(A, "GET", f"/v1/responses/{made['id']}")
        record = tenants.house.journal.ended[-1]

        assert (record.kind, record.asked, record.price, record.usage.input) == ("response", model, 0, 0)

    run(scenario)


@BOTH
def test_requests_about_answers_count_as_requests(model: str) -> None:
    async def scenario(tenants: Tenants) -> None:
        tenants.house.others[A] = msgspec.structs.replace(tenants.principals[A], limits=limited(requests_per_minute=3))
        path = f"/v1/responses/{(await make(tenants, model))['id']}"

        assert [(await tenants.ask(A, "GET", path)).status for _ in range(3)] == [200, 200, 429]

    run(scenario)


def test_what_the_keeper_does_not_offer_is_refused_though_another_target_does() -> None:
    async def scenario(tenants: Tenants) -> None:
        made = await make(tenants, "native")
        model = tenants.snapshot.models["native"]
        poor = msgspec.structs.replace(model.targets[0], heads={**model.targets[0].heads})
        del poor.heads[Kind.RESPONSE_ITEMS]
        rich = msgspec.structs.replace(model.targets[0], name="other/m", credential="other@1")
        models = {"native": msgspec.structs.replace(model, targets=(poor, rich))}
        tenants.snapshot = msgspec.structs.replace(tenants.snapshot, models=models)

        said = await tenants.ask(A, "GET", f"/v1/responses/{made['id']}/input_items")
        assert "offers no 'response_items'" in refused(said, 400, "invalid_request")

    run(scenario)


def test_what_is_kept_here_outlives_its_model() -> None:
    async def scenario(tenants: Tenants) -> None:
        made = await make(tenants, "chat")
        tenants.snapshot = msgspec.structs.replace(tenants.snapshot, models={})

        assert (await tenants.ask(A, "GET", f"/v1/responses/{made['id']}")).json == made

    run(scenario)


def test_a_stream_is_asked_for_again_where_the_provider_keeps_it() -> None:
    async def scenario(tenants: Tenants) -> None:
        native, chat = await make(tenants, "native"), await make(tenants, "chat")
        await tenants.ask(A, "GET", f"/v1/responses/{native['id']}?stream=true&starting_after=4&secret=1")

        assert tenants.provider.asked[-1][0] == "GET /v1/responses/resp_0000abcdef?stream=true&starting_after=4"
        refused(await tenants.ask(A, "GET", f"/v1/responses/{chat['id']}?stream=true"), 400, "invalid_request")
        refused(await tenants.ask(A, "POST", f"/v1/responses/{chat['id']}/cancel"), 400, "invalid_request")

    run(scenario)


@pytest.mark.parametrize(
    ("query", "roles", "more"),
    [
        ("", ["user", "assistant", "user"], False),
        ("?order=asc&limit=2", ["user", "assistant"], True),
        ("?order=asc&after=item_0", ["assistant", "user"], False),
        ("?order=asc&before=item_2", ["user", "assistant"], False),
        ("?limit=1", ["user"], True),
    ],
)
def test_the_items_of_a_question_are_listed_in_pages(query: str, roles: list[str], more: bool) -> None:  # noqa: FBT001 - as above
    async def scenario(tenants: Tenants) -> None:
        first = await make(tenants, "chat")
        second = await make(tenants, "chat", input="And then?", previous_response_id=first["id"])
        listed = (await tenants.ask(A, "GET", f"/v1/responses/{second['id']}/input_items{query}")).json

        assert [item["role"] for item in listed["data"]] == roles
        assert listed["has_more"] is more
        assert (listed["first_id"], listed["last_id"]) == (listed["data"][0]["id"], listed["data"][-1]["id"])

    run(scenario)


@pytest.mark.parametrize("query", ["?limit=0", "?limit=x", "?limit=101", "?after=item_9"])
def test_a_page_that_cannot_be_is_refused(query: str) -> None:
    async def scenario(tenants: Tenants) -> None:
        made = await make(tenants, "chat")
        refused(await tenants.ask(A, "GET", f"/v1/responses/{made['id']}/input_items{query}"), 400, "invalid_request")

    run(scenario)


def test_files_of_a_shared_account_are_named_by_tokens_alone() -> None:
    """As they stand in answers: an id in the open is anybody's, and is refused unless the account is this tenant's."""

    async def scenario(tenants: Tenants) -> None:
        made = await make(tenants, "native")
        token = made["output"][0]["content"][0]["annotations"][0]["file_id"]
        assert token.startswith("file-hw")

        def asked(model: str, file: str) -> Json:
            return {"model": model, "input": [{"role": "user", "content": [{"type": "input_file", "file_id": file}]}]}

        assert (await tenants.ask(A, "POST", "/v1/responses", asked("native", token))).status == 200
        assert tenants.provider.asked[-1][1]["input"][0]["content"][0]["file_id"] == "file-0abcdef"
        for key, model, file in ((A, "native", "file-0abcdef"), (B, "native", token), (B, "owned", "file-0abcdef")):
            refused(await tenants.ask(key, "POST", "/v1/responses", asked(model, file)), 400, "unknown_id")
        assert (await tenants.ask(A, "POST", "/v1/responses", asked("owned", "file-0abcdef"))).status == 200

    run(scenario)


def test_items_are_kept_as_their_tenant_sent_them() -> None:
    """A token that was opened for the provider is a token again when the turns are listed or sent again."""

    async def scenario(tenants: Tenants) -> None:
        made = await make(tenants, "native")
        token = made["output"][0]["content"][0]["annotations"][0]["file_id"]
        kept = await make(tenants, "chat")
        parts = [{"type": "input_file", "file_id": token}]
        second = await make(tenants, "native", input=[{"role": "user", "content": parts}], previous_response_id=kept["id"])
        listed = await tenants.ask(A, "GET", f"/v1/responses/{second['id']}/input_items")

        assert token in listed.body.decode()
        assert "file-0abcdef" not in listed.body.decode()
        assert (await make(tenants, "native", input="?", previous_response_id=second["id"]))["status"] == "completed"

    run(scenario)


def test_a_target_that_is_gone_or_moved_leaves_nothing_behind() -> None:
    async def scenario(tenants: Tenants) -> None:
        made = await make(tenants, "native")
        model = tenants.snapshot.models["native"]
        moved = msgspec.structs.replace(model.targets[0], credential="native@2")
        for models in ({}, {"native": msgspec.structs.replace(model, targets=(moved,))}):
            tenants.snapshot = msgspec.structs.replace(tenants.snapshot, models=models)
            refused(await tenants.ask(A, "GET", f"/v1/responses/{made['id']}"), 404, "unknown_id")

    run(scenario)
