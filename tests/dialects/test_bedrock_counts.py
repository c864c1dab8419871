"""How many tokens a conversation has, asked of Bedrock: by Converse and in Anthropic's language, as was recorded."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.bedrock import Bedrock
from headworks.dialects.hub import Hub
from headworks.dialects.openai_responses import OpenAIResponses
from headworks.domain.call import Kind
from headworks.domain.errors import Fault
from headworks.domain.message import Downgrade
from headworks.domain.target import Quirks, Target
from headworks.ports.interpreter import Prepared
from headworks.providers.catalog import shipped_catalog
from headworks.testing.samples import sample_target
from tests.dialects.bedrock_small_checks import COUNT_CHECKS, COUNTS, VECTOR_CHECKS, VECTORS, counting
from tests.dialects.bedrock_wire import target as converse_target
from tests.dialects.openai_wire import Json, compact
from tests.dialects.recordings import Check, run, shared

HUB = Hub({"anthropic": Anthropic(), "openai_responses": OpenAIResponses()}, {"bedrock": Bedrock()})
ROW = shipped_catalog().providers["bedrock-anthropic"]
CLAUDE = "anthropic.claude-sonnet-4-20250514-v1:0"
HELLO: Json = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
ANSWER = b'{"inputTokens": 18}'


ON_BEDROCK = counting(
    sample_target("there/x", dialect="anthropic", model=CLAUDE, quirks=ROW.quirks, body=ROW.body["anthropic"])
)
BY_CONVERSE = counting(converse_target(CLAUDE))


def prepare(front: str, target: Target, body: Json) -> Prepared:
    raw = compact(body)
    return HUB.prepare(front, Kind.COUNT_TOKENS, HUB.read_ask(front, Kind.COUNT_TOKENS, raw), raw, target, None)


def invoked(prepared: Prepared) -> Any:
    return json.loads(base64.b64decode(json.loads(prepared.body)["input"]["invokeModel"]["body"]))


def test_by_converse() -> None:
    prepared = prepare("anthropic", BY_CONVERSE, {**HELLO, "system": "Be brief."})

    assert json.loads(prepared.body) == {
        "input": {
            "converse": {
                "messages": [{"role": "user", "content": [{"text": "hello"}]}],
                "system": [{"text": "Be brief."}],
            }
        }
    }
    assert json.loads(prepared.relay.feed(ANSWER)) == {"input_tokens": 18}
    assert json.loads(prepared.instead).keys() == {"input_tokens"}
    assert prepared.downgrades == ()


def test_what_cannot_be_said_is_not_counted_and_told() -> None:
    prepared = prepare(
        "anthropic",
        BY_CONVERSE,
        {
            "model": "m",
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "see"},
                        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
                    ],
                }
            ],
        },
    )

    assert [loss.path for loss in prepared.downgrades] == ["messages[0].content[1]"]


def test_in_anthropics_language_it_travels_whole() -> None:
    asked = {**HELLO, "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]}

    prepared = prepare("anthropic", ON_BEDROCK, asked)

    assert invoked(prepared) == {
        "messages": asked["messages"],
        "system": asked["system"],
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 4096,
    }
    assert json.loads(prepared.relay.feed(ANSWER)) == {"input_tokens": 18}


def test_a_budget_of_thought_fits_below_the_cap() -> None:
    prepared = prepare("anthropic", ON_BEDROCK, {**HELLO, "thinking": {"type": "enabled", "budget_tokens": 9000}})

    assert invoked(prepared)["max_tokens"] == 9001


def test_another_language_asks_for_it_too() -> None:
    prepared = prepare("openai_responses", ON_BEDROCK, {"model": "m", "input": "hello"})

    assert invoked(prepared)["messages"] == [{"role": "user", "content": "hello"}]
    assert json.loads(prepared.relay.feed(ANSWER))["input_tokens"] == 18


def test_anthropic_itself_counts_for_other_languages() -> None:
    target = counting(sample_target("there/x", dialect="anthropic", model="claude-sonnet-4-5"))

    prepared = prepare(
        "openai_responses", target, {"model": "m", "input": "hello", "max_output_tokens": 50, "temperature": 0.5}
    )

    assert json.loads(prepared.body) == {
        "model": "claude-sonnet-4-5",
        "messages": [{"role": "user", "content": "hello"}],
    }
    assert json.loads(prepared.relay.feed(b'{"input_tokens": 7}'))["input_tokens"] == 7


def test_who_cannot_count_is_not_asked() -> None:
    target = msgspec.structs.replace(BY_CONVERSE, heads={"chat": b""})

    prepared = prepare("anthropic", target, HELLO)

    assert json.loads(prepared.answer)["input_tokens"] > 0
    assert prepared.downgrades == (Downgrade("count", "estimated: the target cannot count"),)


@pytest.mark.parametrize("target", [BY_CONVERSE, ON_BEDROCK, counting(sample_target(dialect="anthropic", quirks=Quirks()))])
@pytest.mark.parametrize("garbage", [b"{}", b"[]", b"x", b'{"inputTokens":"x","input_tokens":[]}'])
def test_garbage_is_a_fault(target: Target, garbage: bytes) -> None:
    relay = prepare("openai_responses", target, {"model": "m", "input": "hello"}).relay

    assert relay.feed(garbage) == b""
    assert isinstance(relay.fault, Fault)
    assert relay.fault.code == "upstream_garbage"


@pytest.mark.skipif(not shared().exists(), reason=f"no recordings at {shared()}")
@pytest.mark.parametrize(("ops", "checks"), [(COUNTS, COUNT_CHECKS), (VECTORS, VECTOR_CHECKS)])
def test_recordings(ops: tuple[str, ...], checks: dict[str, Check]) -> None:
    tally = run(checks, ops, {})

    assert tally.failures == []
    assert all(tally.passed["aws-bedrock"][check] > 0 for check in checks)
