"""A Messages request through the canonical form: what is understood, what is carried, and that it comes out as it went in."""

from __future__ import annotations

import pytest

from headworks.domain.errors import Fault
from headworks.domain.message import (
    Document,
    Image,
    OutputFormat,
    Reasoning,
    ReasoningAsk,
    Role,
    Text,
    ToolCall,
    ToolChoice,
    ToolChoiceMode,
    ToolResult,
)
from headworks.domain.target import Quirks
from tests.dialects.anthropic_wire import Json, question, read, target, write

CACHED = {"type": "ephemeral"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
PNG = {"type": "base64", "media_type": "image/png", "data": "iVBOR"}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}

BLOCKS: list[Json] = [
    {"type": "text", "text": "Hi", "cache_control": CACHED, "citations": None},
    {"type": "text", "text": ""},
    {"type": "image", "source": PNG},
    {"type": "image", "source": {"type": "url", "url": "https://a.test/b.png"}, "cache_control": CACHED},
    {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBOR", "new": 1}},
    {"type": "document", "source": PDF, "title": "T", "context": "C", "citations": {"enabled": True}},
    {"type": "document", "source": PDF, "title": None, "context": ""},
    {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "plain"}},
    {"type": "document", "source": {"type": "url", "url": "https://a.test/b.pdf"}},
    {"type": "document", "source": {"type": "file", "file_id": "file_2"}},
    {
        "type": "document",
        "source": {"type": "content", "content": [{"type": "text", "text": "a"}, {"type": "image", "source": PNG}]},
    },
    {"type": "document", "source": {"type": "content", "content": "words"}},
    {"type": "search_result", "source": "https://a.test", "title": "T", "content": [{"type": "text", "text": "x"}]},
    {"type": "container_upload", "file_id": "file_3"},
    {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": [1, None]}, "caller": {"type": "direct"}},
    {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}},
    {"type": "tool_result", "tool_use_id": "toolu_1", "content": "plain"},
    {"type": "tool_result", "tool_use_id": "toolu_1", "content": ""},
    {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": True, "cache_control": CACHED},
    {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": False, "content": []},
    {
        "type": "tool_result",
        "tool_use_id": "toolu_1",
        "content": [{"type": "text", "text": "x"}, {"type": "image", "source": PNG}],
    },
    {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "tool_reference", "tool_name": "f"}]},
    {"type": "thinking", "thinking": "hm", "signature": "sig"},
    {"type": "thinking", "thinking": "", "signature": ""},
    {"type": "redacted_thinking", "data": "opaque"},
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}},
    {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"type": "web_search_result", "url": "u"}]},
    {"type": "mcp_tool_use", "id": "mcptoolu_1", "name": "f", "input": {}, "server_name": "s"},
    {"type": "compaction", "content": "summary"},
    {"type": "of_the_future", "anything": {"deep": True}},
]

FIELDS: list[Json] = [
    {"system": "Be brief."},
    {"system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]},
    {"system": []},
    {"system": ""},
    {"system": None},
    {"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": []}, {"role": "assistant", "content": "b"}]},
    {"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "b", "name": "n"}]},
    {"messages": [{"role": "user"}, {"role": "user", "content": None}]},
    {"temperature": 0.5, "top_p": 1, "top_k": 40},
    {"temperature": None, "top_p": None, "top_k": None, "stop_sequences": None, "stream": None, "max_tokens": None},
    {"stop_sequences": ["\n\n", "END"], "stream": True},
    {"stop_sequences": [], "tools": []},
    {"tools": [{"name": "f", "input_schema": SCHEMA}]},
    {
        "tools": [
            {"type": "custom", "name": "f", "description": "d", "input_schema": SCHEMA, "strict": True, "cache_control": CACHED}
        ]
    },
    {"tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 2}, {"name": "f", "input_schema": None}]},
    {"tool_choice": {"type": "auto"}},
    {"tool_choice": {"type": "any", "disable_parallel_tool_use": True}},
    {"tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": False}},
    {"tool_choice": {"type": "none"}},
    {"tool_choice": {"type": "auto", "of_the_future": 1}},
    {"thinking": {"type": "enabled", "budget_tokens": 2048, "display": "summarized"}},
    {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}},
    {"thinking": {"type": "disabled"}, "output_config": {"effort": "low", "task_budget": {"total": 5}}},
    {"thinking": {"type": "between_tools"}},
    {"thinking": None, "output_config": None},
    {"thinking": {"type": "enabled"}},
    {"output_config": {"effort": "medium"}},
    {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    {"output_config": {"format": {"type": "grammar", "of_the_future": 1}, "effort": "max"}},
    {"output_format": {"type": "json_schema", "schema": SCHEMA}},
    {"output_format": None},
    {"metadata": {"user_id": "u1"}},
    {"metadata": {"user_id": None}},
    {"metadata": {"user_id": "u1", "more": 1}},
    {"service_tier": "auto", "container": "c_1", "mcp_servers": [{"type": "url", "url": "u", "name": "n"}]},
    {"context_management": {"edits": []}, "inference_geo": "us", "cache_control": CACHED, "speed": "fast"},
]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: str(block["type"]))
def test_every_block_comes_out_as_it_went_in(block: Json) -> None:
    body = question(messages=[{"role": "user", "content": [block, block]}])

    assert write(read(body)) == (body, [])


