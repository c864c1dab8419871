"""A tool loop with thought, between an OpenAI client and Anthropic: what is signed must come back as it was, or the next turn is refused.

An OpenAI client gets each thought twice: as plain `reasoning_content`, and in `reasoning_details` with its signature. It gives the assistant
message back as it got it, as OpenRouter's clients do.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headworks.domain.message import Conversation
from tests.dialects.anthropic_wire import message
from tests.dialects.crossing import DIALECTS, Json, as_stream, prepare, read_ask, upstream

THINKS = "claude-sonnet-4-5"
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
QUESTION: Json = {
    "model": "alias",
    "reasoning_effort": "medium",
    "max_tokens": 8000,
    "tools": [TOOL],
    "messages": [{"role": "user", "content": "Weather in Ulm?"}],
}
CONTENT = [
    {"type": "thinking", "thinking": "They want weather.", "signature": "SIG1=="},
    {"type": "redacted_thinking", "data": "RED1=="},
    {"type": "thinking", "thinking": "", "signature": "SIG2=="},
    {"type": "text", "text": "I look."},
    {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Ulm"}},
]
ANSWER = message(*CONTENT, stop_reason="tool_use")


def _told_whole() -> Json:
    relay = prepare("openai_chat", QUESTION, upstream("anthropic", THINKS)).relay
    answer = msgspec.json.decode(relay.feed(msgspec.json.encode(ANSWER)) + relay.close())
    return answer["choices"][0]["message"]


def _told_streamed() -> Json:
    """The message that a client puts together from the stream: texts joined, details and calls joined by their index."""
    relay = prepare("openai_chat", {**QUESTION, "stream": True}, upstream("anthropic", THINKS)).relay
    stream = relay.feed(as_stream("anthropic", ANSWER)) + relay.close()
    lines = [line.removeprefix(b"data: ") for line in stream.split(b"\n") if line.startswith(b"data: {")]
    told: Json = {}
    for chunk in map(msgspec.json.decode, lines):
        for choice in chunk["choices"]:
            _join(told, choice["delta"])
    return told


def _join(told: Json, delta: Json) -> None:
    for name, value in delta.items():
        if isinstance(value, str) and name in told and name not in ("role", "type", "id", "format"):
            told[name] += value
        elif isinstance(value, dict):
            _join(told.setdefault(name, {}), value)
        elif isinstance(value, list):
            items: list[Json] = told.setdefault(name, [])
            for item in value:
                known: Any = next((one for one in items if one["index"] == item["index"]), None)
                if known is None:
                    items.append({})
                _join(items[-1] if known is None else known, item)
        else:
            told[name] = value


@pytest.mark.parametrize("told", [_told_whole, _told_streamed], ids=["whole", "streamed"])
def test_what_anthropic_signed_comes_back_unchanged(told: Any) -> None:
    result = {"role": "tool", "tool_call_id": "toolu_1", "content": "rain"}

    again = {**QUESTION, "messages": [*QUESTION["messages"], told(), result]}
    sent = msgspec.json.decode(prepare("openai_chat", again, upstream("anthropic", THINKS)).body)

    assert sent["thinking"]["type"] == "enabled"
    assert sent["messages"][1] == {"role": "assistant", "content": CONTENT}


def test_a_client_that_forgets_its_details_is_served_without_thought() -> None:
    """OpenAI's own SDK keeps them, many others do not: Anthropic would answer 400."""
    told = {name: value for name, value in _told_whole().items() if not name.startswith("reasoning")}
    result = {"role": "tool", "tool_call_id": "toolu_1", "content": "rain"}

    prepared = prepare(
        "openai_chat", {**QUESTION, "messages": [*QUESTION["messages"], told, result]}, upstream("anthropic", THINKS)
    )

    assert "thinking" not in msgspec.json.decode(prepared.body)
    assert [loss.path for loss in prepared.downgrades] == ["reasoning"]


def test_an_anthropic_client_gives_an_open_models_reasoning_back_to_it() -> None:
    """Reasoning without a signature becomes a thought with an empty one; its provider gets the text back where it wants it."""
    asked: Json = {"model": "alias", "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]}
    target = upstream("openai_chat", "deepseek-reasoner", {"reasoning_field": "reasoning_content"})
    answer = {"role": "assistant", "content": "Hello!", "reasoning_content": "They greet."}
    relay = prepare("anthropic", asked, target).relay
    wire = {
        "id": "c",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": answer, "finish_reason": "stop"}],
        "usage": {},
    }

    told = msgspec.json.decode(relay.feed(msgspec.json.encode(wire)))
    again = {**asked, "messages": [*asked["messages"], {"role": "assistant", "content": told["content"]}, *asked["messages"]]}
    sent = msgspec.json.decode(prepare("anthropic", again, target).body)

    assert told["content"][0] == {"type": "thinking", "thinking": "They greet.", "signature": ""}
    assert sent["messages"][1] == answer


def test_the_canonical_form_knows_a_signature_from_both_sides() -> None:
    theirs = _read("anthropic", {"model": "m", "max_tokens": 1, "messages": [{"role": "assistant", "content": CONTENT[:1]}]})
    ours = _read("openai_chat", {"model": "m", "messages": [{"role": "user", "content": "x"}, _told_whole()]})

    assert getattr(theirs.messages[0].parts[0], "signature", "") == "SIG1=="
    assert getattr(ours.messages[1].parts[0], "signature", "") == "SIG1=="


def _read(front: str, body: Json) -> Conversation:
    return DIALECTS[front].read_request(read_ask(front, body))
