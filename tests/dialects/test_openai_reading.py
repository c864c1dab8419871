"""What a Chat Completions request means in canonical form."""

from __future__ import annotations

from typing import Any

import pytest

from headworks.domain.errors import Fault
from headworks.domain.message import (
    Audio,
    Conversation,
    Document,
    Image,
    Message,
    Opaque,
    OutputFormat,
    Part,
    Reasoning,
    ReasoningAsk,
    Refusal,
    Role,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolChoiceMode,
    ToolResult,
)
from tests.dialects.openai_wire import DIALECT, Json, ask


def talk(**body: Any) -> Conversation:
    return DIALECT.read_request(ask(body))


def message(wire: Json) -> Message:
    return talk(messages=[wire]).messages[0]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "text", "text": "a"}, Text(text="a")),
        (
            {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
            Text(text="a", extra={"cache_control": {"type": "ephemeral"}}),
        ),
        ({"type": "image_url", "image_url": {"url": "https://x/y", "detail": "low"}}, Image(url="https://x/y", detail="low")),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}, Image(media_type="image/png", data="AA")),
        ({"type": "image_url", "image_url": "https://x/y"}, Image(url="https://x/y", extra={"image_url": ""})),
        ({"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}, Audio(data="AA", format="wav")),
        (
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,QQ"}},
            Document(media_type="application/pdf", data="QQ", name="a.pdf"),
        ),
        ({"type": "file", "file": {"file_id": "file-1"}}, Document(file_id="file-1")),
        ({"type": "document_url", "document_url": "https://x/y"}, Document(url="https://x/y", extra={"type": "document_url"})),
        (
            {"type": "document_url", "document_url": "data:application/pdf;base64,QQ", "document_name": "a"},
            Document(media_type="application/pdf", data="QQ", name="a", extra={"type": "document_url"}),
        ),
        ({"type": "refusal", "refusal": "no"}, Refusal(text="no", extra={"type": "refusal"})),
        ({"type": "video_url", "video_url": {"url": "x"}}, Opaque(raw={"type": "video_url", "video_url": {"url": "x"}})),
    ],
)
def test_content_parts(part: Json, expected: Part) -> None:
    assert message({"role": "user", "content": [part]}).parts == (expected,)


def test_plain_null_and_absent_content() -> None:
    assert message({"role": "user", "content": "a"}) == Message(role=Role.USER, parts=(Text(text="a"),), plain=True)
    assert message({"role": "assistant", "content": None}) == Message(role=Role.ASSISTANT, null=True)
    assert message({"role": "assistant"}) == Message(role=Role.ASSISTANT, absent=True)
    assert message({"role": "developer", "content": "a", "name": "n"}).name == "n"


def test_an_assistants_turn() -> None:
    wire = {
        "role": "assistant",
        "content": "b",
        "reasoning_content": "a",
        "refusal": "c",
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        "prefix": True,
    }

    assert message(wire) == Message(
        role=Role.ASSISTANT,
        parts=(Reasoning(text="a"), Text(text="b"), Refusal(text="c"), ToolCall(id="1", name="f", arguments="{}")),
        plain=True,
        extra={"prefix": True},
    )


def test_reasoning_with_its_signature_comes_back() -> None:
    details = [
        {"type": "reasoning.text", "text": "a", "signature": "s", "format": "anthropic-claude-v1", "index": 0},
        {"type": "reasoning.encrypted", "data": "d", "index": 1},
        {"type": "reasoning.summary", "summary": "b"},
    ]

    parts = message({"role": "assistant", "content": None, "reasoning": "a", "reasoning_details": details}).parts

    assert parts == (
        Reasoning(text="a", signature="s", extra={"type": "reasoning.text", "format": "anthropic-claude-v1", "index": 0}),
        Reasoning(redacted="d", extra={"type": "reasoning.encrypted", "index": 1}),
        Reasoning(text="b", extra={"type": "reasoning.summary"}),
    )


@pytest.mark.parametrize(
    ("wire", "result"),
    [
        ({"tool_call_id": "1", "content": "a"}, ToolResult(call_id="1", content=(Text(text="a"),), plain=True)),
        ({"tool_call_id": "1", "content": [{"type": "text", "text": "a"}]}, ToolResult(call_id="1", content=(Text(text="a"),))),
        ({"name": "f", "content": "a"}, ToolResult(call_id="f", content=(Text(text="a"),), plain=True, extra={"by": "name"})),
    ],
)
def test_tool_results(wire: Json, result: ToolResult) -> None:
    read = message({"role": "tool", **wire})

    assert (read.role, read.parts) == (Role.TOOL, (result,))


def test_a_functions_result_of_old_is_a_tools() -> None:
    assert message({"role": "function", "name": "f", "content": "a"}).role is Role.TOOL


