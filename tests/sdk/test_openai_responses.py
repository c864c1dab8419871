"""OpenAI's Python SDK, unchanged, asking by Responses: translated to chat completions and to Anthropic, and untouched to an upstream that
speaks it too.
"""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from openai.types.responses import FunctionToolParam, ResponseInputParam
from pydantic import BaseModel

from tests.sdk.responses_upstream import ANSWER_ID, SAID, ResponsesUpstream
from tests.system.house import RunningHouse

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WEATHER: FunctionToolParam = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}
BOTH = pytest.mark.parametrize("model", ["gpt", "claude"])
ALL = pytest.mark.parametrize("model", ["gpt", "claude", "native"])


@ALL
def test_a_text_is_answered(gpt: openai.OpenAI, house: RunningHouse, model: str) -> None:
    raw = gpt.responses.with_raw_response.create(
        model=model, instructions="Be brief.", input="Tell me of rivers.", max_output_tokens=200
    )
    answer = raw.parse()

    assert "rivers" in answer.output_text
    assert answer.status == "completed"
    assert answer.usage is not None
    record = house.record(raw.headers["x-request-id"])
    assert (record.usage.input, record.usage.output) == (answer.usage.input_tokens, answer.usage.output_tokens)
    assert record.price > 0


@ALL
def test_a_stream_adds_up_to_its_last_event(gpt: openai.OpenAI, model: str) -> None:
    events = list(gpt.responses.create(model=model, input="Tell me of rivers.", max_output_tokens=200, stream=True))

    said = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert said
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events[:2]] == ["response.created", "response.in_progress"]
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == said
    assert last.response.usage is not None


@ALL
def test_the_sdks_own_stream_helper_understands_it(gpt: openai.OpenAI, model: str) -> None:
    with gpt.responses.stream(model=model, input="Tell me of rivers.", max_output_tokens=200) as stream:
        said = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        final = stream.get_final_response()

    assert final.output_text == said


@BOTH
def test_a_tool_is_called_and_its_result_used(gpt: openai.OpenAI, model: str) -> None:
    turns: ResponseInputParam = [{"role": "user", "content": "What is the weather in Oslo?"}]
    first = gpt.responses.create(model=model, input=turns, tools=[WEATHER], max_output_tokens=500)
    calls = [item for item in first.output if item.type == "function_call"]

    assert [json.loads(call.arguments)["city"] for call in calls] == ["Oslo"]
    turns += [item.to_dict() for item in first.output]  # pyright: ignore[reportAssignmentType, reportOperatorIssue] - as the SDK's own guide does it
    turns.append({"type": "function_call_output", "call_id": calls[0].call_id, "output": "seven degrees and sleet"})
    second = gpt.responses.create(model=model, input=turns, tools=[WEATHER], max_output_tokens=500)
    assert "seven degrees and sleet" in second.output_text


@BOTH
def test_parallel_tool_calls_are_streamed_and_both_answered(gpt: openai.OpenAI, model: str) -> None:
    turns: ResponseInputParam = [{"role": "user", "content": "What is the weather in both Oslo and Riga?"}]
    events = list(
        gpt.responses.create(
            model=model, input=turns, tools=[WEATHER], tool_choice="required", max_output_tokens=500, stream=True
        )
    )
    done = [event.item for event in events if event.type == "response.output_item.done"]
    calls = [item for item in done if item.type == "function_call"]

    assert [json.loads(call.arguments)["city"] for call in calls] == ["Oslo", "Riga"]
    turns += [item.to_dict() for item in done]  # pyright: ignore[reportAssignmentType, reportOperatorIssue] - as the SDK's own guide does it
    for call in calls:
        turns.append({"type": "function_call_output", "call_id": call.call_id, "output": "sleet"})
    assert "sleet" in gpt.responses.create(model=model, input=turns, tools=[WEATHER], max_output_tokens=500).output_text


@BOTH
def test_images(gpt: openai.OpenAI, model: str) -> None:
    answer = gpt.responses.create(
        model=model,
        max_output_tokens=200,
        input=[
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is this?"},
                    {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"},
                ],
            }
        ],
    )
    assert answer.usage is not None
    assert answer.usage.input_tokens > 50
    assert answer.output_text


class Recipe(BaseModel):
    name: str
    minutes: int
    vegetarian: bool


@BOTH
def test_structured_output(gpt: openai.OpenAI, model: str) -> None:
    answer = gpt.responses.parse(model=model, input="A recipe for lentil soup.", text_format=Recipe, max_output_tokens=500)
    assert isinstance(answer.output_parsed, Recipe)


