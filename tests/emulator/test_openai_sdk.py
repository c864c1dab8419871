"""The unchanged OpenAI SDK finds a provider in the emulator."""

from __future__ import annotations

import json
import math
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from pydantic import BaseModel

from headworks.testing.emulator import EmulatorProcess

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WEATHER: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


def asked(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": text}]


def test_a_whole_answer_is_about_the_prompt_and_counts_its_tokens(gpt: openai.OpenAI) -> None:
    answer = gpt.chat.completions.create(model="gpt-4o", messages=asked("Explain reservoirs to me."))

    assert "reservoirs" in (answer.choices[0].message.content or "").lower()
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.completion_tokens > 10


def test_a_stream_says_the_same_as_the_whole_answer_in_one_chunk_a_token(gpt: openai.OpenAI) -> None:
    whole = gpt.chat.completions.create(model="gpt-4o", messages=asked("Explain reservoirs to me."))
    stream = gpt.chat.completions.create(
        model="gpt-4o", messages=asked("Explain reservoirs to me."), stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]

    assert "".join(pieces) == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage
    assert whole.usage is not None
    assert len(pieces) == whole.usage.completion_tokens
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)


def test_usage_of_a_stream_is_shown_only_when_asked_for(gpt: openai.OpenAI) -> None:
    chunks = list(gpt.chat.completions.create(model="gpt-4o", messages=asked("Hello"), stream=True))

    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


