"""Ollama's own library, unchanged, over real sockets: against an upstream of its own language, OpenAI's and Anthropic's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import ollama
import pytest

from headworks.testing.emulator import EmulatorProcess
from tests.sdk.ollama_upstream import OllamaUpstream
from tests.system.house import KEY, RunningHouse

MODELS = ("qwen", "gpt", "claude")
NARROW = "hw-ollama-narrow"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
models = pytest.mark.parametrize("model", MODELS)


@pytest.fixture(scope="module")
def upstream() -> Iterator[OllamaUpstream]:
    with OllamaUpstream() as running:
        yield running


@pytest.fixture(scope="module")
def house(
    emulator: EmulatorProcess, upstream: OllamaUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningHouse]:
    config: dict[str, Any] = {
        "providers": {
            "home": {"type": "ollama", "base_url": upstream.url},
            "openai": {"type": "openai-compatible", "base_url": f"{emulator.urls['openai']}/v1", "api_key": "sk-1"},
            "anthropic": {"type": "anthropic-compatible", "base_url": emulator.urls["anthropic"], "api_key": "sk-2"},
        },
        "models": {
            "qwen": "home/qwen3:8b",
            "gpt": "openai/gpt-5",
            "claude": "anthropic/claude-sonnet-4-5",
            "embedder": "openai/text-embedding-3-small",
            "minilm": "home/all-minilm",
        },
        "keys": {
            "tester": {"key": "${SYSTEM_TEST_KEY}", "features": ["model_options"]},
            "narrow": {"key": NARROW, "models": ["gpt"]},
        },
        "unpriced": "free",
    }
    with RunningHouse(tmp_path_factory.mktemp("ollama"), config) as running:
        yield running


@pytest.fixture
def client(house: RunningHouse) -> Iterator[ollama.Client]:
    yield from _client(house, KEY)


@pytest.fixture
def narrow(house: RunningHouse) -> Iterator[ollama.Client]:
    yield from _client(house, NARROW)


def _client(house: RunningHouse, key: str) -> Iterator[ollama.Client]:
    with ollama.Client(host=house.url, headers={"Authorization": f"Bearer {key}"}) as client:
        yield client


def asked(text: str, **more: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text, **more}]


def weather(city: str) -> str:
    """Tells the weather.

    Args:
        city: Where.

    """
    return f"Snow in {city}."


@models
def test_whole(client: ollama.Client, model: str) -> None:
    answer = client.chat(model, asked("Say hello"), options={"temperature": 0.5, "num_predict": 100, "stop": ["\n\n\n"]})

    assert answer.message.content
    assert answer.done
    assert answer.done_reason in ("stop", "length")
    assert answer.prompt_eval_count
    assert answer.eval_count
    assert answer.total_duration


@models
def test_streamed(client: ollama.Client, model: str) -> None:
    lines = list(client.chat(model, asked("Say hello"), stream=True))

    assert "".join(line.message.content or "" for line in lines)
    assert [line.done for line in lines] == [*[False] * (len(lines) - 1), True]
    assert lines[-1].prompt_eval_count
    assert lines[-1].eval_count


@models
def test_one_prompt(client: ollama.Client, model: str) -> None:
    whole = client.generate(model, "Say hello", system="Be terse.")
    lines = list(client.generate(model, "Say hello", stream=True))

    assert whole.response
    assert whole.eval_count
    assert "".join(line.response or "" for line in lines)
    assert lines[-1].done


@models
def test_a_tool_is_called_and_its_result_read(client: ollama.Client, model: str) -> None:
    """The library keeps no ids of calls: its results go by their tool's name."""
    talk: list[Any] = asked("What is the weather in Rome?")
    first = client.chat(model, talk, tools=[weather])
    calls = first.message.tool_calls or []
    results = [
        {"role": "tool", "tool_name": call.function.name, "content": weather(**call.function.arguments)} for call in calls
    ]
    second = client.chat(model, [*talk, first.message, *results], tools=[weather])

    assert {call.function.name for call in calls} == {"weather"}
    assert second.message.content


@models
def test_a_tool_call_is_streamed(client: ollama.Client, model: str) -> None:
    lines = list(client.chat(model, asked("What is the weather in Rome?"), tools=[weather], stream=True))

    calls = [call for line in lines for call in line.message.tool_calls or ()]
    assert calls
    assert all(isinstance(call.function.arguments.get("city"), str) for call in calls)


@models
def test_images(client: ollama.Client, model: str) -> None:
    assert client.chat(model, asked("What is this?", images=[PIXEL])).message.content


