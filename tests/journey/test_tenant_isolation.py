"""What one tenant has made, another can't read, use, list, cancel or delete, at any endpoint: every route is asked, and one that is
added without a line here fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from headworks.domain.foreign import ForeignId
from headworks.domain.foreign_fields import asked_fields
from headworks.domain.kind import Kind
from headworks.domain.principal import Principal
from headworks.edge.routes import ALL_ROUTES, Route

from .plain import IDS
from .tenants import A, B, Json, Said, Tenants

OF_MODELS = frozenset((Kind.MODEL, Kind.CHAT, Kind.COUNT_TOKENS, Kind.EMBEDDINGS))
"""What the path of such a route names is a model, which the key's own list allows or not."""
ABOUT: dict[Kind, str] = {
    Kind.RESPONSE: "read",
    Kind.RESPONSE_ITEMS: "list",
    Kind.CANCEL_RESPONSE: "cancel",
    Kind.DELETE_RESPONSE: "delete",
}
"""What routes do to the thing that their path names."""
NAMING: dict[tuple[str, str], Callable[[str], Json]] = {
    ("openai_chat", "messages"): lambda id_: {"messages": _user({"type": "file", "file": {"file_id": id_}})},
    ("openai_chat", "file_id"): lambda id_: {"messages": _user("?"), "file_id": id_},
    **{
        ("openai_chat", field): lambda id_, field=field: {"messages": _user("?"), field: [{"file_id": id_}]}
        for field in ("image", "images", "mask")
    },
    ("openai_chat", "extra_body"): lambda id_: {"messages": _user("?"), "extra_body": {"google": {"cached_content": id_}}},
    ("openai_responses", "previous_response_id"): lambda id_: {"input": "?", "previous_response_id": id_},
    ("openai_responses", "input"): lambda id_: {"input": _user({"type": "input_file", "file_id": id_})},
    ("openai_responses", "tools"): lambda id_: {"input": "?", "tools": [{"type": "code_interpreter", "container": id_}]},
    ("openai_responses", "prompt"): lambda id_: {
        "input": "?",
        "prompt": {"id": "pmpt_1", "variables": {"x": {"file_id": id_}}},
    },
    ("anthropic", "container"): lambda id_: {"messages": _user("?"), "container": {"id": id_}},
    ("anthropic", "messages"): lambda id_: {"messages": _user({"type": "container_upload", "file_id": id_})},
    ("gemini", "cachedContent"): lambda id_: {"contents": [{"parts": [{"text": "?"}]}], "cachedContent": id_},
    ("gemini", "contents"): lambda id_: {"contents": [_stored(id_)]},
    ("gemini", "systemInstruction"): lambda id_: {"contents": [{"parts": [{"text": "?"}]}], "systemInstruction": _stored(id_)},
    ("gemini", "tools"): lambda id_: {"contents": [], "tools": [{"fileSearch": {"fileSearchStoreNames": [id_]}}]},
    ("gemini", "content"): lambda id_: {"contents": [], "content": _stored(id_)},
    ("gemini", "requests"): lambda id_: {"contents": [], "requests": [{"content": _stored(id_)}]},
    ("gemini", "generateContentRequest"): lambda id_: {"contents": [], "generateContentRequest": {"contents": [_stored(id_)]}},
}
"""Where requests name what was made before, in every language."""
_DOORS = {
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/native:generateContent",
}
_ELSEWHERE = OF_MODELS | {Kind.PASSTHROUGH}
"""What is passed through is asked in `test_passed_isolation.py`, line by line."""
_WITH_ID = [route for route in ALL_ROUTES if route.path.endswith(b"/") and route.kind not in _ELSEWHERE]
_IDS = pytest.mark.parametrize("model", ["native", "chat"])


def _user(part: Any) -> list[Json]:
    return [{"role": "user", "content": part if isinstance(part, str) else [part]}]


def _stored(id_: str) -> Json:
    return {"parts": [{"fileData": {"fileUri": id_}}]}


def run(scenario: Callable[[Tenants], Awaitable[None]]) -> None:
    asyncio.run(_all(scenario))


async def _all(scenario: Callable[[Tenants], Awaitable[None]]) -> None:
    await scenario(Tenants())


async def made(tenants: Tenants, model: str) -> str:
    """An answer of A's."""
    said = await tenants.ask(A, "POST", "/v1/responses", {"model": model, "input": "Hi"})
    return said.json["id"]


def told(said: Said, id_: str) -> tuple[int, Json]:
    """Status and words, without the ids of the thing and of the request."""
    error: Json = msgspec.json.decode(said.body.replace(id_[:80].encode(), b"ID"))["error"]
    return said.status, error | {"request_id": ""}


def path_of(route: Route, id_: str) -> str:
    return f"/v1{route.path.decode()}{id_}{route.action.decode()}"


