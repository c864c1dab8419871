"""A mock of many providers that nobody here wrote, behind the gateway: every language it speaks, whole and streamed, and its chaos."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest
from google import genai
from google.genai import types
from openai.types.chat import ChatCompletionMessageFunctionToolCall

from headworks.domain.usage import Certainty
from tests.sdk.conftest import SCRIPTS
from tests.system.house import KEY, RunningHouse, free_port

Json = dict[str, Any]

UPSTREAMS: dict[str, tuple[Json, str]] = {
    "openai": ({"type": "openai", "base_url": "/v1"}, "gpt-4o"),
    "anthropic": ({"type": "anthropic", "base_url": ""}, "claude-sonnet-4-5"),
    "gemini": ({"type": "google", "base_url": "/v1beta"}, "gemini-2.5-flash"),
    "vertex": ({"type": "google-vertex", "base_url": "", "project": "p", "location": "us-central1"}, "gemini-2.5-flash"),
    "bedrock": ({"type": "bedrock", "base_url": "", "location": "us-east-1"}, "anthropic.claude-sonnet-4-5-20250929-v1:0"),
    "bedrock-anthropic": (
        {"type": "bedrock-anthropic", "base_url": "", "location": "us-east-1"},
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    ),
    "azure": ({"type": "azure-classic", "base_url": "/openai/deployments"}, "gpt-4o"),
    "ollama": ({"type": "ollama", "base_url": "/v1"}, "llama3.2"),
    "cohere": ({"type": "cohere", "base_url": "/v2"}, "command-r-plus"),
}
"""Provider, and what it is asked for."""
OLLAMAS_OWN: tuple[Json, str] = ({"type": "ollama", "base_url": "/v1", "dialects": ["ollama"]}, "llama3.2")
"""Ollama in its own language, in which the mock counts nothing."""
ALL = {**UPSTREAMS, "ollamas-own": OLLAMAS_OWN}
HELLO = "Hello from the other side of the wire, and well met."
USED = (11, 7)
CITY = {"city": "Bern"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
Asked = tuple[str, str]
"""The text of an answer, and the request's id."""


@pytest.fixture(scope="module")
def mock(node: Path) -> Iterator[str]:
    """Its address."""
    port = free_port()
    command = [
        "node",
        "node_modules/@copilotkit/aimock/dist/cli.js",
        "-p",
        str(port),
        "-f",
        str(SCRIPTS / "aimock.json"),
        "--strict",
    ]
    with (node / "aimock.log").open("wb") as log, subprocess.Popen(command, cwd=node, stdout=log, stderr=log) as server:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def mocked(mock: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    config: Json = {
        "providers": {name: {**rule, "base_url": mock + rule["base_url"], "api_key": "any"} for name, (rule, _) in ALL.items()},
        "models": {name: f"{name}/{model}" for name, (_, model) in ALL.items()},
        "prices": {f"{name}/*": {"input": 1, "output": 2} for name in ALL},
        "keys": {"tester": {"key": "${SYSTEM_TEST_KEY}"}},
        "retries": {"attempts": 1},
        "timeouts": {"first_byte": 10, "idle": 10},
        "breaker": {"failures": 10_000, "cooldown": 0, "cooldown_cap": 0},
    }
    with RunningHouse(tmp_path_factory.mktemp("mocked"), config) as house:
        house.wait_for(lambda: _answers(mock), "aimock")
        yield house


def _answers(url: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"{url}/health", timeout=5).is_success
    return False


@pytest.fixture(scope="module")
def gpt(mocked: RunningHouse) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{mocked.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def claude(mocked: RunningHouse) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=mocked.url, api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def gemini(mocked: RunningHouse) -> genai.Client:
    return genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=mocked.url))


def _metered(house: RunningHouse, request_id: str) -> tuple[int, int]:
    usage = house.record(request_id).usage
    return usage.input, usage.output


