"""Responses' clients at other languages' upstreams, and the reverse: recordings keep their meaning, tools and thoughts come back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.events import Event, Failed, PartKind
from headworks.domain.target import AskedModel, SentModel
from headworks.ports.dialect import Dialect
from headworks.ports.interpreter import Prepared
from headworks.testing import sample_target
from tests.dialects.crossing import meaning
from tests.dialects.recordings import Check, LeftOut, Recording, named_exceptions, run, shared
from tests.dialects.responses_wire import DIALECT, told

Json = dict[str, Any]

DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (Anthropic(), OpenAIChat(), DIALECT)}
HUB = Hub(DIALECTS)
RESPONSES, CHAT, ANTHROPIC = "openai_responses", "openai_chat", "anthropic"
MODELS = {RESPONSES: "gpt-5", CHAT: "gpt-5", ANTHROPIC: "claude-opus-4-7"}
CROSSINGS = [(RESPONSES, CHAT), (RESPONSES, ANTHROPIC), (CHAT, RESPONSES), (ANTHROPIC, RESPONSES)]
OPS = {RESPONSES: "responses", CHAT: "chat.completions", ANTHROPIC: "messages"}
SEVERAL_ANSWERS = {("azure-openai/responses-676690a3191f.json", ""): "several answers recorded as one stream"}

PATCH: Json = {
    "type": "custom",
    "name": "apply_patch",
    "description": "Edits files.",
    "format": {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"},
}
CODEX: Json = {
    "model": "gpt-5",
    "instructions": "You are a coding agent.",
    "input": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Fix it."}]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Look."}], "encrypted_content": "gAAAA"},
        {"type": "function_call", "name": "shell", "arguments": '{"command":["ls"]}', "call_id": "call_1"},
        {"type": "function_call", "name": "shell", "arguments": '{"command":["pwd"]}', "call_id": "call_2"},
        {"type": "function_call_output", "call_id": "call_1", "output": "a.py"},
        {"type": "function_call_output", "call_id": "call_2", "output": "/src"},
    ],
    "tools": [
        {"type": "function", "name": "shell", "description": "Runs.", "strict": False, "parameters": {"type": "object"}},
        PATCH,
    ],
    "tool_choice": "auto",
    "parallel_tool_calls": False,
    "reasoning": {"effort": "medium", "summary": "auto"},
    "store": False,
    "stream": True,
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": "session",
}
"""The shape of Codex's requests."""


def prepare(front: str, body: Json, there: str) -> Prepared:
    raw = msgspec.json.encode(body)
    target = sample_target("there/x", dialect=there, model=SentModel(MODELS[there]), max_output=4096)
    return HUB.prepare(front, Kind.CHAT, HUB.read_ask(front, Kind.CHAT, raw), raw, target, None)


def events_of(dialect: str, recording: Recording) -> list[Event]:
    spoken, target = DIALECTS[dialect], sample_target(dialect=dialect)
    if recording.is_stream:
        decoder = spoken.decoder(target)
        events = [*decoder.feed(recording.answer), *decoder.close()]
    else:
        events = spoken.read_answer(recording.answer, target)
    if any(isinstance(event, Failed) for event in events):
        raise LeftOut("the answer is an error inside a stream")
    return [event for event in events if getattr(event, "choice", 0) == 0]


def _shared(events: list[Event]) -> Json:
    """Words and calls, and the counts: what every language says."""
    said = meaning(events)
    words = "".join(str(part.get("text", "")) for part in said["parts"] if part["kind"] in (PartKind.TEXT, PartKind.REFUSAL))
    calls = [part for part in said["parts"] if part["kind"] is PartKind.TOOL_CALL]
    return {"words": words, "calls": calls, "usage": said["usage"]}


def answer_crosses(upstream: str, front: str) -> Check:
    def check(recording: Recording) -> None:
        events, target = events_of(upstream, recording), sample_target(dialect=front)
        ask = Ask(model=AskedModel("m"), stream=True, include_usage=True)
        decoder = DIALECTS[front].decoder(target)
        streamed = [*decoder.feed(DIALECTS[front].encoder(ask).feed(events)), *decoder.close()]

        assert _shared(DIALECTS[front].read_answer(DIALECTS[front].write_answer(events, ask), target)) == _shared(events)
        assert _shared(streamed) == _shared(events)

    return check


def question_crosses(front: str, there: str) -> Check:
    """It can be said, or is refused with words."""

    def check(recording: Recording) -> None:
        try:
            sent = msgspec.json.decode(prepare(front, recording.request, there).body)
        except Fault as fault:
            raise LeftOut(f"refused: {fault.code}") from None
        assert sent["model"] == MODELS[there]
        assert sent.get("input") or sent.get("messages")

    return check


@pytest.mark.skipif(not shared().exists(), reason=f"no recordings at {shared()}")
@pytest.mark.parametrize(("one", "other"), CROSSINGS)
def test_recordings_cross(one: str, other: str) -> None:
    exceptions = {**named_exceptions("left_out_cross.toml"), **SEVERAL_ANSWERS}
    checks = {"question": question_crosses(one, other), "answer": answer_crosses(one, other)}
    tally = run(checks, (OPS[one],), exceptions)

    assert tally.failures == []
    assert sum(counts["answer"] for counts in tally.passed.values()) > 400


def test_codex_passes_untouched_to_its_own_language() -> None:
    sent = prepare(RESPONSES, CODEX, RESPONSES)

    assert msgspec.json.decode(sent.body) == CODEX
    assert sent.downgrades == ()


