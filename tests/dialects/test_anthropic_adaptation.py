"""What other languages ask → what Anthropic can be asked: nothing refused that could be said, nothing dropped in silence."""

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
from headworks.domain.target import Target
from tests.dialects.anthropic_wire import CLAUDE, NEW_CLAUDE, OLD_CLAUDE, Json, foreign, lost, target, write
from tests.dialects.published_spec import SPECS, spec

SCHEMA: Json = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CLOSED: Json = {**SCHEMA, "additionalProperties": False}
F = Tool(name="f", parameters=SCHEMA)
SIGNED = Reasoning(text="hm", signature="sig", extra={"type": "reasoning.text", "format": "anthropic-claude-v1", "index": 0})


def user(*parts: Part, **changes: Any) -> Message:
    return Message(role=Role.USER, parts=parts, **changes)


def assistant(*parts: Part, **changes: Any) -> Message:
    return Message(role=Role.ASSISTANT, parts=parts, **changes)


def result(call_id: str, *content: Part) -> Message:
    return Message(role=Role.TOOL, parts=(ToolResult(call_id=call_id, content=content),))


def text(words: str, **extra: Any) -> Text:
    return Text(text=words, extra=extra)


def call(call_id: str, arguments: str = "{}") -> ToolCall:
    return ToolCall(id=call_id, name="f", arguments=arguments)


def valid(talk: Conversation, to: Target | None = None) -> tuple[Json, list[str]]:
    """The body, which Anthropic's own description accepts, and what was lost."""
    body, losses = write(talk, to)
    if SPECS.exists():
        assert spec("anthropic.json").complaints("CreateMessageParams", body) == []
    return body, lost(losses)


# ── turns ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_system_prompts_are_hoisted_and_merged() -> None:
    talk = foreign(
        Message(role=Role.SYSTEM, parts=(text("One."),), plain=True),
        Message(role=Role.DEVELOPER, parts=(text("Two."),), plain=True),
        user(text("Hi")),
    )

    body, losses = valid(talk)

    assert body["system"] == [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]
    assert body["messages"] == [{"role": "user", "content": "Hi"}]
    assert losses == []


def test_a_late_system_prompt_moves_to_the_front_and_that_is_reported() -> None:
    body, losses = valid(foreign(user(text("Hi")), Message(role=Role.SYSTEM, parts=(text("Be brief."),)), user(text("Well?"))))

    assert body["system"] == "Be brief."
    assert body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "text", "text": "Well?"}]}
    ]
    assert losses == ["messages[1]"]


def test_a_system_prompt_alone_is_said_by_the_user() -> None:
    body, losses = valid(foreign(Message(role=Role.SYSTEM, parts=(text("Say hi."),))))

    assert "system" not in body
    assert body["messages"][0]["role"] == "user"
    assert losses == ["messages"]


def test_a_conversation_of_nothing_is_refused() -> None:
    with pytest.raises(Fault) as caught:
        write(foreign(user(Audio(data="AAAA", format="wav"))))

    assert caught.value.code == "inexpressible"


def test_parallel_results_become_one_turn_with_the_results_first() -> None:
    talk = foreign(
        user(text("Both, please")),
        assistant(text("Sure."), call("a"), call("b", '{"x":1}')),
        result("a", text("1")),
        user(text("And quickly")),
        result("b", text("2")),
        tools=(F,),
    )

    body, losses = valid(talk)

    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][1]["content"] == [
        {"type": "text", "text": "Sure."},
        {"type": "tool_use", "id": "a", "name": "f", "input": {}},
        {"type": "tool_use", "id": "b", "name": "f", "input": {"x": 1}},
    ]
    assert body["messages"][2]["content"] == [
        {"type": "tool_result", "tool_use_id": "a", "content": "1"},
        {"type": "tool_result", "tool_use_id": "b", "content": "2"},
        {"type": "text", "text": "And quickly"},
    ]
    assert losses == []


def test_empty_texts_and_turns_are_left_out() -> None:
    """Anthropic refuses them, and they say nothing."""
    body, losses = valid(foreign(user(text("Hi")), assistant(text("")), user(text(""), text("Still here"))))

    assert body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "text", "text": "Still here"}]}
    ]
    assert losses == []