# ── Chat ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("model", UPSTREAMS)
def test_openais_sdk_chats(mocked: RunningHouse, gpt: openai.OpenAI, model: str) -> None:
    asked: Json = {"model": model, "messages": [{"role": "user", "content": "greet me"}], "max_tokens": 50}
    whole = gpt.chat.completions.create(**asked)
    assert whole.choices[0].message.content == HELLO
    assert _metered(mocked, str(whole._request_id)) == USED

    with gpt.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}) as stream:
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == HELLO
    counted = chunks[-1].usage
    assert counted is not None
    assert (counted.prompt_tokens, counted.completion_tokens) == USED
    assert _metered(mocked, stream.response.headers["x-request-id"]) == USED


@pytest.mark.parametrize("model", UPSTREAMS)
def test_openais_sdk_gets_responses(mocked: RunningHouse, gpt: openai.OpenAI, model: str) -> None:
    asked: Json = {"model": model, "input": "greet me", "max_output_tokens": 50, "store": False}
    whole = gpt.responses.create(**asked)
    assert whole.output_text == HELLO
    assert _metered(mocked, str(whole._request_id)) == USED

    with gpt.responses.create(**asked, stream=True) as stream:
        events = list(stream)
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == HELLO
    assert events[-1].type == "response.completed"
    assert _metered(mocked, stream.response.headers["x-request-id"]) == USED


@pytest.mark.parametrize("model", UPSTREAMS)
def test_anthropics_sdk_gets_messages(mocked: RunningHouse, claude: anthropic.Anthropic, model: str) -> None:
    asked: Json = {"model": model, "messages": [{"role": "user", "content": "greet me"}], "max_tokens": 50}
    whole = claude.messages.create(**asked)
    assert [block.text for block in whole.content if block.type == "text"] == [HELLO]
    assert _metered(mocked, str(whole._request_id)) == USED

    with claude.messages.stream(**asked) as stream:
        final = stream.get_final_message()
    assert [block.text for block in final.content if block.type == "text"] == [HELLO]
    assert final.stop_reason == "end_turn"
    assert final.usage.output_tokens == (0 if model == "bedrock-anthropic" else USED[1]), (
        "the mock ends that stream with a count of 0"
    )
    assert _metered(mocked, str(stream.request_id)) == USED


@pytest.mark.parametrize("model", UPSTREAMS)
def test_googles_sdk_generates_content(gemini: genai.Client, model: str) -> None:
    assert gemini.models.generate_content(model=model, contents="greet me").text == HELLO
    pieces = list(gemini.models.generate_content_stream(model=model, contents="greet me"))
    assert "".join(piece.text or "" for piece in pieces) == HELLO
    counted = pieces[-1].usage_metadata
    assert counted is not None
    assert (counted.prompt_token_count, counted.candidates_token_count) == USED


def test_ollamas_own_language_is_counted_by_estimate(mocked: RunningHouse, gpt: openai.OpenAI) -> None:
    asked: Json = {"model": "ollamas-own", "messages": [{"role": "user", "content": "greet me"}], "max_tokens": 50}
    whole = gpt.chat.completions.create(**asked)
    assert whole.choices[0].message.content == HELLO
    with gpt.chat.completions.create(**asked, stream=True) as stream:
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == HELLO
    for request_id in (str(whole._request_id), stream.response.headers["x-request-id"]):
        record = mocked.record(request_id)
        assert (record.usage.output > 0, record.certainty) == (True, Certainty.ESTIMATED)


