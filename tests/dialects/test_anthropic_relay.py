"""Anthropic to Anthropic: the bytes pass untouched, and everything that accounting needs is noted on the way."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from anthropic._streaming import SSEDecoder
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.call import Kind
from headworks.domain.errors import Fault
from headworks.domain.usage import Usage
from headworks.ports.interpreter import Relay
from tests.dialects.anthropic_answers import answers, stream_of, streamed
from tests.dialects.anthropic_wire import CLAUDE, DIALECT, Json, ask, message, pieces, question, sse, target, told, whole

TEXT = message({"type": "text", "text": "Hello, world"})
SEVERED = Fault("severed", "The upstream's answer broke off before its end.")


def relay(*, stream: bool = True, kind: Kind = Kind.CHAT) -> Relay:
    return DIALECT.untouched(kind, ask({**question(), "stream": stream}, kind), target())


@given(answers, st.data())
def test_any_cut_passes_the_very_bytes_and_is_accounted_for_alike(answer: Json, data: Any) -> None:
    stream = streamed(answer)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    at_once, in_pieces = relay(), relay()
    at_once.feed(stream)

    out = [in_pieces.feed(piece) for piece in pieces(stream, cuts)]

    assert b"".join([*out, in_pieces.close()]) == stream
    assert in_pieces.fault is None
    noted = ("began", "ended", "usage", "pieces", "served_model", "upstream_id")
    assert [getattr(in_pieces, name) for name in noted] == [getattr(at_once, name) for name in noted]


@given(answers, st.data())
def test_the_client_gets_complete_events_only(answer: Json, data: Any) -> None:
    """So an error can follow at any time."""
    stream = streamed(answer)
    cut = data.draw(st.integers(0, len(stream) - 1))

    out = relay().feed(stream[:cut])

    assert out == b"" or out.endswith(b"\n\n")
    assert stream.startswith(out)


@given(answers)
def test_a_stream_and_a_whole_answer_are_accounted_for_alike(answer: Json) -> None:
    streaming, complete = relay(), relay(stream=False)

    streaming.feed(streamed(answer))
    complete.feed(msgspec.json.encode(answer))

    assert streaming.usage == complete.usage
    assert (streaming.served_model, streaming.upstream_id) == (complete.served_model, complete.upstream_id) == (CLAUDE, "msg_1")
    assert streaming.ended
    assert complete.ended


def test_an_answer_begins_with_its_first_content() -> None:
    """Not with its head, a ping or an empty block: until then an error can still be tried elsewhere."""
    running = relay()
    seen: list[tuple[str, bool]] = []

    for event in stream_of(TEXT)[:4]:
        running.feed(sse(event))
        seen.append((event["type"], running.began))

    assert seen == [("message_start", False), ("ping", False), ("content_block_start", False), ("content_block_delta", True)]


def test_a_call_is_content_from_its_start() -> None:
    running = relay()

    running.feed(sse(*stream_of(message({"type": "tool_use", "id": "t", "name": "f", "input": {}}))[:3]))

    assert running.began


def test_a_cut_stream_is_a_fault() -> None:
    stream = streamed(TEXT)
    running = relay()
    running.feed(stream[: stream.index(b"event: message_stop")])

    running.close()

    assert not running.ended
    assert running.fault is not None
    assert running.fault.code == "severed"


@pytest.mark.parametrize("cut", range(0, 200, 7))
def test_an_error_after_any_byte_reaches_anthropics_own_client(cut: int) -> None:
    stream = streamed(TEXT)
    running = relay()
    start = stream.index(b"event: content_block_delta")

    received = running.feed(stream[: start + cut]) + running.close() + running.fail(SEVERED, "req_1")

    events = list(SSEDecoder().iter_bytes(iter([received])))
    assert [event.event for event in events].count("error") == 1
    assert events[-1].json() == {
        "type": "error",
        "error": {"type": "api_error", "message": "The upstream's answer broke off before its end."},
        "request_id": "req_1",
    }
    assert all(event.json() for event in events)


def test_an_error_inside_the_stream_is_withheld_and_said_by_us() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    running = relay()
    said = sse(*stream_of(TEXT)[:5])

    out = running.feed(said + sse(error))

    assert out == said
    assert running.fault is not None
    assert running.fault.code == "upstream_overloaded"
    assert running.feed(said) == b""
    assert running.fail(running.fault, "req_1").startswith(b"event: error\n")


def test_text_about_errors_and_messages_is_only_text() -> None:
    words = [
        '"error"',
        '{"type":"error"}',
        "event: error",
        "message_stop",
        '{"type":"message_delta","usage":{"output_tokens":9}}',
    ]
    running = relay()

    out = b"".join(
        running.feed(sse(event)) for event in stream_of(message(*({"type": "text", "text": word} for word in words)))
    )

    assert running.fault is None
    assert running.ended
    assert running.usage == Usage(input=10, output=5)
    assert out


def test_other_line_ends_and_names_are_understood() -> None:
    """CRLF, no event names, `[DONE]` at the end: seen at servers that imitate Anthropic's."""
    data = [b"data:%b" % msgspec.json.encode(event) for event in stream_of(TEXT)]
    stream = b"\r\n\r\n".join([*data, b"data: [DONE]", b""])
    running = relay()

    out = b"".join(running.feed(stream[place : place + 11]) for place in range(0, len(stream), 11)) + running.close()

    assert out == stream
    assert (running.ended, running.usage, running.fault) == (True, Usage(input=10, output=5), None)


