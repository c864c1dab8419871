"""OpenAI's Python SDK, unchanged, against an OpenAI upstream and, translated, an Anthropic one."""

from __future__ import annotations

import json

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from pydantic import BaseModel

from tests.sdk.conftest import MODELS
from tests.system.house import RunningHouse

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WEATHER: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
BOTH = pytest.mark.parametrize("model", ["gpt", "claude"])


def asked(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


@BOTH
def test_chat(gpt: openai.OpenAI, house: RunningHouse, model: str) -> None:
    raw = gpt.chat.completions.with_raw_response.create(model=model, messages=asked("Tell me of rivers."), max_tokens=200)
    answer = raw.parse()

    assert "rivers" in (answer.choices[0].message.content or "")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    record = house.record(raw.headers["x-request-id"])
    assert (record.usage.input, record.usage.output) == (answer.usage.prompt_tokens, answer.usage.completion_tokens)
    whole, _, fraction = raw.headers["x-headworks-cost"].partition(".")
    assert int(whole + fraction) == record.price > 0


@BOTH
def test_stream_says_and_costs_the_same_as_the_whole_answer(gpt: openai.OpenAI, model: str) -> None:
    whole = gpt.chat.completions.create(model=model, messages=asked("Tell me of rivers."), max_tokens=200)
    stream = gpt.chat.completions.create(
        model=model, messages=asked("Tell me of rivers."), max_tokens=200, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)

    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == whole.choices[0].message.content
    assert chunks[-1].usage is not None
    assert whole.usage is not None
    assert chunks[-1].usage.prompt_tokens == whole.usage.prompt_tokens
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens


@BOTH
def test_usage_of_a_stream_is_not_shown_unasked_but_recorded(gpt: openai.OpenAI, house: RunningHouse, model: str) -> None:
    raw = gpt.chat.completions.with_raw_response.create(model=model, messages=asked("Hello"), max_tokens=50, stream=True)
    chunks = list(raw.parse())

    assert all(chunk.usage is None and chunk.choices for chunk in chunks)
    record = house.record(raw.headers["x-request-id"])
    assert (record.certainty, record.ending) == ("reported", "finished")


@BOTH
def test_a_tool_is_called_and_its_result_used(gpt: openai.OpenAI, model: str) -> None:
    question = asked("What is the weather in Oslo?")
    first = gpt.chat.completions.create(model=model, messages=question, tools=[WEATHER], max_tokens=500)
    calls = first.choices[0].message.tool_calls or []

    assert first.choices[0].finish_reason == "tool_calls"
    assert [json.loads(call.function.arguments)["city"] for call in calls if call.type == "function"] == ["Oslo"]

    turn: list[ChatCompletionMessageParam] = [
        *question,
        first.choices[0].message.to_dict(),  # pyright: ignore[reportAssignmentType] - as the SDK's own guide does it
        {"role": "tool", "tool_call_id": calls[0].id, "content": "seven degrees and sleet"},
    ]
    second = gpt.chat.completions.create(model=model, messages=turn, tools=[WEATHER], max_tokens=500)
    assert "seven degrees and sleet" in (second.choices[0].message.content or "")


@BOTH
def test_parallel_tool_calls_are_streamed(gpt: openai.OpenAI, model: str) -> None:
    stream = gpt.chat.completions.create(
        model=model,
        messages=asked("What is the weather in both Oslo and Riga?"),
        tools=[WEATHER],
        tool_choice="required",
        max_tokens=500,
        stream=True,
    )
    arguments = dict[int, str]()
    names = set[str]()
    for chunk in stream:
        for call in chunk.choices[0].delta.tool_calls or []:
            assert call.function is not None
            arguments[call.index] = arguments.get(call.index, "") + (call.function.arguments or "")
            names |= {call.id} if call.id else set()

    assert [json.loads(text)["city"] for text in arguments.values()] == ["Oslo", "Riga"]
    assert len(names) == 2


@BOTH
def test_images(gpt: openai.OpenAI, model: str) -> None:
    answer = gpt.chat.completions.create(
        model=model,
        max_tokens=200,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
                ],
            }
        ],
    )
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 50
    assert answer.choices[0].message.content


class Recipe(BaseModel):
    name: str
    minutes: int
    vegetarian: bool


