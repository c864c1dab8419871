"""A streamed answer that stays in OpenAI's language: its bytes pass, and the account of it is right."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.call import Kind
from headworks.domain.errors import Fault
from headworks.domain.usage import Usage
from headworks.ports.interpreter import Relay
from tests.dialects.openai_wire import DONE, USAGE, Json, chunk, last_counts, say, sse, watch, whole

ROLE = chunk({"role": "assistant", "content": ""})
STOP = chunk(finish="stop")
COUNTS = Usage(input=9, output=4)


def fed(relay: Relay, *pieces: bytes) -> bytes:
    return b"".join(relay.feed(piece) for piece in pieces)


def test_bytes_pass_as_they_came() -> None:
    stream = b": wait\n\n" + sse(ROLE, say("Hello"), say(" you"), STOP, last_counts()) + DONE
    relay = watch()

    assert fed(relay, stream) + relay.close() == stream
    assert (relay.began, relay.ended, relay.fault) == (True, True, None)
    assert (relay.usage, relay.upstream_id, relay.served_model) == (COUNTS, "chatcmpl-1", "m-1")


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r"])
@given(cuts=st.lists(st.integers(0, 900), max_size=10))
def test_cuts_and_line_ends_do_not_matter(end: bytes, cuts: list[int]) -> None:
    stream = (sse(ROLE, say("Hel\n\nlo"), STOP, last_counts()) + DONE).replace(b"\n\n", end)
    edges = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    relay = watch()

    out = [relay.feed(stream[a:b]) for a, b in pairwise(edges)] + [relay.close()]

    assert b"".join(out) == stream
    assert all(piece.endswith(end) for piece in out if piece)
    assert (relay.usage, relay.ended) == (COUNTS, True)


def test_an_answer_begins_with_its_first_content() -> None:
    """Neither a comment, nor a role, nor an empty delta is content."""
    relay = watch()

    for nothing in (b": OPENROUTER PROCESSING\n\n", sse(ROLE), sse(chunk({"content": None})), sse(chunk({"tool_calls": []}))):
        relay.feed(nothing)
        assert not relay.began
    relay.feed(sse(say("!")))
    assert relay.began


@pytest.mark.parametrize(
    "delta",
    [
        {"reasoning_content": "Hm"},
        {"reasoning": "Hm"},
        {"refusal": "No"},
        {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": ""}}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]},
    ],
)
def test_whatever_is_said_is_content(delta: Json) -> None:
    relay = watch()

    relay.feed(sse(ROLE, chunk(delta)))

    assert relay.began


def test_a_reason_to_stop_begins_an_empty_answer() -> None:
    relay = watch()

    relay.feed(sse(ROLE, chunk(finish="content_filter")))

    assert relay.began


def test_usage_that_was_not_asked_for_is_hidden() -> None:
    relay = watch(include_usage=False)
    stream = (
        sse(chunk({"role": "assistant"}, usage=None), say("Hi", usage=None), chunk(finish="stop", usage=None), last_counts())
        + DONE
    )

    out = fed(relay, stream) + relay.close()

    assert out == sse(chunk({"role": "assistant"}), say("Hi"), STOP) + DONE
    assert relay.usage == COUNTS


def test_usage_beside_content_stays() -> None:
    """Where a provider puts usage into the last chunk of content, hiding it would touch what is said."""
    relay = watch(include_usage=False)
    stream = sse(say("Hi"), chunk(finish="stop", usage=USAGE)) + DONE

    assert fed(relay, stream) + relay.close() == stream
    assert relay.usage == COUNTS


def test_usage_is_not_hidden_from_a_caller_that_asked() -> None:
    relay = watch()
    stream = sse(say("Hi", usage=None), STOP, last_counts()) + DONE

    assert fed(relay, stream) == stream


def test_words_about_usage_and_errors_are_only_words() -> None:
    """A quote inside a string is escaped, so what a model says cannot look like a field."""
    relay = watch(include_usage=False)
    words = 'data: [DONE] ,"usage":null "error":{"message":"boo"} "delta": {'
    stream = sse(say(words), say("usage"), say("error"), STOP) + DONE

    assert fed(relay, stream) + relay.close() == stream
    assert (relay.usage, relay.fault, relay.ended) == (None, None, True)


def test_pieces_are_counted() -> None:
    relay = watch()

    fed(relay, sse(ROLE, say("a")), *(sse(say("b")) for _ in range(98)), sse(STOP) + DONE)

    assert 99 <= relay.pieces <= 101
    assert 99 <= relay.estimated_output() <= 110


def test_long_pieces_are_estimated_by_their_bytes() -> None:
    """Some providers send many tokens in one event."""
    relay = watch()

    fed(relay, *(sse(say("x" * 400)) for _ in range(10)))

    assert 900 <= relay.estimated_output() <= 1100


@pytest.mark.parametrize("last", [sse(say("Hi")), sse(ROLE), b": wait\n\n", sse(say("Hi")) + b'data: {"id":"chat', b""])
def test_a_cut_stream_is_severed(last: bytes) -> None:
    """No event is half sent, so the error that follows can be read."""
    relay = watch()

    out = relay.feed(last) + relay.close()

    assert relay.fault is not None
    assert relay.fault.code == "severed"
    assert out in {last, sse(say("Hi"))}
    told = relay.fail(relay.fault, "req-1")
    assert json.loads(told.removeprefix(b"data: "))["error"]["code"] == "severed"
    assert DONE not in told


@pytest.mark.parametrize("tail", [b"", b"data: [DONE]", b"data: [DONE] \n", b"data: [DONE]\n\n\n"])
def test_a_stream_may_end_carelessly(tail: bytes) -> None:
    """Perplexity sends no `[DONE]`; others forget its blank line. A reason to stop was given, so it is whole."""
    relay = watch()
    stream = sse(say("Hi"), STOP) + tail

    assert relay.feed(stream) + relay.close() == stream
    assert (relay.ended, relay.fault) == (True, None)


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (b'data: {"error":{"message":"Overloaded","type":"overloaded_error"}}\n\n', "upstream_overloaded"),
        (b'data: {"id":"1","choices":[],"error":{"code":502,"message":"boo"}}\n\n', "upstream_error"),
        (b'event: error\ndata: {"message":"boo"}\n\n', "upstream_error"),
        (b'error: {"detail":"context size"}\n\n', "upstream_error"),
        (b'data: {"object":"error","message":"slow down","type":"rate_limit_error"}\n\n', "upstream_throttled"),
        (b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"error","error":{"code":429}}]}\n\n', "upstream_throttled"),
    ],
)
def test_a_failure_inside_the_stream_is_withheld(event: bytes, code: str) -> None:
    """`fail` says it in the client's language, once; nothing passes after it."""
    relay = watch()

    out = relay.feed(sse(say("Hi")) + event + sse(say("more")))

    assert out == sse(say("Hi"))
    assert relay.fault is not None
    assert relay.fault.code == code
    assert relay.feed(sse(say("more")) + DONE) + relay.close() == b""