def test_a_last_event_without_its_blank_line_counts() -> None:
    stream = streamed(TEXT)[:-1]
    running = relay()

    out = running.feed(stream) + running.close()

    assert (out, running.ended, running.fault) == (stream, True, None)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b'{"type":"error","error":{"type":"rate_limit_error","message":"Slow down"}}', "upstream_throttled"),
        (b'{"type":"message"}', "upstream_garbage"),
        (b"<html>Bad gateway</html>", "upstream_garbage"),
        (b"", "upstream_garbage"),
    ],
)
def test_something_else_where_a_stream_was_asked_is_a_fault(document: bytes, code: str) -> None:
    running = relay()

    out = running.feed(document) + running.close()

    assert out == b""
    assert running.fault is not None
    assert running.fault.code == code


def test_a_whole_answer_where_a_stream_was_asked_becomes_the_stream() -> None:
    running = relay()

    out = running.feed(msgspec.json.encode(TEXT)) + running.close()

    decoder = DIALECT.decoder(target())
    assert told(decoder.feed(out)) == told(whole(TEXT))
    assert (running.began, running.ended, running.usage) == (True, True, Usage(input=10, output=5))


@pytest.mark.parametrize("event", [b"{", b'{"type":"message_delta","usage":', b'"message_delta"', b'{"message_x":' * 5000])
def test_garbage_in_a_stream_is_a_fault(event: bytes) -> None:
    running = relay()
    running.feed(sse(*stream_of(TEXT)[:4]))

    running.feed(b"event: message_delta\ndata: %b\n\n" % event + b"event: error\ndata: {")
    running.close()

    assert running.fault is not None
    assert running.fault.code in ("upstream_garbage", "severed")


def test_an_endless_event_is_a_fault() -> None:
    running = relay()
    running.feed(sse(*stream_of(TEXT)[:4]))

    for _ in range(17):
        running.feed(b"x" * 1024 * 1024)

    assert running.fault is not None
    assert running.fault.code == "upstream_too_large"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', "upstream_overloaded"),
        (b'{"type":"error"}', "upstream_error"),
        (b"{", "upstream_garbage"),
        (b'{"x":' * 5000, "upstream_garbage"),
        (b"[]", "upstream_garbage"),
        (b"{}", "upstream_garbage"),
        (b'{"error":{"message":"of another language"}}', "upstream_error"),
        (b"<html>", "upstream_garbage"),
        (b"", "upstream_garbage"),
    ],
)
def test_a_200_that_holds_no_answer_is_a_fault(body: bytes, code: str) -> None:
    complete = relay(stream=False)

    complete.feed(body)
    complete.close()

    assert complete.fault is not None
    assert complete.fault.code == code
    assert not complete.ended


def test_a_stream_where_a_whole_answer_was_asked_becomes_one() -> None:
    complete = relay(stream=False)

    out = complete.feed(streamed(TEXT))

    assert msgspec.json.decode(out) == told(whole(TEXT))
    assert (complete.ended, complete.usage, complete.served_model) == (True, Usage(input=10, output=5), CLAUDE)


def test_a_whole_answer_that_never_came_is_a_fault() -> None:
    complete = relay(stream=False)

    complete.close()

    assert complete.fault is not None
    assert complete.fault.code == "upstream_garbage"


def test_a_count_has_no_usage() -> None:
    counted = relay(stream=False, kind=Kind.COUNT_TOKENS)

    assert counted.feed(b'{"input_tokens":12}') == b'{"input_tokens":12}'
    assert (counted.ended, counted.usage, counted.fault) == (True, None, None)


def test_a_cut_answer_is_estimated_by_its_size() -> None:
    """Anthropic's events hold several tokens each: the number of events alone would be too low."""
    text = "The quick brown fox jumps over the lazy dog. " * 40
    running = relay()

    for event in stream_of(message({"type": "text", "text": text}))[:-3]:
        running.feed(sse(event))

    assert 0.5 < running.estimated_output() / (len(text) / 4.5) < 2