@BOTH
def test_structured_output(gpt: openai.OpenAI, model: str) -> None:
    parsed = gpt.chat.completions.parse(
        model=model, messages=asked("A recipe for lentil soup."), response_format=Recipe, max_tokens=500
    )
    assert isinstance(parsed.choices[0].message.parsed, Recipe)


@pytest.mark.parametrize("stream", [False, True])
@BOTH
def test_reasoning_is_shown_and_counted(gpt: openai.OpenAI, model: str, stream: bool) -> None:  # noqa: FBT001 - a parameter of the test
    if stream:
        chunks = gpt.chat.completions.create(
            model=model, messages=asked("Why?"), reasoning_effort="high", max_completion_tokens=9000, stream=True
        )
        thought = "".join((chunk.choices[0].delta.model_extra or {}).get("reasoning_content") or "" for chunk in chunks)
    else:
        answer = gpt.chat.completions.create(
            model=model, messages=asked("Why?"), reasoning_effort="high", max_completion_tokens=9000
        )
        thought = (answer.choices[0].message.model_extra or {}).get("reasoning_content") or ""
    assert thought


def test_embeddings(gpt: openai.OpenAI) -> None:
    answer = gpt.embeddings.create(model="embedder", input=["one", "two"])
    assert len(answer.data) == 2
    assert answer.usage.prompt_tokens > 0


@pytest.mark.parametrize("model", ["moderator", openai.omit])
def test_moderations(gpt: openai.OpenAI, house: RunningHouse, model: str | openai.Omit) -> None:
    raw = gpt.moderations.with_raw_response.create(input=["I love rivers.", "I will kill you."], model=model)
    answer = raw.parse()
    assert [result.flagged for result in answer.results] == [False, True]
    assert answer.results[1].categories.violence
    assert answer.model == "omni-moderation-latest"
    record = house.record(raw.headers["x-request-id"])
    assert (record.kind, record.asked) == ("moderations", "moderator")


def test_completions(gpt: openai.OpenAI) -> None:
    assert gpt.completions.create(model="gpt", prompt="Once", max_tokens=20).choices[0].text


def test_models(gpt: openai.OpenAI) -> None:
    assert {model.id for model in gpt.models.list()} == MODELS
    assert gpt.models.retrieve("gpt").id == "gpt"
    with pytest.raises(openai.NotFoundError, match="gpt"):
        gpt.models.retrieve("gtp")


ERRORS = [
    (400, openai.BadRequestError),
    (401, openai.APIStatusError),
    (403, openai.APIStatusError),
    (404, openai.NotFoundError),
    (409, openai.ConflictError),
    (422, openai.UnprocessableEntityError),
    (429, openai.RateLimitError),
    (500, openai.InternalServerError),
    (503, openai.InternalServerError),
    (529, openai.InternalServerError),
]


@pytest.mark.parametrize(("status", "expected"), ERRORS, ids=[str(status) for status, _ in ERRORS])
@BOTH
def test_each_error_of_the_upstream_is_raised_as_its_class(
    gpt: openai.OpenAI, model: str, status: int, expected: type[openai.APIStatusError]
) -> None:
    with pytest.raises(expected) as raised:
        gpt.chat.completions.create(model=model, messages=asked(f"[emulate: error status={status}]"), max_tokens=20)
    assert raised.value.request_id
    assert raised.value.message


def test_the_gateways_own_errors_are_raised_as_their_classes(gpt: openai.OpenAI, house: RunningHouse) -> None:
    with pytest.raises(openai.NotFoundError, match="Did you mean 'gpt'") as unknown:
        gpt.chat.completions.create(model="gtp", messages=asked("Hello"))
    assert unknown.value.code == "model_not_found"
    with openai.OpenAI(base_url=f"{house.url}/v1", api_key="hw-wrong", max_retries=0) as stranger:
        with pytest.raises(openai.AuthenticationError) as refused:
            stranger.models.list()
        assert refused.value.code == "invalid_api_key"
    with pytest.raises(openai.BadRequestError):
        gpt.chat.completions.create(model="gpt", messages="nonsense")  # pyright: ignore[reportArgumentType, reportCallIssue]


@BOTH
def test_a_broken_stream_raises_and_never_ends_cleanly(gpt: openai.OpenAI, model: str) -> None:
    stream = gpt.chat.completions.create(model=model, messages=asked("[emulate: cut after=6]"), max_tokens=200, stream=True)
    with pytest.raises(openai.APIError):
        list(stream)
