"""Questions of other languages as Converse has them, and what becomes of what it cannot say."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headworks.dialects.bedrock import Bedrock
from headworks.dialects.hub import Hub
from headworks.domain.call import Kind
from headworks.domain.errors import Fault
from tests.dialects.anthropic_wire import ask as anthropic_ask
from tests.dialects.bedrock_wire import CLAUDE, NOVA, Json, target
from tests.dialects.crossing import ANTHROPIC, DIALECTS, OPENAI

HUB = Hub(DIALECTS, {"bedrock": Bedrock()})
PICTURE = "data:image/png;base64,iVBORw0KGgo="


def sent(front: str, model: str = CLAUDE, **fields: Any) -> tuple[Json, list[str]]:
    """What Bedrock gets of a client's request, and the paths of what was lost."""
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **fields}
    if front == ANTHROPIC:
        body = {"max_tokens": 100, **body}
    raw = msgspec.json.encode(body)
    prepared = HUB.prepare(front, Kind.CHAT, HUB.read_ask(front, Kind.CHAT, raw), raw, target(model), None)
    return msgspec.json.decode(prepared.body), [loss.path for loss in prepared.downgrades]


@pytest.mark.parametrize("front", [OPENAI, ANTHROPIC])
def test_a_plain_question_loses_nothing(front: str) -> None:
    body, lost = sent(front, temperature=0.5, max_tokens=100)

    assert body == {
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
        "inferenceConfig": {"maxTokens": 100, "temperature": 0.5},
    }
    assert lost == []


def test_system_prompts_stand_apart_and_cache_marks_become_points() -> None:
    system = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]

    body, lost = sent(ANTHROPIC, system=system)

    assert body["system"] == [{"text": "Be brief."}, {"cachePoint": {"type": "default", "ttl": "1h"}}]
    assert lost == []


def test_calls_and_results_with_pictures_travel() -> None:
    messages = [
        {"role": "user", "content": "Look"},
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "a", "name": "look", "input": {"at": 1}},
                {"type": "tool_use", "id": "b", "name": "look", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "There."},
                {
                    "type": "tool_result",
                    "tool_use_id": "a",
                    "content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}],
                },
                {"type": "tool_result", "tool_use_id": "b", "content": "no", "is_error": True},
            ],
        },
    ]
    tools = [{"name": "look", "input_schema": {"type": "object"}}]

    body, lost = sent(ANTHROPIC, messages=messages, tools=tools, tool_choice={"type": "any"})

    assert lost == []
    assert body["toolConfig"] == {
        "tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}}],
        "toolChoice": {"any": {}},
    }
    first, second, text = body["messages"][2]["content"]
    assert first["toolResult"]["content"] == [{"image": {"format": "png", "source": {"bytes": "AAAA"}}}]
    assert second["toolResult"] == {"toolUseId": "b", "content": [{"text": "no"}], "status": "error"}
    assert text == {"text": "There."}


def test_earlier_calls_without_tools_get_them_named_again() -> None:
    calls = [{"id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"}}]
    messages = [
        {"role": "user", "content": "Look"},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "a", "content": "seen"},
    ]

    body, lost = sent(OPENAI, messages=messages)

    assert [tool["toolSpec"]["name"] for tool in body["toolConfig"]["tools"]] == ["look"]
    assert lost == ["tools"]


def test_a_choice_that_a_model_does_not_know_is_said_as_another_and_reported() -> None:
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]

    body, lost = sent(OPENAI, "meta.llama3-8b-instruct-v1:0", tools=tools, tool_choice="required")

    assert body["toolConfig"]["toolChoice"] == {"auto": {}}
    assert lost == ["tool_choice"]


def test_pictures_go_inline_and_none_is_fetched() -> None:
    parts = [
        {"type": "image_url", "image_url": {"url": PICTURE}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "text", "text": "What?"},
    ]

    body, lost = sent(OPENAI, messages=[{"role": "user", "content": parts}])

    assert [next(iter(block)) for block in body["messages"][0]["content"]] == ["image", "text"]
    assert lost == ["messages[0].content[1]"]


