"""What the untouched relays of both dialects note for the bill, and what they must not take for content."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.call import Kind
from headworks.ports.interpreter import Relay
from tests.dialects import anthropic_wire as anthropic
from tests.dialects import openai_wire as openai

anything: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["loc", "msg", "detail", "message", "code", "type", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
openai_counts = st.dictionaries(
    st.sampled_from(
        ["prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details", "cache_creation"]
    ),
    anything,
)
anthropic_counts = st.dictionaries(
    st.sampled_from(["input_tokens", "output_tokens", "cache_creation", "server_tool_use", "iterations"]), anything
)
HEAD = {"type": "message_start", "message": {"id": "m", "model": "c", "usage": {"input_tokens": 7, "output_tokens": 1}}}
START = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
DELTA = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}}


def claude(*, stream: bool = True) -> Relay:
    return anthropic.DIALECT.untouched(Kind.CHAT, anthropic.ask(anthropic.question(stream=stream)), anthropic.target())


def stopped(**usage: Any) -> bytes:
    return anthropic.sse({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage})


@pytest.mark.parametrize(
    "idle",
    [
        b": keep-alive\n\n",
        openai.sse(openai.chunk({"role": "assistant", "content": ""})),
        openai.sse(openai.chunk({"role": "assistant"}, index=1)),
        openai.sse(openai.chunk({"content": ""})),
        openai.sse(openai.chunk(finish="stop")),
        openai.sse(openai.last_counts()),
        b": keep-alive\n\n" * 3 + openai.sse(openai.chunk({})),
    ],
)
def test_what_says_nothing_in_openais_stream_is_not_counted(idle: bytes) -> None:
    relay = openai.watch()
    relay.feed(idle)
    assert (relay.pieces, relay.content_bytes, relay.estimated_output()) == (0, 0, 0)
    relay = openai.watch()
    relay.feed(openai.sse(openai.say("Hello")))
    relay.feed(openai.sse(openai.say("Hello")))
    before = relay.pieces, relay.content_bytes, relay.estimated_output()

    for _ in range(50):
        relay.feed(idle)

    assert (relay.pieces, relay.content_bytes, relay.estimated_output()) == before
    relay.feed(idle + openai.sse(openai.say("Hello")))
    assert relay.pieces == before[0] + 1


@pytest.mark.parametrize("idle", [b": keep-alive\n\n", anthropic.sse({"type": "ping"}), anthropic.sse(START)])
def test_what_says_nothing_in_anthropics_stream_is_not_counted(idle: bytes) -> None:
    relay = claude()
    relay.feed(anthropic.sse(HEAD, START, DELTA))
    relay.feed(anthropic.sse(DELTA))
    before = relay.pieces, relay.content_bytes

    for _ in range(50):
        relay.feed(idle)

    assert (relay.pieces, relay.content_bytes) == before
    relay.feed(idle + anthropic.sse(DELTA))
    assert (relay.pieces, relay.content_bytes) == (before[0] + 1, before[1] + len(anthropic.sse(DELTA)))


def test_openais_counts_are_final_beside_no_choice() -> None:
    relay = openai.watch()
    relay.feed(openai.sse(openai.say("Hello", usage={"prompt_tokens": 9, "completion_tokens": 1})))
    assert (relay.usage is not None, relay.usage_final) == (True, False)

    relay.feed(openai.sse(openai.chunk(finish="stop"), openai.last_counts()))

    assert relay.usage_final


def test_anthropics_counts_are_final_beside_the_reason_to_stop() -> None:
    relay = claude()
    relay.feed(anthropic.sse(HEAD, START, DELTA))
    assert (relay.usage is not None, relay.usage_final) == (True, False)

    relay.feed(stopped(output_tokens=5))

    assert relay.usage_final


@pytest.mark.parametrize(
    "counts", [{}, {"prompt_tokens": 0, "completion_tokens": 0}, {"prompt_tokens": 9, "completion_tokens": 0}]
)
def test_counts_of_nothing_are_no_report_of_something(counts: dict[str, int]) -> None:
    relay = openai.watch()
    relay.feed(openai.sse(openai.say("Hello"), openai.chunk(finish="stop"), {**openai.last_counts(), "usage": counts}))
    whole = openai.DIALECT.untouched(Kind.CHAT, openai.ask(), openai.target())
    whole.feed(openai.compact(openai.whole({"content": "Hello there"}, usage=counts)))

    for watch in (relay, whole):
        assert (watch.usage, watch.usage_final) == (None, False)
        assert watch.estimated_output() > 0


def test_an_anthropic_answer_of_no_tokens_is_estimated() -> None:
    relay = claude()
    relay.feed(anthropic.sse({**HEAD, "message": {"id": "m", "usage": {"input_tokens": 7, "output_tokens": 0}}}, START, DELTA))
    relay.feed(stopped(output_tokens=0))

    assert (relay.usage, relay.usage_final) == (None, False)
    assert relay.estimated_output() > 0


@pytest.mark.parametrize("count", [-5, 2**53 + 1, 10**30, True, "9", [], {}])
def test_a_count_that_is_none_is_not_believed(count: Any) -> None:
    relay = openai.watch()
    relay.feed(
        openai.sse(openai.say("Hi"), {**openai.last_counts(), "usage": {"prompt_tokens": count, "completion_tokens": 3}})
    )
    other = claude()
    other.feed(anthropic.sse(HEAD, START, DELTA) + stopped(input_tokens=count, output_tokens=3))

    assert relay.usage is not None
    assert (relay.usage.input, relay.usage.output) == (0, 3)
    assert other.usage is not None
    assert (other.usage.input, other.usage.output) == (7, 3)


@given(openai_counts, anything)
def test_openais_watches_never_raise(counts: dict[str, Any], error: Any) -> None:
    for said in ({"usage": counts}, {"error": error}, {"error": {"message": {"detail": error}}}, {"detail": error}):
        stream = openai.watch()
        stream.feed(openai.sse(openai.say("Hi"), {**openai.last_counts(), **said}))
        stream.close()
        whole = openai.DIALECT.untouched(Kind.CHAT, openai.ask(), openai.target())
        whole.feed(openai.compact({**openai.whole({"content": "Hi"}), **said}))
        whole.estimated_output()
        openai.DIALECT.read_fault(400, [], openai.compact(said))


@given(anthropic_counts, anything)
def test_anthropics_watches_never_raise(counts: dict[str, Any], error: Any) -> None:
    for event in (
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": counts},
        {"type": "error", "error": error},
        {"type": "message_delta", "delta": error},
    ):
        stream = claude()
        stream.feed(anthropic.sse(HEAD, START, DELTA, event))
        stream.close()
    for said in ({"usage": counts}, {"error": error, "type": "error"}):
        claude(stream=False).feed(msgspec.json.encode({**anthropic.message({"type": "text", "text": "x"}), **said}))
        anthropic.DIALECT.read_fault(400, [], msgspec.json.encode(said))