@pytest.mark.parametrize("model", ["qwen", "gpt"])
def test_a_schema_is_kept_to(client: ollama.Client, model: str) -> None:
    answer = client.chat(model, asked("A city?"), format=SCHEMA)

    assert isinstance(json.loads(answer.message.content or "")["city"], str)


@models
def test_thoughts_are_told_apart(client: ollama.Client, model: str) -> None:
    whole = client.chat(model, asked("Why?"), think="high")
    lines = list(client.chat(model, asked("Why?"), think="high", stream=True))

    assert whole.message.thinking
    assert "".join(line.message.thinking or "" for line in lines)


@models
def test_errors(client: ollama.Client, model: str) -> None:
    trouble = "boom" if model == "qwen" else "[emulate: error status=400]"
    with pytest.raises(ollama.ResponseError) as caught:
        client.chat(model, asked(trouble))

    assert caught.value.status_code == 400
    assert caught.value.error
    assert not caught.value.error.startswith("{")


@models
def test_an_answer_that_breaks_off_says_so(client: ollama.Client, model: str) -> None:
    trouble = "boom" if model == "qwen" else "[emulate: error status=500 after=3]"
    with pytest.raises(ollama.ResponseError) as caught:
        list(client.chat(model, asked(trouble), stream=True))

    assert caught.value.error


@pytest.mark.parametrize("model", ["embedder", "minilm"])
def test_vectors(client: ollama.Client, model: str) -> None:
    several = client.embed(model, ["a", "b"])
    old = client.embeddings(model, "a")

    assert len(several.embeddings) == 2
    assert several.prompt_eval_count
    assert len(old.embedding) == len(several.embeddings[0])


def test_lists_follow_the_callers_rights(client: ollama.Client, narrow: ollama.Client) -> None:
    assert {model.model for model in client.list().models} == {*MODELS, "embedder", "minilm"}
    assert [model.model for model in narrow.list().models] == ["gpt"]
    assert list(client.ps().models) == []
    with pytest.raises(ollama.ResponseError) as caught:
        narrow.show("claude")
    assert caught.value.status_code == 404


def test_a_model_is_shown(client: ollama.Client) -> None:
    shown = client.show("gpt")

    assert {"completion", "tools", "vision", "thinking"} <= set(shown.capabilities or ())
    assert (shown.modelinfo or {})["headworks.context_length"] > 100_000
    assert client.show("embedder").capabilities == ["embedding"]


def test_models_are_not_changed_by_clients(client: ollama.Client) -> None:
    for change in (client.pull, client.push, client.delete, partial(client.copy, destination="mine")):
        with pytest.raises(ollama.ResponseError, match="configuration") as caught:
            change("qwen")
        assert caught.value.status_code == 404


def test_how_a_model_is_loaded_is_not_everybodys_to_say(client: ollama.Client, narrow: ollama.Client) -> None:
    assert client.chat("qwen", asked("Hi"), options={"num_ctx": 4096}, keep_alive="1h").message.content
    assert narrow.chat("gpt", asked("Hi"), options={"temperature": 0}, keep_alive="5m").message.content
    with pytest.raises(ollama.ResponseError, match="model_options") as caught:
        narrow.chat("gpt", asked("Hi"), options={"num_ctx": 4096})
    assert caught.value.status_code == 403


@pytest.mark.parametrize("path", ["/api/chat", "/api/generate"])
def test_to_its_own_language_a_request_travels_byte_for_byte(house: RunningHouse, upstream: OllamaUpstream, path: str) -> None:
    """And the answer back, in what is no event stream."""
    said = b'"messages":[{"role":"user","content":"Hi"}]' if path == "/api/chat" else b'"prompt":"Hi", "raw":true'
    odd = b'"context":[1,2,  3],"x_new" : {"a":1.50, "b":"\\u00e9"},"stream":true'
    sent = b'{"model":"qwen",%b,%b}' % (said, odd)

    answer = httpx.post(f"{house.url}{path}", content=sent, headers={"Authorization": f"Bearer {KEY}"})

    assert answer.headers["content-type"] == "application/x-ndjson"
    where, got = upstream.asked[-1]
    assert where == path
    assert b'{"a":1.50, "b":"\\u00e9"}' in got
    assert b"[1,2,  3]" in got
    assert json.loads(got) == {**json.loads(sent), "model": "qwen3:8b"}
    assert json.loads(answer.text.splitlines()[-1])["total_duration"] == 7


def test_the_server_tells_whose_api_it_speaks(house: RunningHouse) -> None:
    assert httpx.get(f"{house.url}/api/version").json() == {"version": "0.13.0"}