@BOTH
def test_reasoning_is_shown_counted_and_taken_back(gpt: openai.OpenAI, model: str) -> None:
    turns: ResponseInputParam = [{"role": "user", "content": "Why?"}]
    first = gpt.responses.create(model=model, input=turns, reasoning={"effort": "high"}, max_output_tokens=9000)
    thoughts = [item for item in first.output if item.type == "reasoning"]

    assert thoughts[0].summary[0].text
    turns += [item.to_dict() for item in first.output]  # pyright: ignore[reportAssignmentType, reportOperatorIssue] - as the SDK's own guide does it
    turns.append({"role": "user", "content": "And then?"})
    assert gpt.responses.create(model=model, input=turns, reasoning={"effort": "high"}, max_output_tokens=9000).output_text


@BOTH
def test_a_cut_answer_says_that_it_is_incomplete(gpt: openai.OpenAI, model: str) -> None:
    answer = gpt.responses.create(model=model, input="Tell me of rivers.", max_output_tokens=16)

    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"


def test_tokens_are_counted(gpt: openai.OpenAI) -> None:
    assert gpt.responses.input_tokens.count(model="gpt", input="Tell me of rivers.").input_tokens > 0


@BOTH
def test_codex_is_served_by_models_of_other_languages(gpt: openai.OpenAI, model: str) -> None:
    """Its request: developer turns, a function, a tool of plain text, and fields about itself."""
    events = list(gpt.responses.create(model=model, **_codex("What is the weather in Oslo?")))

    assert events[-1].type == "response.completed"
    calls = [item for item in events[-1].response.output if item.type == "function_call"]
    assert all(json.loads(call.arguments) for call in calls)


def test_codex_passes_untouched_where_the_upstream_speaks_its_language(
    gpt: openai.OpenAI, responses_upstream: ResponsesUpstream
) -> None:
    asked = _codex("Hello")

    events = list(gpt.responses.create(model="native", **asked))

    received = responses_upstream.received[-1]
    assert {name: value for name, value in received.items() if name != "model"} == asked
    assert events[-1].type == "response.completed"
    assert (events[-1].response.id, events[-1].response.output_text) == (ANSWER_ID, SAID)


SHELL_CALL: dict[str, Any] = {
    "type": "local_shell_call",
    "call_id": "call_1",
    "status": "completed",
    "action": {"type": "exec", "command": ["ls"], "env": {}},
}
PATCH_CALL: dict[str, Any] = {
    "type": "custom_tool_call",
    "call_id": "call_2",
    "name": "apply_patch",
    "input": "*** Begin Patch",
}
RAN: list[dict[str, Any]] = [
    SHELL_CALL,
    {"type": "local_shell_call_output", "call_id": "call_1", "output": "README.md"},
    PATCH_CALL,
    {"type": "custom_tool_call_output", "call_id": "call_2", "output": "Done."},
]


def test_codexs_own_tools_and_their_calls_pass_untouched(gpt: openai.OpenAI, responses_upstream: ResponsesUpstream) -> None:
    asked = _codex("Hello")
    asked["tools"] += [{"type": "local_shell"}, {"type": "apply_patch"}]
    asked["input"] += RAN

    list(gpt.responses.create(model="native", **asked))

    assert {name: value for name, value in responses_upstream.received[-1].items() if name != "model"} == asked


@BOTH
def test_what_another_language_cannot_say_of_codexs_tools_is_told(gpt: openai.OpenAI, house: RunningHouse, model: str) -> None:
    """A tool of plain text is a function there, its calls included; a shell that only OpenAI's models know is left out."""
    asked = _codex("Hello")
    asked["tools"].append({"type": "local_shell"})
    asked["input"] += RAN

    asked["stream"] = False
    raw = gpt.responses.with_raw_response.create(model=model, **asked)

    told = house.record(raw.headers["x-request-id"]).notes["downgrades"]
    assert "tools[2]: left out" in told
    assert "left out" in raw.headers["x-headworks-downgrades"]
    assert raw.parse().status in {"completed", "incomplete"}


def test_nothing_is_stored_unless_asked_and_allowed(gpt: openai.OpenAI, responses_upstream: ResponsesUpstream) -> None:
    gpt.responses.create(model="native", input="Hello")

    assert responses_upstream.received[-1]["store"] is False
    with pytest.raises(openai.PermissionDeniedError, match="store"):
        gpt.responses.create(model="native", input="Hello", store=True)


