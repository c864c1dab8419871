"""A whole answer that stays in OpenAI's language."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.call import Kind
from headworks.domain.usage import Usage
from headworks.ports.interpreter import Relay
from tests.dialects.openai_wire import DIALECT, DONE, USAGE, ask, compact, last_counts, say, sse, target, whole


def relay_for(kind: Kind = Kind.CHAT, **quirks: Any) -> Relay:
    return DIALECT.untouched(kind, ask(), target(**quirks))


def test_its_bytes_pass_and_its_usage_is_seen() -> None:
    body = b"  \n" + json.dumps(whole({"content": "Hello"}, usage=USAGE), indent=2).encode()
    relay = relay_for()

    assert relay.feed(body) + relay.close() == body
    assert (relay.began, relay.ended, relay.fault) == (True, True, None)
    assert (relay.usage, relay.served_model, relay.upstream_id) == (Usage(input=9, output=4), "m-1", "chatcmpl-1")


def test_without_usage_the_output_is_estimated_from_what_was_said() -> None:
    relay = relay_for()

    relay.feed(json.dumps(whole({"content": "x" * 400})).encode())

    assert relay.usage is None
    assert relay.estimated_output() == 100


def test_embeddings_are_counted() -> None:
    relay = relay_for(Kind.EMBEDDINGS)
    body = b'{"object":"list","model":"e-1","data":[{"embedding":[0.1,0.2]}],"usage":{"prompt_tokens":5,"total_tokens":5}}'

    assert relay.feed(body) == body
    assert (relay.usage, relay.ended, relay.estimated_output()) == (Usage(input=5), True, 0)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<html>Bad gateway</html>", "upstream_garbage"),
        (b"", "upstream_garbage"),
        (b"{}", "upstream_garbage"),
        (b"[]", "upstream_garbage"),
        (b'{"choices":', "upstream_garbage"),
        (b'{"error":{"message":"boo","code":503}}', "upstream_overloaded"),
        (b'{"error":"boo"}', "upstream_error"),
        (b'{"detail":"boo"}', "upstream_error"),
        (b'{"object":"error","message":"too long","code":400}', "upstream_rejected"),
    ],
)
@pytest.mark.parametrize("kind", [Kind.CHAT, Kind.EMBEDDINGS])
def test_a_200_that_is_no_answer_is_a_fault(kind: Kind, body: bytes, code: str) -> None:
    relay = relay_for(kind)

    out = relay.feed(body) + relay.close()

    assert out == b""
    assert relay.fault is not None
    assert relay.fault.code == code


def test_an_answer_that_never_came_is_a_fault() -> None:
    relay = relay_for()

    relay.close()

    assert relay.fault is not None


def test_a_stream_to_a_caller_that_wanted_none_becomes_whole() -> None:
    relay = relay_for()

    out = relay.feed(sse(say("Hel"), say("lo"), last_counts()) + DONE) + relay.close()

    answer = json.loads(out)
    assert answer["choices"][0]["message"]["content"] == "Hello"
    assert (relay.usage, relay.ended, relay.fault) == (Usage(input=9, output=4), True, None)


@given(
    st.binary(max_size=50)
    | st.sampled_from([b'{"choices":1}', b'{"choices":[1]}', b'{"data":[],"usage":3}', b'{"choices":null}'])
)
def test_no_bytes_make_it_raise(body: bytes) -> None:
    relay = relay_for()

    relay.feed(body)
    relay.close()

    assert relay.ended or relay.fault is not None
    assert relay.estimated_output() >= 0


@pytest.mark.parametrize(("told", "tier"), [("flex", "flex"), (None, ""), (7, ""), ({}, "")])
def test_the_tier_that_served_it_is_noted(told: object, tier: str) -> None:
    relay = relay_for()

    relay.feed(compact(whole({"content": "Hi"}, usage=USAGE, service_tier=told)))

    assert (relay.service_tier, relay.fault) == (tier, None)