def test_every_route_that_takes_an_id_has_a_line_here() -> None:
    assert {route.kind for route in _WITH_ID} == set(ABOUT)


def test_every_field_that_takes_an_id_has_a_line_here() -> None:
    assert set(asked_fields()) == set(NAMING)


@_IDS
@pytest.mark.parametrize("route", _WITH_ID, ids=lambda route: ABOUT[route.kind])
def test_another_tenants_answer_is_told_of_like_one_that_is_not_there(route: Route, model: str) -> None:
    async def scenario(tenants: Tenants) -> None:
        id_ = await made(tenants, model)
        asked = len(tenants.provider.asked)
        nobodys = IDS.seal("org_b", ForeignId("resp_gone", "here"))
        stranger = await tenants.ask(B, route.method.decode(), path_of(route, id_))
        nothing = await tenants.ask(B, route.method.decode(), path_of(route, nobodys))

        assert told(stranger, id_) == told(nothing, nobodys)
        assert stranger.status == 404
        assert len(tenants.provider.asked) == asked  # the provider, which would tell, is not asked
        assert (await tenants.ask(A, "GET", f"/v1/responses/{id_}")).json["id"] == id_

    run(scenario)


@_IDS
@pytest.mark.parametrize("route", _WITH_ID, ids=lambda route: ABOUT[route.kind])
def test_ids_in_the_open_and_changed_tokens_lead_nowhere(route: Route, model: str) -> None:
    async def scenario(tenants: Tenants) -> None:
        id_ = await made(tenants, model)
        changed = id_[:-9] + ("A" if id_[-9] != "A" else "B") + id_[-8:]
        for other in (*tenants.provider.answers, changed, id_.upper(), f"{id_}x", "resp_", "%2e%2e", "resp_hw"):
            assert (await tenants.ask(A, route.method.decode(), path_of(route, other))).status == 404

    run(scenario)


@pytest.mark.parametrize(("front", "field"), NAMING, ids=" ".join)
@pytest.mark.parametrize("whose", ["another's", "nobody's", "in the open"])
def test_no_request_uses_what_is_not_its_tenants(front: str, field: str, whose: str) -> None:
    async def scenario(tenants: Tenants) -> None:
        ids = {
            "another's": await made(tenants, "native"),
            "nobody's": IDS.seal("org_b", ForeignId("resp_gone", "gone@1")),
            "in the open": next(iter(tenants.provider.answers)),
        }
        asked = len(tenants.provider.asked)
        body = {"model": "native", "max_tokens": 9, **NAMING[front, field](ids[whose])}
        said = await tenants.ask(B, "POST", _DOORS[front], body)

        assert said.status == 400, said
        assert b"There is nothing here by the id" in said.body
        assert len(tenants.provider.asked) == asked

    run(scenario)


@pytest.mark.parametrize(("front", "field"), NAMING, ids=" ".join)
def test_its_own_tenant_uses_it_by_its_token(front: str, field: str) -> None:
    """And only so does the provider hear its id."""

    async def scenario(tenants: Tenants) -> None:
        await made(tenants, "native")
        known = next(iter(tenants.provider.answers))
        token = IDS.seal("org_a", ForeignId(known, "native@1", "native/m", "native"))
        body = {"model": "native", "max_tokens": 9, **NAMING[front, field](token)}
        await tenants.ask(A, "POST", _DOORS[front], body)

        sent = msgspec.json.encode(tenants.provider.asked[-1][1])
        assert known.encode() in sent
        assert token.encode() not in sent

    run(scenario)


def test_the_same_key_in_another_organisation_is_another_tenant() -> None:
    async def scenario(tenants: Tenants) -> None:
        id_ = await made(tenants, "chat")
        for organisation in ("", "org_b"):
            tenants.house.others[B] = Principal(id="key_a", organisation=organisation, features=("store",))
            assert (await tenants.ask(B, "GET", f"/v1/responses/{id_}")).status == 404
        tenants.house.others[B] = Principal(id="key_b", organisation="org_a")
        assert (await tenants.ask(B, "GET", f"/v1/responses/{id_}")).status == 200

    run(scenario)


def test_an_answer_of_memory_is_its_keys_own() -> None:
    """A repeat by Idempotency-Key tells B nothing of what A has made."""

    async def scenario(tenants: Tenants) -> None:
        body = {"model": "chat", "input": "Hi"}
        headers = {"idempotency-key": "same"}
        first, second = [(await tenants.ask(key, "POST", "/v1/responses", body, **headers)).json["id"] for key in (A, B)]
        assert first != second
        assert (await tenants.ask(A, "GET", f"/v1/responses/{second}")).status == 404
        assert msgspec.json.encode(first) != msgspec.json.encode(second)

    run(scenario)