def test_tools() -> None:
    function = {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True}

    assert talk(tools=[{"type": "function", "function": function}, {"type": "web_search", "x": 1}]).tools == (
        Tool(name="f", description="d", parameters={"type": "object"}, strict=True),
        Tool(raw={"type": "web_search", "x": 1}),
    )


@pytest.mark.parametrize(
    ("body", "choice"),
    [
        ({}, None),
        ({"tool_choice": "auto"}, ToolChoice(mode=ToolChoiceMode.AUTO)),
        ({"tool_choice": "required"}, ToolChoice(mode=ToolChoiceMode.REQUIRED)),
        ({"tool_choice": "any"}, ToolChoice(mode=ToolChoiceMode.REQUIRED, raw="any")),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, ToolChoice(mode=ToolChoiceMode.NAMED, name="f")),
        ({"parallel_tool_calls": False}, ToolChoice(mode=ToolChoiceMode.AUTO, parallel=False, implied=True)),
        (
            {"tool_choice": {"type": "allowed_tools", "allowed_tools": {}}},
            ToolChoice(mode=ToolChoiceMode.AUTO, raw={"type": "allowed_tools", "allowed_tools": {}}),
        ),
    ],
)
def test_tool_choices(body: Json, choice: ToolChoice | None) -> None:
    assert talk(**body).tool_choice == choice


@pytest.mark.parametrize(
    ("wire", "form"),
    [
        ({"type": "json_object"}, OutputFormat(kind="json_object")),
        (
            {"type": "json_schema", "json_schema": {"name": "n", "schema": {"a": 1}, "strict": True, "description": "d"}},
            OutputFormat(kind="json_schema", name="n", schema={"a": 1}, strict=True, description="d"),
        ),
    ],
)
def test_forms_of_output(wire: Json, form: OutputFormat) -> None:
    assert talk(response_format=wire).output == form


@pytest.mark.parametrize(
    ("body", "reasoning"),
    [
        ({"reasoning_effort": "high"}, ReasoningAsk(effort="high")),
        ({"reasoning_effort": "none"}, ReasoningAsk(effort="none", enabled=False)),
        ({"reasoning": {"effort": "low"}}, ReasoningAsk(effort="low", extra={"reasoning": {"effort": "low"}})),
        ({"reasoning": {"max_tokens": 900}}, ReasoningAsk(budget=900, extra={"reasoning": {"max_tokens": 900}})),
        ({"thinking": {"type": "disabled"}}, ReasoningAsk(enabled=False, extra={"thinking": {"type": "disabled"}})),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 900}},
            ReasoningAsk(budget=900, extra={"thinking": {"type": "enabled", "budget_tokens": 900}}),
        ),
        ({"enable_thinking": False}, ReasoningAsk(enabled=False, extra={"enable_thinking": False})),
    ],
)
def test_ways_to_ask_for_thought(body: Json, reasoning: ReasoningAsk) -> None:
    assert talk(**body).reasoning == reasoning


def test_everything_else() -> None:
    read = talk(
        temperature=0.5,
        top_p=0.9,
        top_k=5,
        seed=7,
        frequency_penalty=1,
        presence_penalty=2,
        max_completion_tokens=50,
        stop="END",
        n=2,
        stream=True,
        stream_options={"include_usage": True},
        user="u",
        metadata={"a": "b"},
        unheard_of=[1],
        temperature_=None,
    )

    assert read.sampling == Sampling(temperature=0.5, top_p=0.9, top_k=5, seed=7, frequency_penalty=1, presence_penalty=2)
    assert (read.max_tokens, read.max_tokens_field, read.stop, read.stop_plain) == (50, "max_completion_tokens", ("END",), True)
    assert (read.choices, read.stream, read.include_usage, read.user, read.metadata) == (2, True, True, "u", {"a": "b"})
    assert read.extra == {"unheard_of": [1], "temperature_": None}
    assert (read.dialect, read.model) == ("openai_chat", "m")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "Hi"}, "messages"),
        ({"messages": ["Hi"]}, "messages[0]"),
        ({"messages": [{"role": "robot"}]}, "messages[0].role"),
        ({"messages": [{"content": "Hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"text": "a"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content[0].image_url"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"id": "1"}]}]}, "messages[0].tool_calls[0].function"),
        ({"tools": "all"}, "tools"),
        ({"tool_choice": 5}, "tool_choice"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"seed": 1.5}, "seed"),
        ({"stop": [1]}, "stop"),
        ({"response_format": "json"}, "response_format"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"metadata": "x"}, "metadata"),
        ({"parallel_tool_calls": "no"}, "parallel_tool_calls"),
    ],
)
def test_what_is_wrong_is_named(body: Json, param: str) -> None:
    with pytest.raises(Fault) as caught:
        talk(**body)

    assert (caught.value.code, caught.value.param) == ("invalid_request", param)
    assert caught.value.message.startswith(param)
