"""Another dialect's conversation as a Chat Completions request: what can be said, what is said otherwise, what is reported."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headworks.domain.message import (
    Audio,
    Conversation,
    Document,
    Downgrade,
    Image,
    Message,
    Opaque,
    OutputFormat,
    Part,
    Reasoning,
    ReasoningAsk,
    Role,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolChoiceMode,
    ToolResult,
)
from tests.dialects.openai_wire import DIALECT, Json, target

USER = Message(role=Role.USER, parts=(Text(text="Hi"),), plain=True)


def talk(*messages: Message, **fields: Any) -> Conversation:
    """What an Anthropic client might have asked."""
    return Conversation(dialect="anthropic", model="alias", messages=messages or (USER,), **fields)


def written(conversation: Conversation, **quirks: Any) -> tuple[Json, list[str]]:
    """The body, and the paths of what could not be said."""
    body, downgrades = DIALECT.write_request(conversation, target(**quirks))
    return json.loads(body), [downgrade.path for downgrade in downgrades]


def turn(role: Role, *parts: Part) -> Message:
    return Message(role=role, parts=parts)


def test_a_plain_question() -> None:
    question = talk(
        turn(Role.SYSTEM, Text(text="Be brief.")),
        turn(Role.USER, Text(text="Hi")),
        max_tokens=50,
        sampling=Sampling(temperature=0.5, top_p=0.9),
        stop=("END",),
        user="u-1",
        stream=True,
    )

    assert written(question) == (
        {
            "model": "model",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
            "max_completion_tokens": 50,
            "temperature": 0.5,
            "top_p": 0.9,
            "stop": ["END"],
            "user": "u-1",
            "stream": True,
            "stream_options": {"include_usage": True},
        },
        [],
    )


def test_pictures_and_documents() -> None:
    question = talk(
        turn(
            Role.USER,
            Image(media_type="image/png", data="AA"),
            Image(url="https://x/y.png"),
            Document(media_type="application/pdf", data="QQ"),
            Document(text="plain words", media_type="text/plain"),
            Text(text="?"),
        )
    )

    body, lost = written(question)

    assert body["messages"][0]["content"] == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
        {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,QQ", "filename": "document.pdf"}},
        {"type": "text", "text": "plain words"},
        {"type": "text", "text": "?"},
    ]
    assert lost == ["messages[0].content[3]"]


@pytest.mark.parametrize(
    "part",
    [
        Document(url="https://x/y.pdf"),
        Document(file_id="file_1"),
        Image(file_id="file_1"),
        Opaque(raw={"type": "search_result"}),
        Audio(id="audio_1"),
        Text(text="a", extra={"citations": []}),
    ],
)
def test_what_cannot_be_said_is_reported(part: Part) -> None:
    body, lost = written(talk(turn(Role.USER, part, Text(text="?"))))

    assert body["messages"][0]["content"][-1] == {"type": "text", "text": "?"}
    assert len(lost) == 1
    assert lost[0].startswith("messages[0].content[0]")


def test_a_conversation_with_tools() -> None:
    question = talk(
        turn(Role.USER, Text(text="Weather?")),
        turn(
            Role.ASSISTANT,
            Text(text="Let me see."),
            ToolCall(id="toolu_1", name="sun", parsed={"x": 1}),
            ToolCall(id="toolu_2", name="rain", arguments='{"y":2}'),
        ),
        turn(
            Role.USER,
            ToolResult(call_id="toolu_1", content=(Text(text="sunny"),), plain=True),
            ToolResult(call_id="toolu_2", content=(Text(text="a"), Image(media_type="image/png", data="AA"), Text(text="b"))),
            Text(text="And now?"),
        ),
        tools=(Tool(name="sun", description="The sun", parameters={"type": "object"}, strict=True),),
        tool_choice=ToolChoice(mode=ToolChoiceMode.NAMED, name="sun", parallel=False),
    )

    body, lost = written(question)

    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": "Let me see.",
            "tool_calls": [
                {"id": "toolu_1", "type": "function", "function": {"name": "sun", "arguments": '{"x":1}'}},
                {"id": "toolu_2", "type": "function", "function": {"name": "rain", "arguments": '{"y":2}'}},
            ],
        },
        {"role": "tool", "tool_call_id": "toolu_1", "content": "sunny"},
        {"role": "tool", "tool_call_id": "toolu_2", "content": "ab"},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
                {"type": "text", "text": "And now?"},
            ],
        },
    ]
    assert body["tools"] == [
        {
            "type": "function",
            "function": {"name": "sun", "description": "The sun", "parameters": {"type": "object"}, "strict": True},
        }
    ]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "sun"}}
    assert body["parallel_tool_calls"] is False
    assert lost == ["messages[2]"]


def test_a_call_without_words_has_no_content() -> None:
    question = talk(USER, turn(Role.ASSISTANT, ToolCall(id="1", name="f", parsed={})), turn(Role.TOOL, ToolResult(call_id="1")))

    body, _ = written(question)

    assert body["messages"][1]["content"] is None
    assert body["messages"][2] == {"role": "tool", "tool_call_id": "1", "content": ""}


def test_server_tools_of_another_provider_are_reported() -> None:
    body, lost = written(
        talk(tools=(Tool(raw={"type": "web_search_20250305"}),), tool_choice=ToolChoice(mode=ToolChoiceMode.AUTO))
    )

    assert "tools" not in body
    assert "tool_choice" not in body
    assert lost == ["tools[0]"]


THOUGHT = turn(Role.ASSISTANT, Reasoning(text="Hm", signature="sig"), Text(text="Yes."))


def test_reasoning_goes_where_the_provider_wants_it() -> None:
    body, lost = written(talk(USER, THOUGHT, USER), reasoning_field="reasoning_content")

    assert body["messages"][1] == {"role": "assistant", "content": "Yes.", "reasoning_content": "Hm"}
    assert lost == ["messages[1].reasoning.signature"]


def test_reasoning_is_reported_where_nobody_wants_it() -> None:
    body, lost = written(talk(USER, THOUGHT, USER))

    assert body["messages"][1] == {"role": "assistant", "content": "Yes."}
    assert lost == ["messages[1].reasoning"]


@pytest.mark.parametrize(
    ("reasoning", "effort", "lost"),
    [
        (ReasoningAsk(budget=1024), "low", ["reasoning.budget"]),
        (ReasoningAsk(budget=8000), "medium", ["reasoning.budget"]),
        (ReasoningAsk(budget=32_000), "high", ["reasoning.budget"]),
        (ReasoningAsk(effort="high", budget=1024), "high", []),
        (ReasoningAsk(enabled=False), None, ["reasoning"]),
        (ReasoningAsk(), None, []),
    ],
)
def test_a_budget_of_thought_becomes_an_effort(reasoning: ReasoningAsk, effort: str | None, lost: list[str]) -> None:
    body, paths = written(talk(reasoning=reasoning))

    assert (body.get("reasoning_effort"), paths) == (effort, lost)


def test_structured_output() -> None:
    body, _ = written(talk(output=OutputFormat(kind="json_schema", schema={"type": "object"}, strict=True)))

    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True},
    }


def test_what_openai_has_no_field_for_is_reported() -> None:
    _, lost = written(
        talk(
            sampling=Sampling(top_k=5),
            stop=("a", "b", "c", "d", "e"),
            metadata={"campaign": "x"},
            extra={"container": {"id": "c"}, "mcp_servers": None},
        )
    )

    assert sorted(lost) == ["campaign", "container", "stop", "top_k"]


def test_another_dialects_name_for_a_thing_is_no_loss() -> None:
    tool = Tool(name="f", extra={"type": "custom", "cache_control": {"type": "ephemeral"}})

    _, downgrades = DIALECT.write_request(talk(tools=(tool,)), target())

    assert downgrades == (
        Downgrade("tools[0].cache_control", "left out: OpenAI's servers decide for themselves what they cache"),
    )


def test_a_turn_to_be_continued_is_reported() -> None:
    _, lost = written(talk(USER, turn(Role.ASSISTANT, Text(text="The answer is"))))

    assert lost == ["messages[1]"]


def test_an_errors_mark_is_reported() -> None:
    _, lost = written(talk(USER, turn(Role.USER, ToolResult(call_id="1", content=(Text(text="boom"),), is_error=True))))

    assert lost == ["messages[1].is_error"]


def test_the_providers_habits_are_kept() -> None:
    question = talk(
        turn(Role.DEVELOPER, Text(text="a")), USER, turn(Role.SYSTEM, Text(text="b")), USER, max_tokens=5, user="u", stream=True
    )

    body, lost = written(
        question,
        max_tokens_field="max_tokens",
        developer_role=False,
        no_system_after_first=True,
        stream_usage=False,
        drop=("user",),
    )

    assert [message["role"] for message in body["messages"]] == ["system", "user", "user", "user"]
    assert (body["max_tokens"], "user" in body, "stream_options" in body) == (5, False, False)
    assert lost == ["messages[2].role", "user"]


def test_reports_say_what_became_of_it() -> None:
    _, downgrades = DIALECT.write_request(talk(reasoning=ReasoningAsk(budget=8000)), target())

    assert downgrades == (Downgrade("reasoning.budget", "a budget of 8000 tokens is said as effort 'medium'"),)


def test_a_text_document_keeps_its_title_and_what_it_is_about() -> None:
    about = Document(media_type="text/plain", text="Oslo is wet.", name="Weather", context="Of 1900")

    body, lost = written(talk(turn(Role.USER, about, Text(text="Hi"))))

    assert body["messages"][0]["content"][0] == {"type": "text", "text": "Weather\nOf 1900\nOslo is wet."}
    assert lost == ["messages[0].content[0]"]


def test_verbosity_is_a_word_of_both_of_openais_languages() -> None:
    asked = Conversation(dialect="openai_responses", model="alias", messages=(USER,), extra={"verbosity": "low"})

    body, lost = written(asked)

    assert (body["verbosity"], lost) == ("low", [])
