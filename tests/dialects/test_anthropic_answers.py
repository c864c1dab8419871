"""Anthropic's answers ↔ canonical events: whole and streamed mean the same, however the bytes are cut."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.errors import Fault
from headworks.domain.events import (
    ArgumentsDelta,
    Ended,
    Failed,
    PartEnded,
    PartKind,
    PartStarted,
    Ping,
    SignatureDelta,
    Started,
    Stopped,
    StopReason,
    TextDelta,
    UsageSeen,
)
from headworks.domain.usage import Usage
from tests.dialects.anthropic_answers import answers, stream_of, streamed
from tests.dialects.anthropic_wire import CLAUDE, DIALECT, Json, ask, decode, message, question, sse, target, told, whole


@given(answers)
def test_a_whole_answer_comes_out_as_it_went_in(answer: Json) -> None:
    assert told(whole(answer)) == answer


@given(answers)
def test_a_stream_means_what_the_whole_answer_means(answer: Json) -> None:
    assert told(decode(streamed(answer))) == answer


@given(answers, st.data())
def test_any_cut_of_a_stream_decodes_to_the_same_events(answer: Json, data: Any) -> None:
    stream = streamed(answer)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))

    assert decode(stream, cuts) == decode(stream)


@given(answers)
def test_a_stream_fed_byte_by_byte_decodes_to_the_same_events(answer: Json) -> None:
    stream = streamed(answer)

    assert decode(stream, range(len(stream))) == decode(stream)


@given(answers)
def test_an_encoded_stream_means_what_the_events_mean(answer: Json) -> None:
    encoder = DIALECT.encoder(ask(question()))

    stream = encoder.feed(whole(answer))

    assert told(decode(stream)) == answer


@given(answers)
def test_an_encoded_stream_keeps_anthropics_order(answer: Json) -> None:
    """`message_start`, then blocks numbered from 0 that do not overlap, then `message_delta`, `message_stop`."""
    encoder = DIALECT.encoder(ask(question()))

    names = [event["type"] for event in _wire(encoder.feed(decode(streamed(answer))))]

    assert names[0] == "message_start"
    assert names[-2:] == ["message_delta", "message_stop"]
    assert [
        event["index"] for event in _wire(DIALECT.encoder(ask(question())).feed(whole(answer))) if "block" in event["type"]
    ] == (
        sorted(
            event["index"] for event in _wire(DIALECT.encoder(ask(question())).feed(whole(answer))) if "block" in event["type"]
        )
    )


def test_a_whole_answer_is_told_event_by_event() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": "sig"}
    call = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}}
    answer = message(thought, {"type": "text", "text": "Hi"}, call, stop_reason="tool_use")

    events = whole(answer)

    assert events == [
        Started(id="msg_1", model=CLAUDE, dialect="anthropic"),
        PartStarted(0, PartKind.REASONING),
        TextDelta(0, "hm"),
        SignatureDelta(0, "sig"),
        PartEnded(0),
        PartStarted(1, PartKind.TEXT),
        TextDelta(1, "Hi"),
        PartEnded(1),
        PartStarted(2, PartKind.TOOL_CALL, call_id="toolu_1", name="f", raw={"type": "tool_use"}),
        ArgumentsDelta(2, '{"a":1}'),
        PartEnded(2),
        Stopped(StopReason.TOOL_CALLS),
        UsageSeen(Usage(input=10, output=5), final=True),
        Ended(),
    ]


def test_a_call_without_arguments_has_an_empty_object() -> None:
    """A stream sends no JSON at all for it, and clients of other languages would fail to parse nothing."""
    events = decode(streamed(message({"type": "tool_use", "id": "t", "name": "f", "input": {}})))

    assert [event.json for event in events if isinstance(event, ArgumentsDelta)] == ["{}"]


def test_usage_counts_what_was_cached_as_input() -> None:
    usage = {
        "input_tokens": 10,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 10},
        "output_tokens": 7,
        "output_tokens_details": {"thinking_tokens": 4},
        "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1},
    }

    assert _usage(message(usage=usage)) == Usage(
        input=140, output=7, cache_read=100, cache_write=30, cache_write_1h=10, reasoning=4, web_searches=2
    )


def test_iterations_beside_the_totals_are_counted() -> None:
    """Compaction and advice are billed, but not part of `input_tokens` and `output_tokens`."""
    compaction = {"type": "compaction", "input_tokens": 1000, "output_tokens": 50}
    usage = {"input_tokens": 10, "output_tokens": 5, "iterations": [{"type": "message", "input_tokens": 10}, compaction]}

    assert _usage(message(usage=usage)) == Usage(input=1010, output=55)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ({"input_tokens": 5, "output_tokens": 1}, {"output_tokens": 9}, Usage(input=5, output=9)),
        ({"input_tokens": 0, "output_tokens": 0}, {"input_tokens": 73, "output_tokens": 9}, Usage(input=73, output=9)),
        ({"input_tokens": 5, "output_tokens": 1}, {"input_tokens": 0, "output_tokens": 9}, Usage(input=5, output=9)),
        ({"input_tokens": 5, "output_tokens": 1}, {"input_tokens": 900, "output_tokens": 9}, Usage(input=900, output=9)),
        ({"input_tokens": 5, "output_tokens": None}, {}, Usage(input=5)),
    ],
    ids=["as documented", "all at the end", "silent at the end", "grown on the way", "none at the end"],
)
def test_a_streams_counts_are_cumulative(first: Json, last: Json, expected: Usage) -> None:
    events = decode(
        sse(
            {"type": "message_start", "message": {"id": "m", "model": "c", "usage": first}},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": last},
        )
    )

    assert [event.usage for event in events if isinstance(event, UsageSeen)][-1] == expected


def test_pings_and_events_of_the_future_do_no_harm() -> None:
    events = decode(sse({"type": "ping"}, {"type": "of_the_future", "x": 1}) + b"event: data\ndata: [DONE]\n\n")

    assert events == [Ping()]


def test_an_error_inside_a_stream_is_a_fault() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}

    (failed,) = decode(sse(error))

    assert isinstance(failed, Failed)
    assert failed.fault.code == "upstream_overloaded"


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'"text"', b"{}", b'{"content":5}', b'{"content":[{"text":"no type"}]}', b'{"content":["x"]}'],
)
def test_garbage_for_an_answer_is_a_fault(body: bytes) -> None:
    with pytest.raises(Fault) as caught:
        DIALECT.read_answer(body, target())

    assert caught.value.code == "upstream_garbage"


def test_an_error_with_status_200_is_a_fault() -> None:
    with pytest.raises(Fault) as caught:
        whole({"type": "error", "error": {"type": "api_error", "message": "Internal"}})

    assert caught.value.code == "upstream_error"


@pytest.mark.parametrize(
    "event",
    [
        b"{",
        b"[]",
        b'{"type":"content_block_delta","index":7,"delta":{}}',
        b'{"type":"content_block_start","index":0,"content_block":"x"}',
        b'{"type":"message_start"}',
        b'{"type":"message_delta","delta":null}',
    ],
)
def test_garbage_in_a_stream_is_a_fault(event: bytes) -> None:
    with pytest.raises(Fault) as caught:
        decode(b"data: %b\n\n" % event)

    assert caught.value.code == "upstream_garbage"


def test_a_cut_stream_has_no_end() -> None:
    stream = streamed(message({"type": "text", "text": "Hello, world"}))

    events = decode(stream[: stream.index(b"message_delta")])

    assert not any(isinstance(event, Ended | Stopped) for event in events)


def test_a_part_that_begins_early_waits_for_the_one_before_it() -> None:
    """Canonical calls may be open side by side; Anthropic's blocks come one after another."""
    encoder = DIALECT.encoder(ask(question()))

    first = encoder.feed(
        [
            Started(id="x", model="m"),
            PartStarted(0, PartKind.TOOL_CALL, call_id="a", name="f"),
            ArgumentsDelta(0, '{"x":'),
            PartStarted(1, PartKind.TOOL_CALL, call_id="b", name="g"),
            ArgumentsDelta(1, "{}"),
        ]
    )
    second = encoder.feed([ArgumentsDelta(0, "1}"), PartEnded(0), PartEnded(1), Stopped(StopReason.TOOL_CALLS), Ended()])

    assert b'"name":"g"' not in first
    blocks = [(event["type"][14:], event["index"]) for event in _wire(first + second) if "block" in event["type"]]
    assert blocks == [("start", 0), ("delta", 0), ("delta", 0), ("stop", 0), ("start", 1), ("delta", 1), ("stop", 1)]