# ── Tools ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("model", ALL)
def test_openais_sdk_calls_tools(gpt: openai.OpenAI, model: str) -> None:
    messages: list[Any] = [{"role": "user", "content": "weather?"}]
    tools: list[Any] = [{"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}]
    first = gpt.chat.completions.create(model=model, messages=messages, tools=tools, max_tokens=50).choices[0]
    (call,) = first.message.tool_calls or [None]
    assert isinstance(call, ChatCompletionMessageFunctionToolCall)
    assert (call.function.name, json.loads(call.function.arguments), first.finish_reason) == ("get_weather", CITY, "tool_calls")
    messages += [first.message.model_dump(exclude_none=True), {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    second = gpt.chat.completions.create(model=model, messages=messages, tools=tools, max_tokens=50)
    assert second.choices[0].message.content == "It is sunny in Bern."

    chunks = list(gpt.chat.completions.create(model=model, messages=messages[:1], tools=tools, max_tokens=50, stream=True))
    calls = [call for chunk in chunks if chunk.choices for call in chunk.choices[0].delta.tool_calls or ()]
    assert json.loads("".join(call.function.arguments or "" for call in calls if call.function)) == CITY


@pytest.mark.parametrize("model", ALL)
def test_anthropics_sdk_calls_tools(claude: anthropic.Anthropic, model: str) -> None:
    messages: list[Any] = [{"role": "user", "content": "weather?"}]
    tools: list[Any] = [{"name": "get_weather", "input_schema": SCHEMA}]
    with claude.messages.stream(model=model, messages=messages, tools=tools, max_tokens=50) as stream:
        first = stream.get_final_message()
    (call,) = [block for block in first.content if block.type == "tool_use"]
    assert (call.name, call.input, first.stop_reason) == ("get_weather", CITY, "tool_use")
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
    messages += [{"role": "assistant", "content": first.to_dict()["content"]}, {"role": "user", "content": [result]}]
    second = claude.messages.create(model=model, messages=messages, tools=tools, max_tokens=50)
    assert [block.text for block in second.content if block.type == "text"] == ["It is sunny in Bern."]


# ── Chaos ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _chaos(mock: str, **rates: float) -> Generator[None]:
    def control(method: str, body: Json | None = None) -> None:
        httpx.request(method, f"{mock}/__aimock/chaos", json=body, timeout=5).raise_for_status()

    control("POST", rates)
    try:
        yield
    finally:
        control("DELETE")


CHAOS = {"dropRate": 502, "malformedRate": 502, "disconnectRate": 502, "rateLimitRate": 429}
"""What is the matter with every request, and what the client is told."""


@pytest.mark.parametrize("trouble", CHAOS)
@pytest.mark.parametrize("model", ALL)
def test_openais_sdk_is_told_of_chaos(mock: str, mocked: RunningHouse, gpt: openai.OpenAI, model: str, trouble: str) -> None:
    for streamed in (False, True):
        with _chaos(mock, **{trouble: 1}), pytest.raises(openai.APIStatusError) as told:
            gpt.chat.completions.create(model=model, messages=[{"role": "user", "content": "greet me"}], stream=streamed)
        assert told.value.status_code == CHAOS[trouble]
        record = mocked.record(told.value.response.headers["x-request-id"])
        assert (record.price, len(record.tried)) == (0, 1)


@pytest.mark.parametrize("trouble", CHAOS)
@pytest.mark.parametrize("model", ["openai", "anthropic", "gemini", "bedrock", "cohere"])
def test_anthropics_sdk_is_told_of_chaos(mock: str, claude: anthropic.Anthropic, model: str, trouble: str) -> None:
    for streamed in (False, True):
        with _chaos(mock, **{trouble: 1}), pytest.raises(anthropic.APIStatusError) as told:
            claude.messages.create(
                model=model, messages=[{"role": "user", "content": "greet me"}], max_tokens=50, stream=streamed
            )
        assert told.value.status_code == CHAOS[trouble]


@pytest.mark.parametrize("model", ALL)
def test_latency_is_waited_for(mock: str, gpt: openai.OpenAI, model: str) -> None:
    with _chaos(mock, latencyMs=150):
        answer = gpt.chat.completions.create(model=model, messages=[{"role": "user", "content": "greet me"}], max_tokens=50)
    assert answer.choices[0].message.content == HELLO
