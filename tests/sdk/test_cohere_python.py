"""Cohere's library, unchanged, at upstreams of its own language, of OpenAI's and of Anthropic's; and OpenAI's library at one of Cohere's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import cohere
import httpx
import openai
import pytest
from cohere import errors
from cohere.core.api_error import ApiError

from headworks.testing.emulator import EmulatorProcess
from tests.sdk.cohere_upstream import KEY as COHERE_KEY
from tests.sdk.cohere_upstream import REFUSAL, REFUSED, CohereUpstream
from tests.system.house import KEY, RunningHouse

MODELS = ("talker", "gpt", "claude")
ALL = pytest.mark.parametrize("model", MODELS)
TRANSLATED = pytest.mark.parametrize("model", ["gpt", "claude"])
HELLO: list[Any] = [{"role": "user", "content": "Tell me of rivers."}]
SYSTEM: Any = {"role": "system", "content": "Be brief."}
WEATHER: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Tells the weather of a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


@pytest.fixture(scope="module")
def upstream() -> Iterator[CohereUpstream]:
    with CohereUpstream() as running:
        yield running


@pytest.fixture(scope="module")
def house(
    upstream: CohereUpstream, emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningHouse]:
    config = {
        "providers": {
            "cohere": {"type": "cohere", "base_url": upstream.url, "api_key": COHERE_KEY},
            "openai": {"type": "openai-compatible", "base_url": f"{emulator.urls['openai']}/v1", "api_key": "sk-1"},
            "anthropic": {"type": "anthropic-compatible", "base_url": emulator.urls["anthropic"], "api_key": "sk-2"},
        },
        "models": {
            "talker": "cohere/command-a",
            "ranker": "cohere/rerank-v3.5",
            "embedder": "cohere/embed-v4.0",
            "gpt": "openai/gpt-5",
            "claude": "anthropic/claude-sonnet-4-5",
            "small": "openai/text-embedding-3-small",
        },
        "prices": {"cohere/*": {"input": 1, "output": 2, "search": 0.002}},
        "unpriced": "free",
        "retries": {"attempts": 1},
        "breaker": {"failures": 10_000, "cooldown": 0, "cooldown_cap": 0},
    }
    with RunningHouse(tmp_path_factory.mktemp("house"), config) as running:
        yield running


@pytest.fixture
def gpt(house: RunningHouse) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{house.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture
def command(house: RunningHouse) -> Iterator[cohere.ClientV2]:
    """Cohere's client, which tries once: what is tried here are answers."""
    with httpx.Client(timeout=30) as connections:
        yield cohere.ClientV2(api_key=KEY, base_url=house.url, httpx_client=connections, max_retries=0)