def test_ids_of_other_providers_are_spelt_in_anthropics_letters() -> None:
    """Kimi's ids hold dots and colons. Call and result must still agree, and different ids stay different."""
    talk = foreign(user(text("Hi")), assistant(call("f.x:0"), call("f.x_0")), result("f.x:0"), result("f.x_0"), tools=(F,))

    body, _ = valid(talk)

    ids = [block["id"] for block in body["messages"][1]["content"]]
    assert ids == [block["tool_use_id"] for block in body["messages"][2]["content"]]
    assert len(set(ids)) == 2


@pytest.mark.parametrize("arguments", ["{broken", "[1]", '"text"'])
def test_arguments_that_are_no_object_are_wrapped_and_reported(arguments: str) -> None:
    body, losses = valid(foreign(user(text("Hi")), assistant(call("a", arguments)), result("a"), tools=(F,)))

    assert body["messages"][1]["content"][0]["input"] == {"arguments": arguments}
    assert losses == ["messages[1].tool_calls"]


def test_names_of_speakers_are_reported() -> None:
    assert valid(foreign(user(text("Hi"), name="ann")))[1] == ["messages[0].name"]


def test_what_a_message_holds_beyond_is_reported() -> None:
    talk = foreign(user(text("Hi")), assistant(text("Yes"), extra={"audio": {"id": "a"}, "annotations": [], "refusal": None}))

    assert valid(talk)[1] == ["messages[1].audio"]


# ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

PNG = Image(media_type="image/png", data="iVBOR")
PDF = Document(media_type="application/pdf", data="JVBERi0=", name="a.pdf")


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (PNG, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBOR"}}),
        (
            Image(media_type="image/jpg", data="/9j/", detail="auto"),
            {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "/9j/"}},
        ),
        (Image(url="https://a.test/b.png"), {"type": "image", "source": {"type": "url", "url": "https://a.test/b.png"}}),
        (
            PDF,
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
                "title": "a.pdf",
            },
        ),
        (
            Document(data="JVBERi0="),
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}},
        ),
        (
            Document(media_type="text/csv", data="YSxi"),
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a,b"}},
        ),
        (
            Document(text="words"),
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
        ),
        (Document(url="https://a.test/b.pdf"), {"type": "document", "source": {"type": "url", "url": "https://a.test/b.pdf"}}),
        (Refusal(text="No."), {"type": "text", "text": "No."}),
        (
            text("Hi", cache_control={"type": "ephemeral"}),
            {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}},
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Part) else "",
)
def test_a_part_is_said_in_anthropics_way(part: Part, block: Json) -> None:
    body, losses = valid(foreign(user(text("Look"), part)))

    assert body["messages"][0]["content"][1] == block
    assert losses == []


@pytest.mark.parametrize(
    "part",
    [
        Image(file_id="file-1"),
        Image(media_type="image/tiff", data="AAAA"),
        Image(url="gs://bucket/b.png"),
        Document(file_id="file-1"),
        Document(media_type="application/zip", data="AAAA"),
        Document(media_type="text/plain", data="/w=="),
        Audio(data="AAAA", format="wav"),
        Opaque(raw={"type": "video_url"}),
    ],
    ids=lambda part: type(part).__name__,
)
def test_a_part_that_anthropic_has_no_word_for_is_reported(part: Part) -> None:
    body, losses = valid(foreign(user(text("Look"), part)))

    assert body["messages"] == [{"role": "user", "content": "Look"}]
    assert losses == ["messages[0].content[1]"]


def test_a_pictures_detail_is_reported() -> None:
    picture = Image(url="https://a.test/b.png", detail="high")

    assert valid(foreign(user(text("Look"), picture)))[1] == ["messages[0].content[1]"]


def test_pictures_in_results_stay_in_them() -> None:
    talk = foreign(user(text("Hi")), assistant(call("a")), result("a", text("See:"), PNG), tools=(F,))

    body, losses = valid(talk)

    assert [block["type"] for block in body["messages"][2]["content"][0]["content"]] == ["text", "image"]
    assert losses == []