@ALL
@pytest.mark.parametrize(
    "asked",
    [
        {"conversation": "conv_1"},
        {"background": True},
        {"input": [{"type": "item_reference", "id": "msg_1"}]},
    ],
    ids=lambda asked: next(iter(asked)),
)
def test_what_needs_a_providers_memory_is_refused_with_words(gpt: openai.OpenAI, model: str, asked: dict[str, Any]) -> None:
    body: dict[str, Any] = {"model": model, "input": "Hello", **asked}
    with pytest.raises(openai.BadRequestError) as refused:
        gpt.responses.create(**body)
    assert refused.value.param == next(iter(asked))
    assert "Send" in refused.value.message or "Leave it out" in refused.value.message


@ALL
def test_a_conversation_goes_on_from_the_last_answer(keeper: openai.OpenAI, model: str) -> None:
    """As OpenAI's guide has it: nothing is said of storing, and the turns before are not sent again."""
    first = keeper.responses.create(model=model, input="What is the weather in Oslo?", tools=[WEATHER], max_output_tokens=500)
    calls = [item for item in first.output if item.type == "function_call"]
    said: ResponseInputParam = [
        {"type": "function_call_output", "call_id": call.call_id, "output": "seven degrees and sleet"} for call in calls
    ] or [{"role": "user", "content": "And then?"}]
    second = keeper.responses.create(
        model=model, input=said, previous_response_id=first.id, tools=[WEATHER], max_output_tokens=500
    )

    assert second.previous_response_id == first.id
    assert second.output_text
    assert "sleet" in second.output_text or model == "native"


@ALL
def test_an_answer_is_retrieved_listed_and_deleted(keeper: openai.OpenAI, stranger: openai.OpenAI, model: str) -> None:
    with keeper.responses.stream(model=model, input="Tell me of rivers.", max_output_tokens=200) as stream:
        made = stream.until_done().get_final_response()

    assert keeper.responses.retrieve(made.id).output_text == made.output_text
    assert [item.type for item in keeper.responses.input_items.list(made.id)] == ["message"]
    for other in (stranger.responses.retrieve, stranger.responses.delete, stranger.responses.input_items.list):
        with pytest.raises(openai.NotFoundError):
            other(made.id)
    with pytest.raises(openai.BadRequestError):
        stranger.responses.create(model=model, input="?", previous_response_id=made.id)
    keeper.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        keeper.responses.retrieve(made.id)


def test_the_providers_own_id_is_of_no_use(keeper: openai.OpenAI, responses_upstream: ResponsesUpstream) -> None:
    keeper.responses.create(model="native", input="Hello")
    assert responses_upstream.received[-1]["store"] is True
    for id_ in ("resp_00000000", ANSWER_ID):
        with pytest.raises(openai.NotFoundError):
            keeper.responses.retrieve(id_)


ERRORS = [(400, openai.BadRequestError), (429, openai.RateLimitError), (500, openai.InternalServerError)]


@pytest.mark.parametrize(("status", "expected"), ERRORS, ids=[str(status) for status, _ in ERRORS])
@BOTH
def test_each_error_of_the_upstream_is_raised_as_its_class(
    gpt: openai.OpenAI, model: str, status: int, expected: type[openai.APIStatusError]
) -> None:
    with pytest.raises(expected) as raised:
        gpt.responses.create(model=model, input=f"[emulate: error status={status}]", max_output_tokens=20)
    assert raised.value.request_id
    assert raised.value.message


@BOTH
def test_a_broken_stream_never_ends_cleanly(gpt: openai.OpenAI, model: str) -> None:
    stream = gpt.responses.create(model=model, input="[emulate: cut after=6]", max_output_tokens=200, stream=True)
    told = list[str]()
    with pytest.raises(openai.APIError):
        told.extend(event.type for event in stream)
    assert "response.completed" not in told


def _codex(text: str) -> dict[str, Any]:
    developer = {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "<permissions>"}]}
    user = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    patch = {
        "type": "custom",
        "name": "apply_patch",
        "description": "Edits files.",
        "format": {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"},
    }
    return {
        "instructions": "You are Codex, a coding agent.",
        "input": [developer, user],
        "tools": [WEATHER, patch],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "reasoning": {"effort": "medium", "summary": "auto"},
        "store": False,
        "stream": True,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "0199-codex",
        "text": {"verbosity": "low"},
    }
