"""What real servers refuse that other languages allow: blank words, one id for two calls, a long name of a user."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from headworks.domain.call import Kind
from tests.grid.asides import BASES, PDF
from tests.grid.clients import Question
from tests.grid.grid import HUB
from tests.grid.targets import target

Json = dict[str, Any]

_CALL: Json = {"id": "call_0", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
_LONG = "user_" + "0123456789abcdef" * 8
strict = pytest.mark.parametrize("upstream", ["anthropic", "bedrock"])


def _sent(front: str, upstream: str, **changes: Any) -> tuple[Json, list[str]]:
    asked = Question(front, {**BASES[front], **changes}, streamed=False)
    prepared = HUB.prepare(front, Kind.CHAT, asked.ask, asked.sent, target(upstream), None)
    return msgspec.json.decode(prepared.body), [downgrade.path for downgrade in prepared.downgrades]


def _of_tools(body: Json, *names: str) -> list[str]:
    """The ids of calls or results, in their order, in either language."""
    found: list[str] = []
    for block in (block for turn in body["messages"] for block in turn["content"] if isinstance(block, dict)):
        flat = block | block.get("toolUse", {}) | block.get("toolResult", {})
        kind = block.get("type") or next(iter(block))
        found += [flat.get("id") or flat.get("tool_use_id") or flat["toolUseId"]] if kind in names else []
    return found


@strict
def test_blank_words_are_not_said(upstream: str) -> None:
    """They say nothing, and a whole conversation is refused for them."""
    blank = [{"type": "text", "text": " \n"}, {"type": "text", "text": "Hi"}]
    told: Json = {"role": "assistant", "content": " ", "tool_calls": [_CALL]}
    result: Json = {"role": "tool", "tool_call_id": "call_0", "content": "\n"}

    body, lost = _sent("openai_chat", upstream, messages=[{"role": "user", "content": blank}, told, result])

    texts = re.findall(rb'"(?:text|content)":"([^"]*)"', msgspec.json.encode(body["messages"]))
    assert texts == ([b"Hi"] if upstream == "anthropic" else [b"Hi", b"(no text)"])
    assert lost == []


def test_a_document_alone_is_given_words_on_bedrock() -> None:
    file: Json = {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PDF}", "filename": "map.pdf"}}

    body, _ = _sent("openai_chat", "bedrock", messages=[{"role": "user", "content": [file]}])

    assert [next(iter(block)) for block in body["messages"][0]["content"]] == ["document", "text"]


@strict
def test_calls_that_share_an_id_are_told_apart(upstream: str) -> None:
    """Some servers count calls from 0 in every answer, some give one id to several: results stay with their calls."""
    turn: Json = {"role": "assistant", "content": None, "tool_calls": [_CALL, _CALL]}
    results: list[Json] = [{"role": "tool", "tool_call_id": "call_0", "content": words} for words in ("rain", "sun")]
    hello: Json = {"role": "user", "content": "Hi"}

    body, lost = _sent("openai_chat", upstream, messages=[hello, turn, *results, hello, turn, *results])

    calls = _of_tools(body, "tool_use", "toolUse")
    assert calls == ["call_0", "call_0_2", "call_0_3", "call_0_4"]
    assert _of_tools(body, "tool_result", "toolResult") == calls
    assert lost == []


@pytest.mark.parametrize("front", ["anthropic", "openai_responses", "gemini"])
def test_clients_are_told_no_id_of_a_call_twice(front: str) -> None:
    """Neither in one answer nor in one conversation: Claude Code finds a result by its id alone."""
    again = {"anthropic": "toolu_1", "openai_responses": "call_1", "gemini": "call_1"}[front]
    calls = [{**_CALL, "id": own} for own in (again, "call_9", "call_9")]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    answer = {"id": "c", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
    asked = Question(front, BASES[front], streamed=False)
    relay = HUB.prepare(front, Kind.CHAT, asked.ask, asked.sent, target("openai_chat"), None).relay

    told = (relay.feed(msgspec.json.encode(answer)) + relay.close()).decode()

    said = re.findall(r'"(?:id|call_id)":"((?:call|toolu)_\w+)"', told)
    assert said == ["call_1" if front == "gemini" else f"{again}_2", "call_9", "call_9_2"]


@pytest.mark.parametrize("upstream", ["openai_chat", "openai_responses"])
def test_a_long_name_of_a_user_stays_one_and_the_same(upstream: str) -> None:
    """Claude Code's are longer than OpenAI takes."""
    body, lost = _sent("anthropic", upstream, metadata={"user_id": _LONG})
    again, _ = _sent("anthropic", upstream, metadata={"user_id": _LONG})
    short, unchanged = _sent("anthropic", upstream, metadata={"user_id": "ada"})

    assert re.fullmatch("[0-9a-f]{64}", body["user"])
    assert again["user"] == body["user"]
    assert "user" in lost
    assert (short["user"], "user" in unchanged) == ("ada", False)