def test_a_cache_mark_of_a_whole_message_is_understood() -> None:
    body, losses = valid(foreign(user(text("Hi"), extra={"cache_control": {"type": "ephemeral"}}, plain=True)))

    assert body["messages"][0]["content"] == [{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}]
    assert losses == []


def test_a_cache_mark_of_a_whole_message_marks_whatever_it_ends_with() -> None:
    """A tool's result, a picture, a call: the prompt is cached up to there, or every turn pays for all of it."""
    mark = {"cache_control": {"type": "ephemeral"}}
    said = assistant(call("c1"), extra=mark)
    told = Message(role=Role.TOOL, parts=(ToolResult(call_id="c1", content=(text("rain"),)),), extra=mark)

    body, losses = valid(foreign(user(text("Hi")), said, told, tools=(F,)))

    assert [turn["content"][-1]["cache_control"] for turn in body["messages"][1:]] == [{"type": "ephemeral"}] * 2
    assert losses == []


# ── reasoning ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_signed_reasoning_goes_back_unchanged() -> None:
    redacted = Reasoning(redacted="opaque", extra={"type": "reasoning.encrypted", "index": 1})
    talk = foreign(user(text("Hi")), assistant(SIGNED, redacted, call("a")), result("a"), tools=(F,))

    body, losses = valid(talk)

    assert body["messages"][1]["content"][:2] == [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "redacted_thinking", "data": "opaque"},
    ]
    assert losses == []


def test_a_signature_that_came_back_without_its_text_finds_it() -> None:
    """Some clients keep the details' signature and the text only in `reasoning_content`."""
    signature = Reasoning(signature="sig", extra={"type": "reasoning.text"})
    talk = foreign(user(text("Hi")), assistant(signature, text("Yes"), extra={"reasoning_content": "hm"}), user(text("So?")))

    body, losses = valid(talk)

    assert body["messages"][1]["content"][0] == {"type": "thinking", "thinking": "hm", "signature": "sig"}
    assert losses == []


@pytest.mark.parametrize(
    "thought",
    [
        Reasoning(text="hm"),
        Reasoning(text="hm", signature="s", extra={"type": "reasoning.text", "format": "google-gemini-v1"}),
        Reasoning(redacted="x", extra={"type": "reasoning.encrypted", "format": "openai-responses-v1"}),
    ],
)
def test_reasoning_that_anthropic_did_not_sign_is_reported(thought: Reasoning) -> None:
    body, losses = valid(foreign(user(text("Hi")), assistant(thought, text("Yes")), user(text("So?"))))

    assert body["messages"][1] == {"role": "assistant", "content": "Yes"}
    assert losses == ["messages[1].reasoning"]


@pytest.mark.parametrize(
    ("effort", "budget"),
    [("minimal", 1024), ("low", 2000), ("medium", 5000), ("high", 8000), ("xhigh", 9500), ("odd", 5000), ("", 5000)],
)
def test_an_effort_is_a_share_of_the_output_for_older_models(effort: str, budget: int) -> None:
    body, losses = valid(foreign(reasoning=ReasoningAsk(effort=effort), max_tokens=10_000), target(CLAUDE))

    assert body["thinking"] == {"type": "enabled", "budget_tokens": budget}
    assert losses == []


@pytest.mark.parametrize(
    ("model", "effort", "said", "losses"),
    [
        (NEW_CLAUDE, "low", "low", []),
        (NEW_CLAUDE, "xhigh", "xhigh", []),
        (NEW_CLAUDE, "minimal", "low", ["reasoning.effort"]),
        ("claude-opus-4-6", "xhigh", "max", ["reasoning.effort"]),
        ("claude-sonnet-5", "odd", None, ["reasoning.effort"]),
    ],
)
def test_an_effort_is_a_word_for_newer_models(model: str, effort: str, said: str | None, losses: list[str]) -> None:
    body, lost_here = valid(foreign(reasoning=ReasoningAsk(effort=effort)), target(model))

    assert body["thinking"] == {"type": "adaptive"}
    assert body.get("output_config", {}).get("effort") == said
    assert lost_here == losses


