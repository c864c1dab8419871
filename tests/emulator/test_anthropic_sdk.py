"""The unchanged Anthropic SDK finds a provider in the emulator."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest
from anthropic.types import MessageParam, ToolParam
from pydantic import BaseModel

from headworks.testing.emulator import EmulatorProcess
from headworks.testing.emulator.mind import REDACT, REFUSE

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
MODEL = "claude-emulated"
WEATHER: ToolParam = {
    "name": "get_weather",
    "description": "The weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def asked(text: str) -> list[MessageParam]:
    return [{"role": "user", "content": text}]


def test_a_stream_says_the_same_as_the_whole_answer(claude: anthropic.Anthropic) -> None:
    whole = claude.messages.create(model=MODEL, max_tokens=500, messages=asked("Explain sluices."))
    with claude.messages.stream(model=MODEL, max_tokens=500, messages=asked("Explain sluices.")) as stream:
        final = stream.get_final_message()

    assert whole.content[0].type == "text"
    assert final.content[0].type == "text"
    assert final.content[0].text == whole.content[0].text
    assert "sluices" in whole.content[0].text.lower()
    assert final.usage.output_tokens == whole.usage.output_tokens
    assert final.stop_reason == whole.stop_reason == "end_turn"


def test_tools_are_called_in_parallel_and_their_results_used(claude: anthropic.Anthropic) -> None:
    messages = asked("What is the weather in both Oslo and Riga?")
    with claude.messages.stream(model=MODEL, max_tokens=500, messages=messages, tools=[WEATHER]) as stream:
        first = stream.get_final_message()
    uses = [block for block in first.content if block.type == "tool_use"]

    assert first.stop_reason == "tool_use"
    assert [use.input for use in uses] == [{"city": "Oslo"}, {"city": "Riga"}]

    results: Any = [
        {"type": "tool_result", "tool_use_id": use.id, "content": f"sleet {number}"} for number, use in enumerate(uses)
    ]
    turns: list[MessageParam] = [
        *messages,
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": results},
    ]
    second = claude.messages.create(model=MODEL, max_tokens=500, messages=turns, tools=[WEATHER])

    assert second.content[0].type == "text"
    assert "sleet 0 and sleet 1" in second.content[0].text


def test_disabled_parallel_use_calls_one_tool(claude: anthropic.Anthropic) -> None:
    answer = claude.messages.create(
        model=MODEL,
        max_tokens=500,
        messages=asked("What is the weather in both Oslo and Riga?"),
        tools=[WEATHER],
        tool_choice={"type": "any", "disable_parallel_tool_use": True},
    )

    assert [block.type for block in answer.content] == ["tool_use"]


@pytest.mark.parametrize("prompt", ["Why does it rain?", f"Why does it rain? {REDACT}"])
def test_thinking_must_come_back_as_it_went(claude: anthropic.Anthropic, prompt: str) -> None:
    """Signed or redacted; with tools in play a final assistant turn must begin with it."""
    messages = asked(prompt)
    thinking: Any = {"type": "enabled", "budget_tokens": 1024}
    with claude.messages.stream(model=MODEL, max_tokens=2000, messages=messages, thinking=thinking) as stream:
        first = stream.get_final_message()

    assert first.content[0].type == ("redacted_thinking" if REDACT in prompt else "thinking")
    assert first.usage.output_tokens_details is not None
    assert first.usage.output_tokens_details.thinking_tokens > 0

    turn: list[MessageParam] = [*messages, {"role": "assistant", "content": first.content}, *asked("Go on.")]
    claude.messages.create(model=MODEL, max_tokens=2000, messages=turn, thinking=thinking)

    tampered = [block.model_dump() for block in first.content]
    tampered[0]["data" if REDACT in prompt else "thinking"] = "c29tZXRoaW5nIGVsc2U="
    turn[1] = {"role": "assistant", "content": tampered}  # type: ignore[typeddict-item]  # wire objects, on purpose
    with pytest.raises(anthropic.BadRequestError, match="Invalid `"):
        claude.messages.create(model=MODEL, max_tokens=2000, messages=turn, thinking=thinking)


def test_a_tool_turn_without_its_thinking_is_rejected(claude: anthropic.Anthropic) -> None:
    use: Any = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Oslo"}}
    result: Any = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "sleet"}
    messages: list[MessageParam] = [
        *asked("Weather?"),
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [result]},
    ]

    with pytest.raises(anthropic.BadRequestError, match="Expected `thinking` or `redacted_thinking`, but found `tool_use`"):
        claude.messages.create(
            model=MODEL,
            max_tokens=2000,
            messages=messages,
            tools=[WEATHER],
            thinking={"type": "enabled", "budget_tokens": 1024},
        )


class Contact(BaseModel):
    name: str
    email: str


def test_structured_output_fits_the_schema(claude: anthropic.Anthropic) -> None:
    parsed = claude.messages.parse(model=MODEL, max_tokens=500, messages=asked("Who wrote that?"), output_format=Contact)

    assert isinstance(parsed.parsed_output, Contact)


def test_images_and_documents_are_taken_and_counted(claude: anthropic.Anthropic, emulator: EmulatorProcess) -> None:
    image: Any = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    document: Any = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "A treatise on locks."}}
    claude.messages.create(
        model="seer-a",
        max_tokens=50,
        messages=[{"role": "user", "content": [image, document, {"type": "text", "text": "See?"}]}],
    )

    counts = emulator.counts()["models"]["seer-a"]
    assert (counts["images"], counts["documents"]) == (1, 1)


def test_marked_prompts_are_written_to_the_cache_and_read_from_it(emulator: EmulatorProcess) -> None:
    system: Any = [
        {"type": "text", "text": "You know all of canals. " * 30, "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    ]
    with anthropic.Anthropic(base_url=emulator.urls["caching"], api_key="any") as client:
        first, second = (
            client.messages.create(model=MODEL, max_tokens=50, system=system, messages=asked("Hi")).usage for _ in range(2)
        )

    assert first.cache_creation_input_tokens
    assert first.cache_creation is not None
    assert first.cache_creation.ephemeral_1h_input_tokens == first.cache_creation_input_tokens
    assert first.cache_read_input_tokens == 0
    assert second.cache_read_input_tokens == first.cache_creation_input_tokens
    assert second.cache_creation_input_tokens == 0
    assert first.input_tokens == second.input_tokens


def test_counting_tokens_says_what_a_message_will_be_billed(claude: anthropic.Anthropic) -> None:
    counted = claude.messages.count_tokens(model=MODEL, system="Be brief.", messages=asked("Explain rain."), tools=[WEATHER])
    billed = claude.messages.create(
        model=MODEL,
        max_tokens=50,
        system="Be brief.",
        messages=asked("Explain rain."),
        tools=[WEATHER],
        tool_choice={"type": "none"},
    )

    assert counted.input_tokens == billed.usage.input_tokens


def test_the_output_cap_a_stop_sequence_and_a_refusal_are_told_apart(claude: anthropic.Anthropic) -> None:
    capped = claude.messages.create(model=MODEL, max_tokens=4, messages=asked("Explain rain."))
    stopped = claude.messages.create(model=MODEL, max_tokens=400, messages=asked("Explain rain."), stop_sequences=["qqq", "e"])
    refused = claude.messages.create(model=MODEL, max_tokens=400, messages=asked(REFUSE))

    assert (capped.stop_reason, capped.usage.output_tokens) == ("max_tokens", 4)
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", "e")
    assert refused.stop_reason == "refusal"


def test_models_are_listed_and_found(emulator: EmulatorProcess) -> None:
    with anthropic.Anthropic(base_url=emulator.urls["locked"], api_key="right-key") as client:
        assert [model.id for model in client.models.list()] == ["known-model"]
        assert client.models.retrieve("known-model").display_name == "Known Model"


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, anthropic.BadRequestError, "invalid_request_error"),
        (401, anthropic.AuthenticationError, "authentication_error"),
        (403, anthropic.PermissionDeniedError, "permission_error"),
        (404, anthropic.NotFoundError, "not_found_error"),
        (413, anthropic.RequestTooLargeError, "request_too_large"),
        (429, anthropic.RateLimitError, "rate_limit_error"),
        (500, anthropic.InternalServerError, "api_error"),
        (529, anthropic.OverloadedError, "overloaded_error"),
    ],
)
def test_every_error_class_of_the_sdk_can_be_had(
    claude: anthropic.Anthropic, status: int, error: type[anthropic.APIStatusError], kind: str
) -> None:
    with pytest.raises(error) as raised:
        claude.messages.create(
            model=MODEL, max_tokens=9, messages=asked("Hi"), extra_headers={"x-emulate": f"error status={status}"}
        )
    assert raised.value.status_code == status
    assert raised.value.type == kind
    assert raised.value.request_id


def test_an_error_in_the_midst_of_a_stream_is_raised(claude: anthropic.Anthropic) -> None:
    prompt = asked("[emulate: error after=4 status=529] Hello")
    with (
        pytest.raises(anthropic.APIStatusError, match="overloaded_error"),
        claude.messages.stream(model=MODEL, max_tokens=99, messages=prompt) as stream,
    ):
        stream.until_done()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"max_tokens": 5}, "messages: Field required"),
        ({"messages": asked("x")}, "max_tokens: Field required"),
        ({"messages": asked("x"), "max_tokens": 5, "temperature": 1.5}, "temperature: range: 0..1"),
        ({"messages": [{"role": "system", "content": "x"}], "max_tokens": 5}, "top-level `system` parameter"),
        ({"messages": [{"role": "assistant", "content": "x"}], "max_tokens": 5}, 'first message must use the "user" role'),
        ({"messages": [{"role": "user", "content": ""}], "max_tokens": 5}, "non-empty content"),
        ({"messages": [{"role": "user", "content": [{"type": "video"}]}], "max_tokens": 5}, "Input tag 'video'"),
        ({"messages": asked("x"), "max_tokens": 5, "tools": [{"name": "f", "input_schema": {}}]}, "input_schema.type: Field required"),
        ({"messages": asked("x"), "max_tokens": 1024, "thinking": {"type": "enabled", "budget_tokens": 1024}}, "greater than `thinking.budget_tokens`"),
    ],
)  # fmt: skip
def test_what_a_provider_rejects_is_rejected_in_its_words(
    claude: anthropic.Anthropic, body: dict[str, object], message: str
) -> None:
    with pytest.raises(anthropic.BadRequestError) as rejected:
        claude.post("/v1/messages", body={"model": MODEL, **body}, cast_to=object)
    assert message in str(rejected.value)


def test_an_unanswered_tool_use_and_an_unasked_result_are_rejected(claude: anthropic.Anthropic) -> None:
    use: Any = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}
    result: Any = {"type": "tool_result", "tool_use_id": "toolu_2", "content": "sleet"}

    with pytest.raises(anthropic.BadRequestError, match="without `tool_result` blocks immediately after: toolu_1"):
        claude.messages.create(
            model=MODEL, max_tokens=9, messages=[*asked("x"), {"role": "assistant", "content": [use]}, *asked("y")]
        )
    with pytest.raises(anthropic.BadRequestError, match="unexpected `tool_use_id` found in `tool_result` blocks: toolu_2"):
        claude.messages.create(model=MODEL, max_tokens=9, messages=[{"role": "user", "content": [result]}])


def test_wrong_keys_unknown_models_and_long_prompts_are_refused(emulator: EmulatorProcess) -> None:
    base = emulator.urls["locked"]
    with (
        anthropic.Anthropic(base_url=base, api_key="wrong", max_retries=0) as stranger,
        pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key"),
    ):
        stranger.messages.create(model="known-model", max_tokens=9, messages=asked("Hi"))
    with anthropic.Anthropic(base_url=base, api_key="right-key", max_retries=0) as client:
        with pytest.raises(anthropic.NotFoundError, match="model: other-model"):
            client.messages.create(model="other-model", max_tokens=9, messages=asked("Hi"))
        with pytest.raises(anthropic.BadRequestError, match="prompt is too long"):
            client.messages.create(model="known-model", max_tokens=9, messages=asked("word " * 500))
