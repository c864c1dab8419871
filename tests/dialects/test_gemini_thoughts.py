"""Thoughts of Anthropic's that a Gemini client was streamed: their words come in pieces and then their signature, and so they come back."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from headworks.dialects.gemini import Gemini
from headworks.dialects.hub import Hub
from headworks.domain.call import Kind
from headworks.domain.where import Form, Where
from headworks.ports.interpreter import Prepared
from tests.dialects.anthropic_wire import message
from tests.dialects.crossing import DIALECTS, Json, as_stream, upstream

HUB = Hub({**DIALECTS, "gemini": Gemini()})
CONTENT = [
    {"type": "thinking", "thinking": "They want the weather.", "signature": "SIG1=="},
    {"type": "redacted_thinking", "data": "RED1=="},
    {"type": "thinking", "thinking": "", "signature": "SIG2=="},
    {"type": "text", "text": "I look it up."},
    {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Ulm"}},
]
QUESTION = {"role": "user", "parts": [{"text": "Weather in Ulm?"}]}
RESULT = {"role": "user", "parts": [{"functionResponse": {"id": "toolu_1", "name": "weather", "response": {"result": "rain"}}}]}


def _prepared(form: Form, *contents: Json) -> Prepared:
    raw, where = msgspec.json.encode({"contents": contents}), Where("claude", form)
    asked = HUB.read_ask("gemini", Kind.CHAT, raw, where)
    return HUB.prepare("gemini", Kind.CHAT, asked, raw, upstream("anthropic", "claude-sonnet-4-5"), None)


def _streamed() -> list[Json]:
    """The parts of all chunks, one after the other."""
    relay = _prepared(Form.EVENTS, QUESTION).relay
    stream = relay.feed(as_stream("anthropic", message(*CONTENT, stop_reason="tool_use"))) + relay.close()
    chunks = [msgspec.json.decode(line[6:]) for line in stream.splitlines() if line.startswith(b"data: {")]
    return [part for chunk in chunks for part in chunk["candidates"][0].get("content", {}).get("parts", ())]


def _contents(parts: list[Json]) -> list[Json]:
    """A content for each chunk, as Google's JavaScript SDK gives them back."""
    return [{"role": "model", "parts": [part]} for part in parts]


def _parts(parts: list[Json]) -> list[Json]:
    """One content of them all, as Google's chats give them back."""
    return [{"role": "model", "parts": parts}]


def _words(parts: list[Json]) -> list[Json]:
    """Neighbouring words of one kind in one part, as Vercel's AI SDK gives them back."""
    out: list[Json] = []
    for part in parts:
        if out and part.keys() == out[-1].keys() and part.keys() <= {"text", "thought"}:
            out[-1] = {**out[-1], "text": out[-1]["text"] + part["text"]}
        else:
            out.append(part)
    return _parts(out)


@pytest.mark.parametrize("given_back", [_contents, _parts, _words])
def test_they_return_in_one_piece_as_they_were_signed(given_back: Callable[[list[Json]], list[Json]]) -> None:
    body = msgspec.json.decode(_prepared(Form.WHOLE, QUESTION, *given_back(_streamed()), RESULT).body)

    said = [block for turn in body["messages"] if turn["role"] == "assistant" for block in turn["content"]]
    assert [block for block in said if "thinking" in block["type"]] == CONTENT[:3]


def test_a_turn_before_is_left_alone() -> None:
    thought = {"role": "model", "parts": [{"text": "Hm.", "thought": True}]}

    body = msgspec.json.decode(_prepared(Form.WHOLE, QUESTION, thought, QUESTION, *_parts(_streamed()), RESULT).body)

    last = body["messages"][-2]["content"]
    assert [block for block in last if "thinking" in block["type"]] == CONTENT[:3]