def test_a_budget_is_said_as_an_effort_to_newer_models() -> None:
    body, losses = valid(foreign(reasoning=ReasoningAsk(budget=4000), max_tokens=10_000), target(NEW_CLAUDE))

    assert body["output_config"] == {"effort": "medium"}
    assert losses == ["reasoning.budget"]


@pytest.mark.parametrize(("asked", "given"), [(500, 1024), (3000, 3000), (50_000, 9999)])
def test_a_budget_is_kept_within_anthropics_bounds(asked: int, given: int) -> None:
    body, losses = valid(foreign(reasoning=ReasoningAsk(budget=asked), max_tokens=10_000), target(CLAUDE))

    assert body["thinking"]["budget_tokens"] == given
    assert losses == ([] if asked == given else ["reasoning.budget"])


@pytest.mark.parametrize(
    "changes",
    [
        {"max_tokens": 1024},
        {"tools": (F,), "tool_choice": ToolChoice(mode=ToolChoiceMode.REQUIRED)},
    ],
    ids=["little output", "a forced tool"],
)
def test_thinking_that_anthropic_would_refuse_is_left_out_and_reported(changes: Json) -> None:
    body, losses = valid(foreign(reasoning=ReasoningAsk(effort="high"), **changes), target(CLAUDE))

    assert "thinking" not in body
    assert losses == ["reasoning"]


def test_a_call_that_came_back_without_its_thoughts_is_gone_on_with_unthinkingly() -> None:
    """Most OpenAI clients forget reasoning: Anthropic answers the next turn with a 400 if it is to think."""
    turns = (user(text("Hi")), assistant(call("a")), result("a", text("1")))
    remembered = (turns[0], assistant(SIGNED, call("a")), turns[2])
    asked: Json = {"tools": (F,), "reasoning": ReasoningAsk(effort="high")}

    assert valid(foreign(*turns, **asked), target(CLAUDE))[1] == ["reasoning"]
    assert "thinking" in valid(foreign(*remembered, **asked), target(CLAUDE))[0]
    assert "thinking" in valid(foreign(*turns, **asked), target(NEW_CLAUDE))[0]


@pytest.mark.parametrize(
    ("model", "thinking", "losses"),
    [(CLAUDE, None, []), ("claude-sonnet-5", {"type": "disabled"}, []), ("claude-fable-5", None, ["reasoning"])],
)
def test_no_thinking_is_asked_for_where_that_can_be_said(model: str, thinking: Json | None, losses: list[str]) -> None:
    body, lost_here = valid(foreign(reasoning=ReasoningAsk(enabled=False, effort="none")), target(model))

    assert body.get("thinking") == thinking
    assert lost_here == losses


# ── everything else ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_output_cap_is_the_targets_where_the_caller_has_none() -> None:
    assert valid(foreign())[0]["max_tokens"] == 4096
    assert valid(foreign(max_tokens=7))[0]["max_tokens"] == 7


@pytest.mark.parametrize(
    ("asked", "said", "losses"),
    [
        (Sampling(temperature=0.5), {"temperature": 0.5}, []),
        (Sampling(temperature=1.7), {"temperature": 1}, ["temperature"]),
        (Sampling(top_p=0.9), {"top_p": 0.9}, []),
        (Sampling(temperature=0.5, top_p=1), {"temperature": 0.5}, []),
        (Sampling(temperature=0.5, top_p=0.9), {"temperature": 0.5}, ["top_p"]),
        (Sampling(top_k=40), {"top_k": 40}, []),
        (Sampling(seed=0), {}, ["seed"]),
        (Sampling(frequency_penalty=0.5, presence_penalty=0), {}, ["frequency_penalty"]),
    ],
    ids=str,
)
def test_sampling(asked: Sampling, said: Json, losses: list[str]) -> None:
    body, lost_here = valid(foreign(sampling=asked))

    assert {name: body[name] for name in ("temperature", "top_p", "top_k") if name in body} == said
    assert lost_here == losses


def test_models_without_sampling_are_not_asked_for_it() -> None:
    body, losses = valid(foreign(sampling=Sampling(temperature=0.5, top_p=1, top_k=5)), target(NEW_CLAUDE))

    assert not body.keys() & {"temperature", "top_p", "top_k"}
    assert losses == ["temperature", "top_k"]