def test_a_call_with_all_its_arguments_makes_room_for_the_next() -> None:
    """OpenAI's language ends no call before the answer ends: a second call must not wait for that."""
    encoder = DIALECT.encoder(ask(question()))

    out = encoder.feed(
        [
            Started(id="x", model="m"),
            PartStarted(0, PartKind.TOOL_CALL, call_id="a", name="f"),
            ArgumentsDelta(0, '{"x":1}'),
            PartStarted(1, PartKind.TOOL_CALL, call_id="b", name="g"),
            ArgumentsDelta(1, '{"y"'),
        ]
    )

    assert [event["index"] for event in _wire(out) if event["type"] == "content_block_delta"] == [0, 1]


def test_an_empty_text_is_not_told() -> None:
    """Anthropic refuses it when the client sends it back."""
    events = [Started(id="x", model="m"), PartStarted(0, PartKind.TEXT), PartEnded(0), Stopped(StopReason.END), Ended()]

    assert told(events)["content"] == []
    assert b"content_block" not in DIALECT.encoder(ask(question())).feed(events)


def test_only_anthropics_own_raw_parts_are_told() -> None:
    events = [
        Started(id="x", model="m", dialect="openai_chat"),
        PartStarted(0, PartKind.OTHER, raw={"annotations": []}),
        PartEnded(0),
        PartStarted(1, PartKind.TOOL_CALL, call_id="a", name="f", raw={"extra_content": 1}),
        PartEnded(1),
        Ended(),
    ]

    assert told(events)["content"] == [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]
    assert b"annotations" not in DIALECT.encoder(ask(question())).feed(events)