def test_documents_get_names_of_their_own() -> None:
    document = {"type": "document", "title": "A.b", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}

    body, lost = sent(ANTHROPIC, messages=[{"role": "user", "content": [document, document, {"type": "text", "text": "?"}]}])

    names = [block["document"]["name"] for block in body["messages"][0]["content"] if "document" in block]
    assert names == ["A b", "A b 2"]
    assert lost == []


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (CLAUDE, {"thinking": {"type": "enabled", "budget_tokens": 3276}}),
        ("us.anthropic.claude-opus-4-7", {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}),
        (NOVA, {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}}),
        ("openai.gpt-oss-120b-1:0", {"reasoning_effort": "high"}),
        ("qwen.qwen3-32b-v1:0", {"reasoning_config": "high"}),
    ],
)
def test_each_family_is_told_to_think_in_its_own_words(model: str, fields: Json) -> None:
    body, lost = sent(OPENAI, model, reasoning_effort="high")

    assert body["additionalModelRequestFields"] == fields
    assert lost == []


def test_a_family_that_cannot_be_told_to_think_is_reported() -> None:
    body, lost = sent(OPENAI, "meta.llama3-8b-instruct-v1:0", reasoning_effort="high")

    assert "additionalModelRequestFields" not in body
    assert lost == ["reasoning"]


def test_top_k_goes_where_the_family_reads_it() -> None:
    assert sent(ANTHROPIC, NOVA, top_k=5)[0]["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 5}}
    assert sent(ANTHROPIC, CLAUDE, top_k=5)[0]["additionalModelRequestFields"] == {"top_k": 5}
    assert sent(ANTHROPIC, "meta.llama3-8b-instruct-v1:0", top_k=5)[1] == ["top_k"]


def test_signed_thoughts_go_back_and_foreign_ones_are_reported() -> None:
    thoughts = [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "EuBC"},
        {"type": "text", "text": "So."},
    ]
    messages = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": thoughts}, {"role": "user", "content": "?"}]

    body, lost = sent(ANTHROPIC, messages=messages)

    assert [block.get("reasoningContent") for block in body["messages"][1]["content"]] == [
        {"reasoningText": {"text": "hm", "signature": "c2ln"}},
        {"redactedContent": "RXVCQw=="},
        None,
    ]
    assert lost == []
    thoughts[0] = {"type": "thinking", "thinking": "hm", "signature": "hw1.gemini.s.abc"}
    assert sent(ANTHROPIC, messages=messages)[1] == ["messages[1].reasoning"]


def test_structured_output_is_a_schema_a_tool_or_words() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
    wanted = {"type": "json_schema", "json_schema": {"name": "A", "schema": schema}}

    native, none_lost = sent(OPENAI, CLAUDE, response_format=wanted)
    by_tool, tool_lost = sent(OPENAI, NOVA, response_format=wanted)
    in_words, words_lost = sent(OPENAI, "meta.llama3-8b-instruct-v1:0", response_format=wanted)

    assert native["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["name"] == "A"
    assert none_lost == []
    assert by_tool["toolConfig"]["toolChoice"] == {"tool": {"name": "headworks_json_answer"}}
    assert "JSON schema" in in_words["system"][0]["text"]
    assert tool_lost == words_lost == ["response_format"]


def test_bedrocks_own_fields_and_the_tier_are_sent() -> None:
    own: Json = {
        "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
        "performanceConfig": {"latency": "optimized"},
        "additionalModelRequestFields": {"x": 1},
    }

    body, lost = sent(OPENAI, service_tier="flex", metadata={"team": "a b", "bad": "ü"}, **own)

    assert {name: body[name] for name in own} == own
    assert body["serviceTier"] == {"type": "flex"}
    assert body["requestMetadata"] == {"team": "a b"}
    assert lost == ["metadata.bad"]


def test_what_bedrock_cannot_say_is_reported() -> None:
    _, lost = sent(OPENAI, seed=1, n=2, user="u", logprobs=True, temperature=1.5)

    assert sorted(lost) == ["logprobs", "n", "seed", "temperature", "user"]


def test_where_no_loss_is_wanted_it_is_refused() -> None:
    body = msgspec.json.encode({"model": "m", "seed": 1, "messages": [{"role": "user", "content": "Hi"}]})
    ask = HUB.read_ask(OPENAI, Kind.CHAT, body)

    with pytest.raises(Fault) as refused:
        HUB.prepare(OPENAI, Kind.CHAT, ask, body, target(inexpressible="error"), None)

    assert (refused.value.code, refused.value.param) == ("inexpressible", "seed")


def test_a_count_that_a_place_cannot_make_is_estimated() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
    there = target(dialect="anthropic", heads={Kind.CHAT: b""})

    prepared = HUB.prepare(ANTHROPIC, Kind.COUNT_TOKENS, anthropic_ask(body, Kind.COUNT_TOKENS), b"", there, None)

    assert msgspec.json.decode(prepared.answer)["input_tokens"] > 0