def test_a_thinking_model_draws_by_its_own_rules() -> None:
    talk = foreign(sampling=Sampling(temperature=0.2, top_k=5), reasoning=ReasoningAsk(effort="high"), max_tokens=4000)

    body, losses = valid(talk, target(CLAUDE))

    assert not body.keys() & {"temperature", "top_p", "top_k"}
    assert losses == ["temperature", "top_k"]


def test_blank_stop_sequences_are_reported() -> None:
    body, losses = valid(foreign(stop=("\n", "END")))

    assert body["stop_sequences"] == ["END"]
    assert losses == ["stop"]


def test_several_answers_are_reported() -> None:
    assert valid(foreign(choices=1))[1] == []
    assert valid(foreign(choices=3))[1] == ["n"]


def test_a_user_is_metadata() -> None:
    assert valid(foreign(user="u1"))[0]["metadata"] == {"user_id": "u1"}
    assert valid(foreign(extra={"safety_identifier": "s1"}))[0]["metadata"] == {"user_id": "s1"}
    assert valid(foreign(user="u" * 513))[1] == ["user"]


@pytest.mark.parametrize(
    ("extra", "losses"),
    [
        ({"logprobs": True, "top_logprobs": 3}, ["logprobs", "top_logprobs"]),
        ({"logprobs": False, "logit_bias": {}, "store": None, "modalities": []}, []),
        ({"prediction": {"type": "content"}}, ["prediction"]),
        ({"service_tier": "flex"}, ["service_tier"]),
    ],
    ids=str,
)
def test_other_fields_are_reported_where_they_ask_for_something(extra: Json, losses: list[str]) -> None:
    assert valid(foreign(extra=extra))[1] == losses


def test_fields_that_anthropic_knows_too_are_kept() -> None:
    body, losses = valid(
        foreign(extra={"service_tier": "default", "cache_control": {"type": "ephemeral"}}, metadata={"a": "b"})
    )

    assert (body["service_tier"], body["cache_control"]) == ("standard_only", {"type": "ephemeral"})
    assert losses == ["metadata"]


def test_tools() -> None:
    tools = (
        Tool(
            name="f",
            description="d",
            parameters={"properties": {}},
            strict=True,
            extra={"cache_control": {"type": "ephemeral"}},
        ),
        Tool(name="g", strict=False),
        Tool(raw={"type": "web_search"}),
        Tool(name="h", extra={"type": None, "function": {"examples": [1]}}),
    )

    body, losses = valid(foreign(tools=tools))

    assert body["tools"] == [
        {
            "name": "f",
            "description": "d",
            "input_schema": {"type": "object", "properties": {}},
            "strict": True,
            "cache_control": {"type": "ephemeral"},
        },
        {"name": "g", "input_schema": {"type": "object", "properties": {}}},
        {"name": "h", "input_schema": {"type": "object", "properties": {}}},
    ]
    assert losses == ["tools[2]", "tools[3].function"]