def test_a_refusal_in_words_is_a_refusal() -> None:
    events = [
        Started(id="x", model="m"),
        PartStarted(0, PartKind.REFUSAL),
        TextDelta(0, "No."),
        PartEnded(0),
        Stopped(StopReason.END),
        Ended(),
    ]

    answer = told(events)

    assert (answer["content"], answer["stop_reason"]) == ([{"type": "text", "text": "No."}], "refusal")
    assert told(decode(DIALECT.encoder(ask(question())).feed(events)))["stop_reason"] == "refusal"


def test_arguments_that_are_no_object_are_kept_as_text() -> None:
    events = [
        Started(id="x", model="m"),
        PartStarted(0, PartKind.TOOL_CALL, call_id="a", name="f"),
        ArgumentsDelta(0, '{"cut":'),
        PartEnded(0),
        Ended(),
    ]

    assert told(events)["content"][0]["input"] == {"arguments": '{"cut":'}


def test_the_prompt_is_estimated_until_it_is_counted() -> None:
    """OpenAI's language counts at the end, Anthropic's clients look at the start: `message_delta` corrects it."""
    asked = ask(question())
    encoder = DIALECT.encoder(asked)

    head = _wire(encoder.feed([Started(id="x", model="m"), PartStarted(0, PartKind.TEXT), TextDelta(0, "a")]))[0]
    tail = _wire(encoder.feed([PartEnded(0), Stopped(StopReason.END), UsageSeen(Usage(input=42, output=7)), Ended()]))[-2]

    assert head["message"]["usage"]["input_tokens"] == asked.prompt_tokens > 0
    assert (tail["usage"]["input_tokens"], tail["usage"]["output_tokens"]) == (42, 7)


def test_the_answer_tool_becomes_the_answer() -> None:
    """Where a forced tool stood in for structured output, its arguments are the text."""
    call = {"type": "tool_use", "id": "t", "name": "headworks_json_answer", "input": {"city": "Ulm"}}
    answer = message(call, stop_reason="tool_use")

    for events in (whole(answer), decode(sse(*stream_of(answer)))):
        assert told(events)["content"] == [{"type": "text", "text": '{"city":"Ulm"}'}]
        assert told(events)["stop_reason"] == "end_turn"


def _usage(answer: Json) -> Usage:
    return next(event.usage for event in whole(answer) if isinstance(event, UsageSeen))


def _wire(stream: bytes) -> list[Json]:
    lines = [line.removeprefix(b"data: ") for line in stream.split(b"\n") if line.startswith(b"data: ")]
    return [msgspec.json.decode(line) for line in lines]
