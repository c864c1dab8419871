"""Anthropic's Python SDK, unchanged, against an Anthropic upstream and, translated, an OpenAI one."""

from __future__ import annotations

import anthropic
import pytest
from anthropic.types import MessageParam, ToolParam

from tests.sdk.conftest import MODELS
from tests.system.house import RunningHouse

from .test_openai_python import PIXEL

WEATHER: ToolParam = {
    "name": "get_weather",
    "description": "The weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
BOTH = pytest.mark.parametrize("model", ["claude", "gpt"])


def asked(text: str) -> list[MessageParam]:
    return [{"role": "user", "content": text}]


def text_of(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


@BOTH
def test_messages(claude: anthropic.Anthropic, house: RunningHouse, model: str) -> None:
    raw = claude.messages.with_raw_response.create(
        model=model, max_tokens=200, system="Be brief.", messages=asked("Tell me of rivers.")
    )
    answer = raw.parse()

    assert "rivers" in text_of(answer)
    assert answer.stop_reason == "end_turn"
    record = house.record(raw.headers["request-id"])
    cached = (answer.usage.cache_read_input_tokens or 0) + (answer.usage.cache_creation_input_tokens or 0)
    assert (record.usage.input, record.usage.output) == (answer.usage.input_tokens + cached, answer.usage.output_tokens)
    assert record.price > 0


@BOTH
def test_stream_says_and_costs_the_same_as_the_whole_answer(claude: anthropic.Anthropic, model: str) -> None:
    whole = claude.messages.create(model=model, max_tokens=200, messages=asked("Tell me of rivers."))
    with claude.messages.stream(model=model, max_tokens=200, messages=asked("Tell me of rivers.")) as stream:
        streamed = stream.get_final_message()

    assert text_of(streamed) == text_of(whole)
    assert streamed.usage.output_tokens == whole.usage.output_tokens
    assert streamed.stop_reason == whole.stop_reason


@BOTH
def test_a_tool_is_called_and_its_result_used(claude: anthropic.Anthropic, model: str) -> None:
    question = asked("What is the weather in Oslo?")
    first = claude.messages.create(model=model, max_tokens=500, messages=question, tools=[WEATHER])
    calls = [block for block in first.content if block.type == "tool_use"]

    assert first.stop_reason == "tool_use"
    assert [call.input for call in calls] == [{"city": "Oslo"}]

    turn: list[MessageParam] = [
        *question,
        {"role": "assistant", "content": first.content},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": calls[0].id, "content": "seven degrees and sleet"}],
        },
    ]
    second = claude.messages.create(model=model, max_tokens=500, messages=turn, tools=[WEATHER])
    assert "seven degrees and sleet" in text_of(second)


@BOTH
def test_parallel_tool_calls_are_streamed(claude: anthropic.Anthropic, model: str) -> None:
    with claude.messages.stream(
        model=model,
        max_tokens=500,
        messages=asked("What is the weather in both Oslo and Riga?"),
        tools=[WEATHER],
        tool_choice={"type": "any"},
    ) as stream:
        pieces = sum(event.type == "input_json" for event in stream)
        message = stream.get_final_message()

    assert [block.input for block in message.content if block.type == "tool_use"] == [{"city": "Oslo"}, {"city": "Riga"}]
    assert pieces > 2


@pytest.mark.parametrize("stream", [False, True])
@BOTH
def test_thinking_comes_back_and_survives_a_tools_turn(claude: anthropic.Anthropic, model: str, stream: bool) -> None:  # noqa: FBT001 - a parameter of the test
    question = asked("What is the weather in Oslo?")

    def answer(messages: list[MessageParam]) -> anthropic.types.Message:
        if stream:
            with claude.messages.stream(
                model=model,
                max_tokens=9000,
                messages=messages,
                tools=[WEATHER],
                thinking={"type": "enabled", "budget_tokens": 2000},
            ) as events:
                return events.get_final_message()
        return claude.messages.create(
            model=model,
            max_tokens=9000,
            messages=messages,
            tools=[WEATHER],
            thinking={"type": "enabled", "budget_tokens": 2000},
        )

    first = answer(question)
    thoughts = [block for block in first.content if block.type == "thinking"]
    calls = [block for block in first.content if block.type == "tool_use"]
    assert thoughts
    assert thoughts[0].thinking
    assert calls
    second = answer(
        [
            *question,
            {"role": "assistant", "content": first.content},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": calls[0].id, "content": "mild"}]},
        ]
    )
    assert "mild" in text_of(second)


@BOTH
def test_images(claude: anthropic.Anthropic, model: str) -> None:
    answer = claude.messages.create(
        model=model,
        max_tokens=200,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
                    {"type": "text", "text": "What is this?"},
                ],
            }
        ],
    )
    assert answer.usage.input_tokens > 50


@BOTH
def test_count_tokens(claude: anthropic.Anthropic, model: str) -> None:
    assert claude.messages.count_tokens(model=model, messages=asked("Tell me of rivers.")).input_tokens > 0


def test_models(claude: anthropic.Anthropic) -> None:
    assert {model.id for model in claude.models.list()} == MODELS
    assert claude.models.retrieve("claude").id == "claude"


ERRORS = [
    (400, anthropic.BadRequestError),
    (404, anthropic.NotFoundError),
    (409, anthropic.ConflictError),
    (413, anthropic.RequestTooLargeError),
    (422, anthropic.UnprocessableEntityError),
    (429, anthropic.RateLimitError),
    (500, anthropic.InternalServerError),
    (529, anthropic.InternalServerError),
]


@pytest.mark.parametrize(("status", "expected"), ERRORS, ids=[str(status) for status, _ in ERRORS])
@BOTH
def test_each_error_of_the_upstream_is_raised_as_its_class(
    claude: anthropic.Anthropic, model: str, status: int, expected: type[anthropic.APIStatusError]
) -> None:
    with pytest.raises(expected) as raised:
        claude.messages.create(model=model, max_tokens=20, messages=asked(f"[emulate: error status={status}]"))
    assert raised.value.request_id


def test_the_gateways_own_errors_are_raised_as_their_classes(claude: anthropic.Anthropic, house: RunningHouse) -> None:
    with pytest.raises(anthropic.NotFoundError, match="Did you mean 'claude'"):
        claude.messages.create(model="cluade", max_tokens=20, messages=asked("Hello"))
    with (
        anthropic.Anthropic(base_url=house.url, api_key="hw-wrong", max_retries=0) as stranger,
        pytest.raises(anthropic.AuthenticationError),
    ):
        stranger.models.list()


@BOTH
def test_a_broken_stream_raises_and_never_ends_cleanly(claude: anthropic.Anthropic, model: str) -> None:
    with (
        pytest.raises(anthropic.APIError),
        claude.messages.stream(model=model, max_tokens=200, messages=asked("[emulate: cut after=6]")) as stream,
    ):
        stream.get_final_message()