@pytest.mark.parametrize(
    ("choice", "said", "losses"),
    [
        (ToolChoice(mode=ToolChoiceMode.AUTO), {"type": "auto"}, []),
        (ToolChoice(mode=ToolChoiceMode.AUTO, parallel=False), {"type": "auto", "disable_parallel_tool_use": True}, []),
        (ToolChoice(mode=ToolChoiceMode.REQUIRED, parallel=True), {"type": "any"}, []),
        (
            ToolChoice(mode=ToolChoiceMode.NAMED, name="f", parallel=False),
            {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
            [],
        ),
        (ToolChoice(mode=ToolChoiceMode.NONE, parallel=False), {"type": "none"}, []),
        (ToolChoice(mode=ToolChoiceMode.AUTO, raw={"type": "allowed_tools"}), {"type": "auto"}, ["tool_choice"]),
    ],
    ids=str,
)
def test_tool_choices(choice: ToolChoice, said: Json, losses: list[str]) -> None:
    body, lost_here = valid(foreign(tools=(F,), tool_choice=choice))

    assert body["tool_choice"] == said
    assert lost_here == losses


def test_a_choice_without_tools_is_left_out() -> None:
    assert valid(foreign(tool_choice=ToolChoice(mode=ToolChoiceMode.AUTO)))[1] == []
    assert valid(foreign(tool_choice=ToolChoice(mode=ToolChoiceMode.REQUIRED)))[1] == ["tool_choice"]


# ── structured output ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_schema_is_said_as_a_schema() -> None:
    body, losses = valid(foreign(output=OutputFormat(kind="json_schema", name="city", schema=CLOSED, strict=True)))

    assert body["output_config"] == {"format": {"type": "json_schema", "schema": CLOSED}}
    assert losses == []


def test_an_open_schema_is_closed_and_that_is_reported() -> None:
    nested = {"type": "object", "properties": {"properties": {"type": "array", "items": SCHEMA}}, "$defs": {"d": SCHEMA}}

    body, losses = valid(foreign(output=OutputFormat(kind="json_schema", schema=nested)))

    assert body["output_config"]["format"]["schema"] == {
        "type": "object",
        "properties": {"properties": {"type": "array", "items": CLOSED}},
        "$defs": {"d": CLOSED},
        "additionalProperties": False,
    }
    assert losses == ["response_format"]


@pytest.mark.parametrize(
    "wanted", [OutputFormat(kind="json_schema", schema=SCHEMA), OutputFormat(kind="json_object")], ids=["schema", "any"]
)
def test_a_forced_tool_stands_in_where_a_model_knows_no_schemas(wanted: OutputFormat) -> None:
    body, losses = valid(foreign(output=wanted), target(OLD_CLAUDE))

    assert body["tool_choice"] == {"type": "tool", "name": body["tools"][0]["name"]}
    assert body["tools"][0]["input_schema"] == (wanted.schema or {"type": "object"})
    assert losses == ["response_format"]


def test_words_stand_in_where_tools_are_in_the_way() -> None:
    body, losses = valid(foreign(output=OutputFormat(kind="json_schema", schema=SCHEMA), tools=(F,)), target(OLD_CLAUDE))

    assert "JSON" in body["system"]
    assert '"city"' in body["system"]
    assert losses == ["response_format"]


def test_words_are_added_to_the_system_prompt() -> None:
    turns = (Message(role=Role.SYSTEM, parts=(text("Be brief."),)), user(text("Hi")))

    body, _ = valid(foreign(*turns, output=OutputFormat(kind="json_object"), tools=(F,)))

    assert [block["text"][:9] for block in body["system"]] == ["Be brief.", "Answer wi"]


def test_text_is_no_structure_and_other_kinds_are_reported() -> None:
    assert valid(foreign(output=OutputFormat(kind="text")))[1] == []
    assert valid(foreign(output=OutputFormat(kind="grammar")))[1] == ["response_format"]


# ── the judge ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.skipif(not SPECS.exists(), reason=f"no API descriptions at {SPECS}")
@pytest.mark.parametrize(
    "wrong",
    [
        {"max_tokens": "many"},
        {"max_tokens": None},
        {"messages": [{"role": "tool", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "detail": "high"}]}]},
        {"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "a.b", "name": "f", "input": {}}]}]},
        {"temperature": 1.7},
        {"thinking": {"type": "enabled", "budget_tokens": 5}},
        {"tool_choice": {"type": "required"}},
        {"n": 2},
    ],
    ids=str,
)
def test_the_published_description_would_find_a_mistake(wrong: Json) -> None:
    good: Json = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]}

    assert spec("anthropic.json").complaints("CreateMessageParams", good) == []
    assert spec("anthropic.json").complaints("CreateMessageParams", {**good, **wrong}) != []


def test_older_models_promise_to_keep_to_no_schema() -> None:
    """They refuse a tool that asks for it."""
    asked = foreign(user(text("Hi")), tools=(Tool(name="f", parameters=CLOSED, strict=True),))

    older, lost_there = valid(asked, target(OLD_CLAUDE))
    newer, lost_here = valid(asked, target(CLAUDE))

    assert ("strict" in older["tools"][0], lost_there) == (False, ["tools[0].strict"])
    assert (newer["tools"][0]["strict"], lost_here) == (True, [])
