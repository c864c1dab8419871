"""Requests in the shape in which Claude Code sends them, at an Anthropic upstream and, translated, an OpenAI one."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.system.house import KEY, RunningHouse

BOTH = pytest.mark.parametrize("model", ["claude", "gpt"])
BETAS = "claude-code-20250219,interleaved-thinking-2025-05-14,fine-grained-tool-streaming-2025-05-14,prompt-caching-scope-2026-01-05"
HEADERS = {
    "authorization": f"Bearer {KEY}",
    "anthropic-version": "2023-06-01",
    "anthropic-beta": BETAS,
    "anthropic-dangerous-direct-browser-access": "true",
    "user-agent": "claude-cli/2.1.0 (external, cli)",
    "x-app": "cli",
    "x-stainless-lang": "js",
    "x-stainless-helper-method": "stream",
}
KEPT = {"type": "ephemeral"}
TOOLS = [
    {
        "name": "get_weather",
        "description": "The weather of a city",
        "input_schema": {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "eager_input_streaming": True,
        "cache_control": KEPT,
    }
]
Json = dict[str, Any]


def _asked(model: str, **more: Any) -> Json:
    return {
        "model": model,
        "max_tokens": 32_000,
        "metadata": {"user_id": "user_1_account__session_2"},
        "system": [
            {"type": "text", "text": "You are Claude Code.", "cache_control": KEPT},
            {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        ],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "<system-reminder>mind the rules.</system-reminder>"},
                    {"type": "text", "text": "tell me the weather in Oslo", "cache_control": KEPT},
                ],
            }
        ],
        **more,
    }


def _post(house: RunningHouse, body: Json, path: str = "/v1/messages") -> httpx.Response:
    return httpx.post(f"{house.url}{path}?beta=true", headers=HEADERS, json=body, timeout=30)


@BOTH
def test_a_turn_streams_thoughts_and_a_tool_and_goes_on_with_its_result(house: RunningHouse, model: str) -> None:
    body = _asked(model, tools=TOOLS, thinking={"type": "enabled", "budget_tokens": 2_000}, stream=True, temperature=1)

    answer = _post(house, body)

    assert answer.status_code == 200, answer.text
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    starts = [event["content_block"] for event in events if event["type"] == "content_block_start"]
    (call,) = [block for block in starts if block["type"] == "tool_use"]
    pieces = [event["delta"]["partial_json"] for event in events if event.get("delta", {}).get("type") == "input_json_delta"]
    assert json.loads("".join(pieces)) == {"city": "Oslo"}
    assert events[-2]["delta"]["stop_reason"] == "tool_use"
    assert events[-1]["type"] == "message_stop"

    called = {"role": "assistant", "content": [{**call, "input": {"city": "Oslo"}}]}
    result = {
        "type": "tool_result",
        "tool_use_id": call["id"],
        "content": [{"type": "text", "text": "sleet"}],
        "cache_control": KEPT,
    }
    turn = [*body["messages"], called, {"role": "user", "content": [result]}]
    again = _post(house, {**body, "messages": turn, "stream": False, "thinking": {"type": "disabled"}})
    assert again.status_code == 200, again.text
    assert "sleet" in again.json()["content"][-1]["text"]


@BOTH
def test_tokens_are_counted_and_titles_made(house: RunningHouse, model: str) -> None:
    asked = _asked(model, tools=TOOLS)
    del asked["max_tokens"], asked["metadata"]
    counted = _post(house, asked, "/v1/messages/count_tokens")
    assert counted.json()["input_tokens"] > 20

    shape = {
        "type": "json_schema",
        "schema": {
            "type": "object",
            "properties": {"title": {"type": "string"}},
            "required": ["title"],
            "additionalProperties": False,
        },
    }
    title = _post(house, _asked(model, max_tokens=512, temperature=0, output_config={"format": shape}))
    assert title.status_code == 200, title.text
    assert isinstance(json.loads(title.json()["content"][-1]["text"])["title"], str)
    quota = _post(house, {"model": model, "max_tokens": 1, "messages": [{"role": "user", "content": "quota"}]})
    assert quota.json()["usage"]["output_tokens"] == 1