def test_codex_asks_chat_in_turns_of_parallel_calls() -> None:
    sent = prepare(RESPONSES, CODEX, CHAT)
    body = msgspec.json.decode(sent.body)

    assert [turn["role"] for turn in body["messages"]] == ["system", "user", "assistant", "tool", "tool"]
    assert [call["id"] for call in body["messages"][2]["tool_calls"]] == ["call_1", "call_2"]
    assert body["tools"][1]["function"]["parameters"]["required"] == ["input"]
    assert [loss.path for loss in sent.downgrades] == ["messages[2].reasoning", "tools[1].format"]


def test_codex_asks_anthropic_without_another_makers_seal() -> None:
    body = msgspec.json.decode(prepare(RESPONSES, CODEX, ANTHROPIC).body)

    assert [block["type"] for block in body["messages"][1]["content"]] == ["tool_use", "tool_use"]
    assert body["system"] == "You are a coding agent."


def test_a_custom_tool_is_called_with_plain_text() -> None:
    prepared = prepare(RESPONSES, CODEX, ANTHROPIC)
    message: Json = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [{"type": "tool_use", "id": "toolu_1", "name": "apply_patch", "input": {"input": "*** Begin"}}],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }

    out = prepared.relay.feed(msgspec.json.encode(message)) + prepared.relay.close()

    response = told(out)[-1]["response"]
    assert [(item["type"], item["input"]) for item in response["output"]] == [("custom_tool_call", "*** Begin")]


def test_a_signed_thought_returns_to_its_maker_alone() -> None:
    message: Json = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [{"type": "thinking", "thinking": "Hm.", "signature": "EqQB"}, {"type": "text", "text": "Yes."}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    asked = {"model": "m", "input": "Hi"}
    relay = prepare(RESPONSES, asked, ANTHROPIC).relay
    output = msgspec.json.decode(relay.feed(msgspec.json.encode(message)))["output"]
    again = {"model": "m", "input": [{"role": "user", "content": "Hi"}, *output, {"role": "user", "content": "Sure?"}]}

    back = msgspec.json.decode(prepare(RESPONSES, again, ANTHROPIC).body)
    elsewhere = msgspec.json.decode(prepare(RESPONSES, again, RESPONSES).body)

    assert back["messages"][1]["content"][0] == {"type": "thinking", "thinking": "Hm.", "signature": "EqQB"}
    assert [item.get("type") for item in elsewhere["input"]] == [None, "message", None]


def test_a_thought_of_another_provider_is_left_out_of_anthropics_turns_and_that_is_told() -> None:
    """A client of one language, answered by one provider and then by another: each would refuse what only the other can read."""
    thoughts = [
        {"type": "thinking", "thinking": "Hm.", "signature": "hw1.openai_responses.s.gAAA"},
        {"type": "thinking", "thinking": "So.", "signature": "hw1.anthropic.s.EqQB"},
        {"type": "redacted_thinking", "data": "hw1.openai_responses.r.gBBB"},
    ]
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [*thoughts, {"type": "text", "text": "Yes."}]},
        {"role": "assistant", "content": thoughts[:1]},
        {"role": "user", "content": "Sure?"},
    ]

    prepared = prepare(ANTHROPIC, {"model": "m", "max_tokens": 9, "messages": turns}, ANTHROPIC)

    own = {"type": "thinking", "thinking": "So.", "signature": "EqQB"}
    sent = msgspec.json.decode(prepared.body)["messages"]
    assert sent == [turns[0], {"role": "assistant", "content": [own, {"type": "text", "text": "Yes."}]}, turns[3]]
    assert [downgrade.path for downgrade in prepared.downgrades] == ["reasoning"]
    plain = prepare(
        ANTHROPIC, {"model": "m", "max_tokens": 9, "messages": [{"role": "assistant", "content": [own]}]}, ANTHROPIC
    )
    assert plain.downgrades == ()


def test_an_error_is_numbered_on_from_the_events_before_it() -> None:
    """Untouched and translated."""
    fault = Fault("severed", "Cut.")
    asked = {"model": "m", "input": "Hi", "stream": True}
    native = prepare(RESPONSES, asked, RESPONSES).relay
    native.feed(b'data: {"type":"response.created","response":{"id":"r"},"sequence_number":0}\n\n')
    native.feed(b'data: {"type":"response.output_text.delta","delta":"x","sequence_number": 1}\n\n')
    chat = prepare(RESPONSES, asked, "openai_chat").relay
    before = chat.feed(b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n')

    assert [event["sequence_number"] for event in told(native.fail(fault, "1"))] == [2, 3]
    last = told(before)[-1]["sequence_number"]
    assert [event["sequence_number"] for event in told(chat.fail(fault, "1"))] == [last + 1, last + 2]
    assert [event["sequence_number"] for event in told(prepare(RESPONSES, asked, RESPONSES).relay.fail(fault, "1"))] == [0, 1]


@pytest.mark.parametrize("field", [{"conversation": "conv_1"}, {"background": True}])
def test_a_providers_memory_is_refused_with_words(field: Json) -> None:
    with pytest.raises(Fault, match="is not served here"):
        prepare(RESPONSES, {"model": "m", "input": "Hi", **field}, RESPONSES)


@pytest.mark.parametrize("item", [{"type": "item_reference", "id": "rs_1"}, {"id": "msg_1"}])
def test_a_reference_to_a_kept_item_goes_on_from_an_answer(item: Json) -> None:
    """So that what it comes to is judged: nobody here knows how long it is."""
    asked = HUB.read_ask(RESPONSES, Kind.CHAT, msgspec.json.encode({"model": "m", "input": [item]}))

    assert asked.features == {"previous_response"}


def test_nothing_is_stored_unasked() -> None:
    sent = msgspec.json.decode(prepare(RESPONSES, {"model": "m", "input": "Hi"}, RESPONSES).body)

    assert sent["store"] is False