@pytest.mark.parametrize("fields", FIELDS, ids="+".join)
def test_every_field_comes_out_as_it_went_in(fields: Json) -> None:
    body = question(**fields)

    assert write(read(body)) == (body, [])


def test_the_model_sent_is_the_targets() -> None:
    body, _ = write(read(question(model="alias")), target("claude-x"))

    assert body["model"] == "claude-x"


def test_what_a_provider_rejects_is_left_out_and_reported() -> None:
    body, losses = write(read(question(top_k=3)), target(quirks=_dropping("top_k", "absent")))

    assert "top_k" not in body
    assert [(loss.path, loss.what) for loss in losses] == [("top_k", "left out: anthropic rejects it")]


def test_blocks_are_understood() -> None:
    """The parts that other dialects and guards work with."""
    content = [BLOCKS[0], BLOCKS[3], BLOCKS[6], BLOCKS[11], BLOCKS[15], BLOCKS[19], BLOCKS[23], BLOCKS[25]]

    message = read(question(messages=[{"role": "user", "content": content}])).messages[0]

    assert message.parts == (
        Text(text="Hi", extra={"cache_control": CACHED, "citations": None}),
        Image(url="https://a.test/b.png", extra={"cache_control": CACHED}),
        Document(media_type="application/pdf", data="JVBERi0=", name="T", context="C", extra={"citations": {"enabled": True}}),
        Document(text="a", extra={"source": BLOCKS[11]["source"]}),
        ToolCall(id="toolu_1", name="f", parsed={"a": [1, None]}, extra={"caller": {"type": "direct"}}),
        ToolResult(call_id="toolu_1", is_error=True, extra={"cache_control": CACHED}),
        Reasoning(text="hm", signature="sig"),
        Reasoning(redacted="opaque"),
    )


def test_the_system_prompt_is_the_first_message_and_stands_apart() -> None:
    prompt, turn = read(question(system="Be brief.")).messages

    assert (prompt.role, prompt.parts, prompt.apart) == (Role.SYSTEM, (Text(text="Be brief."),), True)
    assert not turn.apart


@pytest.mark.parametrize(
    ("wire", "choice"),
    [
        ({"type": "auto"}, ToolChoice(mode=ToolChoiceMode.AUTO)),
        ({"type": "any", "disable_parallel_tool_use": True}, ToolChoice(mode=ToolChoiceMode.REQUIRED, parallel=False)),
        ({"type": "tool", "name": "f"}, ToolChoice(mode=ToolChoiceMode.NAMED, name="f")),
        ({"type": "none"}, ToolChoice(mode=ToolChoiceMode.NONE)),
    ],
)
def test_tool_choices_are_understood(wire: Json, choice: ToolChoice) -> None:
    assert read(question(tool_choice=wire)).tool_choice == choice


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, ReasoningAsk(budget=2048)),
        ({"thinking": {"type": "adaptive"}}, ReasoningAsk(extra={"type": "adaptive"})),
        ({"thinking": {"type": "disabled"}}, ReasoningAsk(enabled=False)),
        ({"output_config": {"effort": "high"}}, ReasoningAsk(effort="high")),
        ({}, None),
    ],
)
def test_thinking_is_understood(fields: Json, asked: ReasoningAsk | None) -> None:
    assert read(question(**fields)).reasoning == asked


def test_structured_output_is_understood_in_both_spellings() -> None:
    wanted = {"type": "json_schema", "schema": SCHEMA}

    assert read(question(output_config={"format": wanted})).output == OutputFormat(kind="json_schema", schema=SCHEMA)
    older = read(question(output_format=wanted)).output
    assert older is not None
    assert older.schema == SCHEMA


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": "hi"}, "messages"),
        ({"messages": ["hi"]}, "messages.0"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "messages.0.content.0"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]}, "messages.0.content.0.text"),
        ({"temperature": "hot"}, "temperature"),
        ({"stop_sequences": "END"}, "stop_sequences"),
        ({"tools": [1]}, "tools"),
    ],
)
def test_a_malformed_request_is_refused_with_its_place(fields: Json, param: str) -> None:
    with pytest.raises(Fault) as caught:
        read(question(**fields))

    assert (caught.value.code, caught.value.param) == ("invalid_request", param)


def _dropping(*names: str) -> Quirks:
    return Quirks(drop=names)