def asked(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def text_of(answer: cohere.V2ChatResponse) -> str:
    return "".join(part.text for part in answer.message.content or () if part.type == "text")


def counted(usage: cohere.Usage | None) -> tuple[float, float]:
    assert usage is not None
    assert usage.billed_units is not None
    return usage.billed_units.input_tokens or 0, usage.billed_units.output_tokens or 0


@ALL
def test_whole(command: cohere.ClientV2, model: str) -> None:
    answer = command.chat(model=model, messages=[SYSTEM, *HELLO], max_tokens=200, p=0.9)

    assert text_of(answer) == "Hi!" if model == "talker" else "rivers" in text_of(answer)
    assert answer.finish_reason == "COMPLETE"
    assert min(counted(answer.usage)) > 0
    assert answer.id


@ALL
def test_streamed(command: cohere.ClientV2, model: str) -> None:
    """A stream says, and counts, what the whole answer does."""
    whole = command.chat(model=model, messages=HELLO, max_tokens=200)
    events = list(command.chat_stream(model=model, messages=HELLO, max_tokens=200))

    texts = [
        event.delta.message.content.text or ""
        for event in events
        if event.type == "content-delta" and event.delta and event.delta.message and event.delta.message.content
    ]
    last = events[-1]
    assert [event.type for event in events if event.type != "content-delta"] == [
        *("message-start", "content-start", "content-end", "message-end"),
    ]
    assert "".join(texts) == text_of(whole)
    assert last.type == "message-end"
    assert last.delta is not None
    assert last.delta.finish_reason == "COMPLETE"
    assert counted(last.delta.usage) == counted(whole.usage)


def test_between_two_sides_of_cohere_nothing_is_changed(command: cohere.ClientV2, upstream: CohereUpstream) -> None:
    """What nobody here knows arrives, and counts come back as they were, cached tokens with them."""
    answer = command.chat(
        model="talker",
        messages=HELLO,
        documents=["Rivers flow."],
        safety_mode="STRICT",
        request_options={"additional_body_parameters": {"of_tomorrow": {"a": [1, 2.50]}}},
    )

    assert json.loads(upstream.asked) | {"model": "talker"} == {
        "model": "talker",
        "messages": HELLO,
        "documents": ["Rivers flow."],
        "safety_mode": "STRICT",
        "stream": False,
        "of_tomorrow": {"a": [1, 2.5]},
    }
    assert answer.usage is not None
    assert (answer.usage.cached_tokens, counted(answer.usage)) == (64, (3, 2))


@ALL
def test_a_tool_is_called_and_its_result_used(command: cohere.ClientV2, model: str) -> None:
    """The way that Cohere's guides show: the answer's message goes back, and the result as a document."""
    messages = asked("What is the weather in Oslo?")
    first = command.chat(model=model, messages=messages, tools=WEATHER, max_tokens=500)
    calls = first.message.tool_calls or []

    assert first.finish_reason == "TOOL_CALL"
    assert [(call.function.name, json.loads(call.function.arguments or "")) for call in calls if call.function] == [
        ("get_weather", {"city": "Oslo"})
    ]

    result = {"type": "document", "document": {"data": '{"weather": "seven degrees and sleet"}'}}
    turns: list[Any] = [*messages, first.message, {"role": "tool", "tool_call_id": calls[0].id, "content": [result]}]
    answer = command.chat(model=model, messages=turns, tools=WEATHER, max_tokens=500)

    assert text_of(answer) == "Hi!" if model == "talker" else "seven degrees and sleet" in text_of(answer)


@ALL
def test_calls_are_streamed(command: cohere.ClientV2, model: str) -> None:
    question = asked("What is the weather in Oslo?")
    events = list(command.chat_stream(model=model, messages=question, tools=WEATHER, tool_choice="REQUIRED", max_tokens=500))

    begun = [event for event in events if event.type == "tool-call-start"]
    pieces = [
        event.delta.message.tool_calls.function.arguments or ""
        for event in events
        if event.type == "tool-call-delta"
        and event.delta
        and event.delta.message
        and event.delta.message.tool_calls
        and event.delta.message.tool_calls.function
    ]
    assert [event.delta.message.tool_calls.function.name for event in begun] == ["get_weather"]  # pyright: ignore[reportOptionalMemberAccess] - all of them are there
    assert json.loads("".join(pieces)) == {"city": "Oslo"}
    assert events[-1].type == "message-end"


@TRANSLATED
def test_thoughts_come_and_go_back(command: cohere.ClientV2, model: str) -> None:
    """Another provider's seal on them travels with the message, so that its model takes them in the tool's turn."""
    messages = asked("What is the weather in Oslo?")
    how: dict[str, Any] = {
        "model": model,
        "tools": WEATHER,
        "max_tokens": 9000,
        "thinking": {"type": "enabled", "token_budget": 2000},
    }
    first = command.chat(messages=messages, **how)
    thoughts = [part.thinking for part in first.message.content or () if part.type == "thinking"]

    calls = first.message.tool_calls or []
    turns: list[Any] = [*messages, first.message, {"role": "tool", "tool_call_id": calls[0].id, "content": "sleet"}]
    answer = command.chat(messages=turns, **how)

    assert all(thoughts)
    assert thoughts
    assert "sleet" in text_of(answer)


@TRANSLATED
def test_structured_output(command: cohere.ClientV2, model: str) -> None:
    schema = {
        "type": "object",
        "properties": {"capital": {"type": "string"}},
        "required": ["capital"],
        "additionalProperties": False,
    }
    form: Any = {"type": "json_object", "json_schema": schema}
    answer = command.chat(model=model, messages=HELLO, max_tokens=500, response_format=form)

    assert json.loads(text_of(answer)).keys() == {"capital"}


@pytest.mark.parametrize(("model", "vector"), [("embedder", [0.5, -2.0]), ("small", None)])
def test_vectors(command: cohere.ClientV2, model: str, vector: list[float] | None) -> None:
    answer = command.embed(model=model, texts=["a", "b"], input_type="search_query", embedding_types=["float"])

    vectors = answer.embeddings.float_ or []
    assert len(vectors) == 2
    assert vector is None or vectors[0] == vector
    assert answer.meta is not None
    assert answer.meta.billed_units is not None
    assert answer.meta.billed_units.input_tokens


def test_other_forms_of_vectors_are_cohere_s_own(command: cohere.ClientV2) -> None:
    answer = command.embed(model="embedder", texts=["a"], input_type="search_query", embedding_types=["int8"])

    assert answer.embeddings.int8 == [[64, -128]]


def test_models_are_listed(command: cohere.ClientV2) -> None:
    assert {model.name for model in command.models.list().models} == {*MODELS, "ranker", "embedder", "small"}
    assert command.models.get("talker").name == "talker"


def test_cohere_s_refusals_keep_their_words(command: cohere.ClientV2) -> None:
    with pytest.raises(errors.BadRequestError) as raised:
        command.chat(model="talker", messages=asked(REFUSED))

    assert raised.value.body == REFUSAL


@TRANSLATED
@pytest.mark.parametrize(
    ("status", "expected"), [(400, errors.BadRequestError), (429, errors.TooManyRequestsError), (500, ApiError)]
)
def test_errors_are_raised_as_their_classes(
    command: cohere.ClientV2, model: str, status: int, expected: type[ApiError]
) -> None:
    with pytest.raises(expected) as raised:
        command.chat(model=model, messages=asked(f"[emulate: error status={status}]"), max_tokens=20)

    assert raised.value.body.keys() == {"id", "message"}


def test_the_gateway_s_own_refusals_are_raised_as_their_classes(command: cohere.ClientV2, house: RunningHouse) -> None:
    with pytest.raises(errors.NotFoundError, match="Did you mean 'claude'"):
        command.chat(model="cloude", messages=HELLO)
    with httpx.Client() as connections, pytest.raises(errors.UnauthorizedError):
        cohere.ClientV2(api_key="hw-nobody", base_url=house.url, httpx_client=connections).chat(model="gpt", messages=HELLO)


@TRANSLATED
def test_a_stream_that_breaks_ends_with_an_error(command: cohere.ClientV2, model: str) -> None:
    events = list(command.chat_stream(model=model, messages=asked("[emulate: cut after=6]"), max_tokens=200))

    last = events[-1]
    assert last.type == "message-end"
    assert last.delta is not None
    assert last.delta.finish_reason == "ERROR"
    assert last.delta.error


def test_cohere_s_client_ranks(command: cohere.ClientV2) -> None:
    ranked = command.rerank(model="ranker", query="Capital of France?", documents=["Ulm", "Paris"], top_n=2)

    assert [(each.index, each.relevance_score) for each in ranked.results] == [(1, 0.9), (0, 0.1)]
    assert ranked.id == "r-1"
    assert ranked.meta is not None
    assert ranked.meta.billed_units is not None
    assert ranked.meta.billed_units.search_units == 1


def test_cohere_s_client_hears_of_refusals(command: cohere.ClientV2) -> None:
    with pytest.raises(errors.NotFoundError):
        command.rerank(model="nobody", query="q", documents=["a"])


@pytest.mark.parametrize("form", ["float", "base64"])
def test_openai_s_client_gets_vectors(gpt: openai.OpenAI, form: str) -> None:
    """The client asks for base64 unless told otherwise, and makes numbers of it."""
    how = {"encoding_format": "float"} if form == "float" else {}

    answer = gpt.embeddings.create(model="embedder", input="Hi", extra_body={"input_type": "search_query"}, **how)  # pyright: ignore[reportArgumentType, reportCallIssue, reportUnknownMemberType] - its overloads take no mapping

    assert answer.data[0].embedding == [0.5, -2.0]
    assert answer.usage.total_tokens == 2


def test_openai_s_client_talks(gpt: openai.OpenAI) -> None:
    whole = gpt.chat.completions.create(model="talker", messages=asked("Hi"))
    stream = gpt.chat.completions.create(
        model="talker",
        messages=asked("Hi"),
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)

    assert whole.choices[0].message.content == "Hi!"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Hi!"
    assert chunks[-1].usage is not None
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (3, 2)