def test_a_tool_is_called_with_valid_arguments_and_its_result_is_used(gpt: openai.OpenAI) -> None:
    messages = asked("What is the weather in Oslo?")
    first = gpt.chat.completions.create(model="gpt-4o", messages=messages, tools=[WEATHER])
    calls = first.choices[0].message.tool_calls or []

    assert first.choices[0].finish_reason == "tool_calls"
    assert len(calls) == 1
    assert calls[0].type == "function"
    arguments = json.loads(calls[0].function.arguments)
    assert arguments["city"] == "Oslo"
    assert arguments["unit"] in ("celsius", "fahrenheit")

    turns: list[ChatCompletionMessageParam] = [
        *messages,
        {
            "role": "assistant",
            "tool_calls": [{"id": calls[0].id, "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": calls[0].id, "content": "seven degrees and sleet"},
    ]
    second = gpt.chat.completions.create(model="gpt-4o", messages=turns, tools=[WEATHER])

    assert "seven degrees and sleet" in (second.choices[0].message.content or "")


@pytest.mark.parametrize(("parallel", "calls"), [(True, 2), (False, 1), (None, 2)])
def test_parallel_tool_calls_are_streamed_with_argument_deltas(gpt: openai.OpenAI, parallel: bool | None, calls: int) -> None:  # noqa: FBT001 - a parameter of the test
    extra: dict[str, Any] = {} if parallel is None else {"parallel_tool_calls": parallel}
    stream = gpt.chat.completions.create(
        model="gpt-4o",
        messages=asked("What is the weather in both Oslo and Riga?"),
        tools=[WEATHER],
        tool_choice="required",
        stream=True,
        **extra,
    )
    deltas = [call for chunk in stream for call in chunk.choices[0].delta.tool_calls or []]
    arguments = dict[int, str]()
    for delta in deltas:
        assert delta.function is not None
        arguments[delta.index] = arguments.get(delta.index, "") + (delta.function.arguments or "")

    assert [json.loads(text)["city"] for text in arguments.values()] == ["Oslo", "Riga"][:calls]
    assert len({delta.id for delta in deltas if delta.id}) == calls
    assert len(deltas) > 3 * calls


def test_a_named_tool_is_called_and_none_is_not(gpt: openai.OpenAI) -> None:
    other: ChatCompletionToolParam = {"type": "function", "function": {"name": "ring_bell"}}
    named = gpt.chat.completions.create(
        model="gpt-4o",
        messages=asked("The weather?"),
        tools=[WEATHER, other],
        tool_choice={"type": "function", "function": {"name": "ring_bell"}},
    )
    silent = gpt.chat.completions.create(model="gpt-4o", messages=asked("The weather?"), tools=[WEATHER], tool_choice="none")

    assert [call.function.name for call in named.choices[0].message.tool_calls or [] if call.type == "function"] == [
        "ring_bell"
    ]
    assert silent.choices[0].message.tool_calls is None


class Step(BaseModel):
    explanation: str
    minutes: int


class Recipe(BaseModel):
    name: str
    steps: list[Step]
    vegetarian: bool


def test_structured_output_fits_the_schema(gpt: openai.OpenAI) -> None:
    parsed = gpt.chat.completions.parse(model="gpt-4o", messages=asked("A recipe for lentil soup."), response_format=Recipe)

    recipe = parsed.choices[0].message.parsed
    assert isinstance(recipe, Recipe)
    assert recipe.steps


def test_images_are_taken_and_counted(gpt: openai.OpenAI, emulator: EmulatorProcess) -> None:
    before = emulator.counts()["models"].get("seer", {"images": 0})["images"]
    answer = gpt.chat.completions.create(
        model="seer",
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
    assert answer.usage.prompt_tokens > 700
    assert emulator.counts()["models"]["seer"]["images"] == before + 1


def test_reasoning_shows_where_the_flavour_has_it_and_counts_everywhere(gpt: openai.OpenAI, emulator: EmulatorProcess) -> None:
    hidden = gpt.chat.completions.create(model="gpt-5", messages=asked("Why?"), reasoning_effort="high")
    with openai.OpenAI(base_url=f"{emulator.urls['reasoner']}/v1", api_key="any") as client:
        shown = client.chat.completions.create(
            model="deepseek-reasoner", messages=asked("Why?"), reasoning_effort="high", stream=True
        )
        thoughts = [(chunk.choices[0].delta.model_extra or {}).get("reasoning_content") for chunk in shown]

    assert hidden.usage is not None
    assert hidden.usage.completion_tokens_details is not None
    assert (hidden.usage.completion_tokens_details.reasoning_tokens or 0) > 0
    assert "reasoning_content" not in (hidden.choices[0].message.model_extra or {})
    assert "".join(thought for thought in thoughts if thought)


def test_the_output_cap_and_stop_sequences_end_an_answer(gpt: openai.OpenAI) -> None:
    capped = gpt.chat.completions.create(model="gpt-4o", messages=asked("Explain rain."), max_completion_tokens=5)
    stopped = gpt.chat.completions.create(model="gpt-4o", messages=asked("Explain rain."), stop="e")

    assert capped.choices[0].finish_reason == "length"
    assert capped.usage is not None
    assert capped.usage.completion_tokens == 5
    assert "e" not in (stopped.choices[0].message.content or "e")


def test_several_choices_differ(gpt: openai.OpenAI) -> None:
    answer = gpt.chat.completions.create(model="gpt-4o", messages=asked("Explain rain."), n=3)

    assert len({choice.message.content for choice in answer.choices}) == 3


def test_a_refusal_is_told_as_one(gpt: openai.OpenAI) -> None:
    answer = gpt.chat.completions.create(model="gpt-4o", messages=asked("[emulate: refusal] Please."))

    assert answer.choices[0].message.refusal
    assert answer.choices[0].message.content is None


def test_embeddings_are_near_where_words_are_shared(gpt: openai.OpenAI) -> None:
    answer = gpt.embeddings.create(
        model="text-embedding-3-small", input=["the river gate", "gate of the river", "tax return"], dimensions=256
    )
    river, gate, tax = (entry.embedding for entry in answer.data)

    assert len(river) == 256
    assert math.isclose(math.fsum(value * value for value in river), 1.0, rel_tol=1e-5)
    assert sum(map(float.__mul__, river, gate)) > 0.8
    assert abs(sum(map(float.__mul__, river, tax))) < 0.3
    assert answer.usage.prompt_tokens > 0


def test_models_are_listed_and_found(emulator: EmulatorProcess) -> None:
    with openai.OpenAI(base_url=f"{emulator.urls['locked']}/v1", api_key="right-key") as client:
        assert [model.id for model in client.models.list()] == ["known-model"]
        assert client.models.retrieve("known-model").id == "known-model"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("other-model")


def test_legacy_completions_are_spoken(gpt: openai.OpenAI) -> None:
    whole = gpt.completions.create(model="gpt-3.5-turbo-instruct", prompt="Once upon a time", max_tokens=12)
    stream = list(gpt.completions.create(model="gpt-3.5-turbo-instruct", prompt="Once upon a time", max_tokens=12, stream=True))

    assert whole.choices[0].text == "".join(chunk.choices[0].text for chunk in stream)
    assert whole.choices[0].finish_reason == "length"


def test_a_repeated_prompt_comes_from_the_prompt_cache(emulator: EmulatorProcess) -> None:
    text = "Explain how canals are dug, " * 40
    with openai.OpenAI(base_url=f"{emulator.urls['caching']}/v1", api_key="any") as client:
        usages = [client.chat.completions.create(model="gpt-4o", messages=asked(text)).usage for _ in range(2)]

    cached = [usage.prompt_tokens_details.cached_tokens for usage in usages if usage and usage.prompt_tokens_details]
    assert cached[0] == 0
    assert cached[1]
    assert cached[1] > 100


def test_rate_limits_show_in_headers_and_bite_where_enforced(emulator: EmulatorProcess) -> None:
    with openai.OpenAI(base_url=f"{emulator.urls['frugal']}/v1", api_key="any", max_retries=0) as client:
        raw = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=asked("Hello"))
        assert raw.headers["x-ratelimit-limit-requests"] == "2"
        client.chat.completions.create(model="gpt-4o", messages=asked("Hello"))
        with pytest.raises(openai.RateLimitError) as refused:
            client.chat.completions.create(model="gpt-4o", messages=asked("Hello"))
    assert float(refused.value.response.headers["retry-after"]) > 0
    assert refused.value.code == "rate_limit_exceeded"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (409, openai.ConflictError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
def test_every_error_class_of_the_sdk_can_be_had(gpt: openai.OpenAI, status: int, error: type[openai.APIStatusError]) -> None:
    with pytest.raises(error) as raised:
        gpt.chat.completions.create(
            model="gpt-4o", messages=asked("Hello"), extra_headers={"x-emulate": f"error status={status}"}
        )
    assert raised.value.status_code == status
    assert raised.value.request_id


def test_an_error_in_the_midst_of_a_stream_is_raised(gpt: openai.OpenAI) -> None:
    stream = gpt.chat.completions.create(
        model="gpt-4o", messages=asked("[emulate: error after=4 message=Woe] Hello"), stream=True
    )

    with pytest.raises(openai.APIError, match="Woe"):
        list(stream)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"messages": []}, "empty array"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "Supported values are"),
        ({"messages": asked("x"), "temperature": 3}, "temperature"),
        ({"messages": asked("x"), "max_tokens": 0}, "integer below minimum"),
        ({"messages": asked("x"), "stream_options": {"include_usage": True}}, "only allowed when 'stream' is enabled"),
        ({"messages": [*asked("x"), {"role": "tool", "tool_call_id": "c", "content": "y"}]}, "must be a response to a preceeding message"),
        ({"messages": asked("x"), "response_format": {"type": "json_object"}}, "must contain the word 'json'"),
        ({"messages": asked("x"), "tool_choice": "required"}, "only allowed when 'tools' are specified"),
        ({"messages": asked("x"), "tools": [{"type": "function", "function": {"name": "a b"}}]}, "does not match pattern"),
        ({"messages": [{"role": "user", "content": 5}]}, "shape"),
        ({"messages": asked("x"), "tools": [{"type": "function", "function": {"name": "f", "parameters": {"$ref": "#/nowhere"}}}], "tool_choice": "required"}, "Invalid schema"),
    ],
)  # fmt: skip
def test_what_a_provider_rejects_is_rejected_in_its_words(gpt: openai.OpenAI, body: dict[str, object], message: str) -> None:
    with pytest.raises(openai.BadRequestError, match=message):
        gpt.post("/chat/completions", body={"model": "gpt-4o", **body}, cast_to=object)