def test_nonsense_at_the_start_is_garbage() -> None:
    relay = watch()

    assert relay.feed(b"data: {oops\n\n") == b""
    assert relay.fault is not None
    assert relay.fault.code == "upstream_garbage"


def test_an_endless_event_is_too_large() -> None:
    relay = watch()
    piece = b"x" * 1024 * 1024

    relay.feed(b"data: ")
    for _ in range(17):
        assert relay.feed(piece) == b""

    assert relay.fault is not None
    assert relay.fault.code == "upstream_too_large"


def test_a_whole_answer_to_a_streaming_caller_becomes_a_stream() -> None:
    relay = watch()
    answer = json.dumps(whole({"content": "Hello"}, usage=USAGE)).encode()

    out = relay.feed(answer[:30]) + relay.feed(answer[30:]) + relay.close()

    assert out.endswith(DONE)
    assert b'"content":"Hello"' in out
    assert (relay.began, relay.ended, relay.usage, relay.fault) == (True, True, COUNTS, None)


def test_groqs_usage_is_found() -> None:
    relay = watch()

    fed(relay, sse(say("Hi"), chunk(finish="stop", x_groq={"id": "r", "usage": USAGE})) + DONE)

    assert relay.usage == COUNTS


def test_plain_completions_pass_too() -> None:
    relay = watch(kind=Kind.COMPLETIONS)
    stream = b"".join(
        b'data: {"id":"cmpl-1","model":"m","choices":[{"index":0,"text":"%b","finish_reason":null}]}\n\n' % text
        for text in (b"a", b"b")
    )

    assert relay.feed(stream + DONE) == stream + DONE
    assert (relay.pieces, relay.began, relay.ended) == (2, True, True)


@given(
    st.lists(
        st.binary(max_size=40) | st.sampled_from([b"data: ", b"\n\n", DONE, b'{"choices":[', b'{"usage":{}}', b"\r"]),
        max_size=9,
    )
)
def test_no_bytes_make_it_raise(pieces: list[bytes]) -> None:
    relay = watch(include_usage=False)

    out = fed(relay, *pieces) + relay.close()

    assert relay.ended or relay.fault is not None
    assert len(out) <= len(b"".join(pieces)) + 2


junk: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["choices", "delta", "content", "usage", "error", "finish_reason", "message", "x_groq", "index"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(st.sampled_from(["choices", "usage", "error", "id"]), junk, max_size=3), max_size=4), st.booleans()
)
def test_no_json_makes_it_raise(payloads: list[Json], begun: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    relay = watch(include_usage=False)

    fed(relay, sse(say("Hi")) if begun else b"", sse(*payloads))
    relay.close()

    assert relay.ended or relay.fault is not None


def test_nonsense_after_the_start_does_not_hurt_the_end() -> None:
    relay = watch()

    fed(relay, sse(say("Hi")), b"data: {oops\n\n")
    relay.close()

    assert relay.fault is not None
    assert relay.fault.code == "severed"


def test_a_fault_says_which_request_it_was() -> None:
    told = watch().fail(Fault("idle_timeout", "The provider fell silent."), "req-9")

    assert json.loads(told.removeprefix(b"data: "))["error"] == {
        "message": "The provider fell silent.",
        "type": "upstream_error",
        "param": None,
        "code": "idle_timeout",
        "request_id": "req-9",
    }
