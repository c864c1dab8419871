"""Vertex AI through the whole gateway: Gemini and Claude by the tokens of a service account, which are renewed beside the requests."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types

from headworks.domain.usage import Certainty
from tests.clouds.google import CITY, COUNTED, HASTY, LASTING, LOCATION, PROJECT, ROOT, TEXT, USED, SmallVertex
from tests.providers.token_server import TokenServer
from tests.system.house import KEY, RunningHouse

Json = dict[str, Any]

MODELS = {
    "gemini": "vertex/gemini-2.5-flash",
    "claude": "vertex-claude/claude-sonnet-4-5@20250929",
    "busy": "vertex/gemini-busy",
    "busy-claude": "vertex-claude/claude-busy@20250929",
    "older": "vertex/text-embedding-005",
    "newer": "vertex/gemini-embedding-2",
    "renewed": "hasty/gemini-2.5-flash",
}
CHATS = ("gemini", "claude")
TOOLS: list[Any] = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}]


@pytest.fixture(scope="module")
def cloud() -> Iterator[tuple[SmallVertex, str]]:
    small = SmallVertex()
    with TokenServer(small).running() as server:
        yield small, server.url


@pytest.fixture(scope="module")
def house(cloud: tuple[SmallVertex, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    """In an environment that names the file of a service account, and project and location."""
    directory = tmp_path_factory.mktemp("vertex")
    lasting, hasty = (cloud[0].write_account(directory / f"{email}.json", email, cloud[1]) for email in (LASTING, HASTY))
    environment = {
        "GOOGLE_APPLICATION_CREDENTIALS": str(lasting),
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "GOOGLE_CLOUD_LOCATION": LOCATION,
    }
    config: Json = {
        "providers": {
            "vertex": {"type": "google-vertex", "base_url": cloud[1]},
            "vertex-claude": {
                "type": "vertex-anthropic",
                "base_url": cloud[1],
                "auth": {"type": "google", "file": str(lasting)},
            },
            "hasty": {"type": "google-vertex", "base_url": cloud[1], "auth": {"type": "google", "file": str(hasty)}},
        },
        "models": MODELS,
        "prices": {f"{name}/*": {"input": 1, "output": 2} for name in ("vertex", "vertex-claude", "hasty")},
        "retries": {"attempts": 2, "base": 0.01},
        "breaker": {"failures": 10_000, "cooldown": 0, "cooldown_cap": 0},
    }
    with RunningHouse(directory, config, environment) as running:
        yield running


@pytest.fixture
def gpt(house: RunningHouse) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{house.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture
def claude(house: RunningHouse) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=house.url, api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture
def gemini(house: RunningHouse) -> genai.Client:
    return genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=house.url))


def asked(model: str) -> Json:
    return {"model": model, "messages": [{"role": "user", "content": "What is the capital of Norway?"}], "max_tokens": 50}


def metered(house: RunningHouse, request_id: str | None) -> tuple[int, int]:
    record = house.record(str(request_id))
    assert record.certainty is Certainty.REPORTED
    return record.usage.input, record.usage.output


@pytest.mark.parametrize("model", CHATS)
def test_openais_sdk_chats(house: RunningHouse, gpt: openai.OpenAI, model: str) -> None:
    whole = gpt.chat.completions.create(**asked(model))
    assert whole.choices[0].message.content == TEXT

    with gpt.chat.completions.create(**asked(model), stream=True) as stream:
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == TEXT
    for request_id in (whole._request_id, stream.response.headers["x-request-id"]):
        assert metered(house, request_id) == (USED.input, USED.output)


@pytest.mark.parametrize("model", CHATS)
def test_anthropics_sdk_gets_messages(house: RunningHouse, claude: anthropic.Anthropic, model: str) -> None:
    whole = claude.messages.create(**asked(model))
    assert [block.text for block in whole.content if block.type == "text"] == [TEXT]

    with claude.messages.stream(**asked(model)) as stream:
        final = stream.get_final_message()
    assert [block.text for block in final.content if block.type == "text"] == [TEXT]
    for request_id in (whole._request_id, stream.request_id):
        assert metered(house, request_id) == (USED.input, USED.output)


@pytest.mark.parametrize("model", CHATS)
def test_googles_sdk_generates_content(gemini: genai.Client, model: str) -> None:
    assert gemini.models.generate_content(model=model, contents="What is the capital of Norway?").text == TEXT
    pieces = gemini.models.generate_content_stream(model=model, contents="What is the capital of Norway?")
    assert "".join(piece.text or "" for piece in pieces) == TEXT


@pytest.mark.parametrize("model", CHATS)
def test_openais_sdk_calls_tools(gpt: openai.OpenAI, model: str) -> None:
    first = gpt.chat.completions.create(**asked(model), tools=TOOLS).choices[0].message
    (call,) = first.tool_calls or [None]
    assert call is not None
    assert call.type == "function"
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", CITY)

    question = asked(model)
    question["messages"] += [first.model_dump(exclude_none=True), {"role": "tool", "tool_call_id": call.id, "content": "snow"}]
    assert gpt.chat.completions.create(**question, tools=TOOLS).choices[0].message.content == TEXT


@pytest.mark.parametrize("model", ["busy", "busy-claude"])
def test_exhausted_quotas_are_tried_again(
    cloud: tuple[SmallVertex, str], house: RunningHouse, gpt: openai.OpenAI, model: str
) -> None:
    cloud[0].asked.clear()
    answer = gpt.chat.completions.with_raw_response.create(**asked(model))

    assert answer.parse().choices[0].message.content == TEXT
    tried = house.record(answer.headers["x-request-id"]).tried
    assert [(each.status, each.fault) for each in tried] == [(429, "upstream_throttled"), (200, "")]


def test_tokens_are_counted(gemini: genai.Client, claude: anthropic.Anthropic) -> None:
    assert gemini.models.count_tokens(model="gemini", contents="Hello").total_tokens == COUNTED
    assert claude.messages.count_tokens(model="claude", messages=asked("claude")["messages"]).input_tokens == COUNTED
    assert gemini.models.count_tokens(model="claude", contents="Hello").total_tokens == COUNTED


def test_vectors_by_predict_and_by_content(
    cloud: tuple[SmallVertex, str], house: RunningHouse, gpt: openai.OpenAI, gemini: genai.Client
) -> None:
    answer = gpt.embeddings.with_raw_response.create(model="older", input=["Oslo", "Rome"])
    assert [each.embedding for each in answer.parse().data] == [[0.5, 0.0], [0.5, 1.0]]
    assert metered(house, answer.headers["x-request-id"]) == (4, 0)

    assert gpt.embeddings.create(model="newer", input="Oslo").data[0].embedding == [0.5]
    (vector,) = gemini.models.embed_content(model="older", contents="Oslo").embeddings or [None]
    assert vector is not None
    assert vector.values == [0.5, 0.0]
    assert cloud[0].asked[f"{ROOT}/google/models/gemini-embedding-2:embedContent"] == 1


def test_tokens_are_renewed_beside_the_requests(
    cloud: tuple[SmallVertex, str], house: RunningHouse, gpt: openai.OpenAI
) -> None:
    small = cloud[0]
    house.wait_for(lambda: len(small.given[HASTY]) >= 2, "the token to be renewed")

    def is_served_by_another_token() -> bool:
        with contextlib.suppress(openai.APIStatusError):  # between the end of a token and the next, on a slow machine
            gpt.chat.completions.create(**asked("renewed"))
            return small.shown in small.given[HASTY][1:]
        return False

    house.wait_for(is_served_by_another_token, "an answer by another token")
    assert len(small.given[LASTING]) == 2, "one by the environment, and one by the file that is written"
    assert "ya29." not in house.output.read_text()