def test_an_unanswered_tool_call_is_rejected(gpt: openai.OpenAI) -> None:
    call: dict[str, Any] = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [*asked("x"), {"role": "assistant", "tool_calls": [call]}, *asked("y")]

    with pytest.raises(openai.BadRequestError, match="did not have response messages: c1"):
        gpt.post("/chat/completions", body={"model": "gpt-4o", "messages": messages}, cast_to=object)


def test_wrong_keys_unknown_models_and_long_prompts_are_refused(emulator: EmulatorProcess) -> None:
    base = f"{emulator.urls['locked']}/v1"
    with openai.OpenAI(base_url=base, api_key="sk-wrong-key-12345", max_retries=0) as stranger:
        with pytest.raises(openai.AuthenticationError, match="Incorrect API key provided") as refused:
            stranger.chat.completions.create(model="known-model", messages=asked("Hello"))
        assert "wrong-key" not in str(refused.value)
    with openai.OpenAI(base_url=base, api_key="right-key", max_retries=0) as client:
        with pytest.raises(openai.NotFoundError, match="does not exist"):
            client.chat.completions.create(model="other-model", messages=asked("Hello"))
        with pytest.raises(openai.BadRequestError) as too_long:
            client.chat.completions.create(model="known-model", messages=asked("word " * 500))
    assert too_long.value.code == "context_length_exceeded"
