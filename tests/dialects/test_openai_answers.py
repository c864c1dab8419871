"""Answers in OpenAI's language ↔ events: the habits of many providers, and what other dialects' answers become."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from headworks.dialects.sse import SseParser
from headworks.domain.errors import Fault
from headworks.domain.events import (
    ArgumentsDelta,
    Ended,
    Event,
    Failed,
    PartEnded,
    PartKind,
    PartStarted,
    SignatureDelta,
    Started,
    Stopped,
    StopReason,
    TextDelta,
    UsageSeen,
)
from headworks.domain.usage import Usage
from tests.dialects.openai_wire import DIALECT, DONE, Json, ask, chunk, decode, last_counts, say, sse, target, whole
from tests.dialects.recordings import merged


def calls_in(events: list[Event]) -> list[tuple[str, str, str]]:
    """Id, name and arguments of every tool call."""
    started = [event for event in events if isinstance(event, PartStarted) and event.kind is PartKind.TOOL_CALL]
    said: dict[int, str] = {event.part: "" for event in started}
    for event in events:
        if isinstance(event, ArgumentsDelta):
            said[event.part] += event.json
    return [(event.call_id, event.name, said[event.part]) for event in started]


def texts_in(events: list[Event], kind: PartKind) -> str:
    parts = {event.part for event in events if isinstance(event, PartStarted) and event.kind is kind}
    return "".join(event.text for event in events if isinstance(event, TextDelta) and event.part in parts)


def call(name: str | None = None, arguments: str | None = None, **more: Any) -> Json:
    return {**more, "function": {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}}


def calling(*calls: Json) -> Json:
    return chunk({"tool_calls": list(calls)})


BOTH = [("call_a", "sun", '{"x":1}'), ("call_b", "rain", '{"y":2}')]


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        pytest.param(
            [
                calling(call("sun", "", index=0, id="call_a", type="function")),
                calling(call(arguments='{"x"', index=0)),
                calling(call(arguments=":1}", index=0)),
                calling(call("rain", "", index=1, id="call_b", type="function")),
                calling(call(arguments='{"y":2}', index=1)),
            ],
            BOTH,
            id="as OpenAI does it",
        ),
        pytest.param(
            [
                calling(call("sun", "", index=0, id="call_a"), call("rain", "", index=1, id="call_b")),
                calling(call(arguments='{"x"', index=0), call(arguments='{"y"', index=1)),
                calling(call(arguments=":2}", index=1), call(arguments=":1}", index=0)),
            ],
            BOTH,
            id="interleaved",
        ),
        pytest.param(
            [calling(call("sun", '{"x":1}', id="call_a"), call("rain", '{"y":2}', id="call_b"))],
            BOTH,
            id="without index (Mistral)",
        ),
        pytest.param(
            [calling(call("sun", '{"x":1}', index=0, id="call_a")), calling(call("rain", '{"y":2}', index=0, id="call_b"))],
            BOTH,
            id="one index for two calls",
        ),
        pytest.param(
            [
                calling(call("sun", "", index=0, id="0")),
                calling(call(arguments='{"x"', index=0, id="0", type="function")),
                calling(call(arguments=":1}", index=0, id="0", type="function")),
            ],
            [("0", "sun", '{"x":1}')],
            id="the id repeated (TGI)",
        ),
        pytest.param(
            [
                calling(call("sun", "", index=0, id="call_a")),
                calling({"index": 0, "id": None, "type": None, "function": {"name": "sun", "arguments": '{"x"'}}),
                calling({"index": 0, "id": None, "type": None, "function": {"name": "sun", "arguments": ":1}"}}),
            ],
            [("call_a", "sun", '{"x":1}')],
            id="the name repeated (watsonx)",
        ),
        pytest.param(
            [
                calling({"index": 0, "id": "call_a", "function": {"name": None, "arguments": '{"x"'}}),
                calling(call("sun", ":1}", index=0)),
            ],
            [("call_a", "sun", '{"x":1}')],
            id="arguments before the name",
        ),
        pytest.param(
            [calling(call("sun", '{"x":1}', index=0, id="")), calling(call("rain", '{"y":2}', index=0, id=""))],
            [("call_chatcmpl1_0_0", "sun", '{"x":1}'), ("call_chatcmpl1_0_1", "rain", '{"y":2}')],
            id="no ids, one index (Gemini)",
        ),
        pytest.param(
            [calling({"id": "call_a", "function": {"name": "sun", "arguments": {"x": 1}}})],
            [("call_a", "sun", '{"x":1}')],
            id="arguments as an object",
        ),
        pytest.param(
            [chunk({"function_call": {"name": "sun", "arguments": '{"x"'}}), chunk({"function_call": {"arguments": ":1}"}})],
            [("call_chatcmpl1_0_0", "sun", '{"x":1}')],
            id="the old function_call",
        ),
    ],
)
def test_tool_calls_of_many_providers(chunks: list[Json], expected: list[tuple[str, str, str]]) -> None:
    events = decode(*chunks, chunk(finish="tool_calls"))

    assert calls_in(events) == expected
    assert [event.reason for event in events if isinstance(event, Stopped)] == [StopReason.TOOL_CALLS]


def test_a_forced_call_stops_for_its_call() -> None:
    """OpenAI says «stop» after a call that `tool_choice` named; an agent must still see that it is to run a tool."""
    events = decode(calling(call("sun", "{}", index=0, id="call_a")), chunk(finish="stop"))

    assert Stopped(StopReason.TOOL_CALLS, raw="stop") in events


def test_every_part_ends_before_its_choice_stops() -> None:
    events = decode(
        chunk({"reasoning_content": "Hm"}),
        say("Hello"),
        calling(call("sun", "{}", index=0, id="c")),
        chunk(finish="tool_calls"),
    )

    kinds = [type(event) for event in events]
    assert [(event.part, event.kind) for event in events if isinstance(event, PartStarted)] == [
        (0, PartKind.REASONING),
        (1, PartKind.TEXT),
        (2, PartKind.TOOL_CALL),
    ]
    assert [event.part for event in events if isinstance(event, PartEnded)] == [0, 1, 2]
    assert kinds.index(Stopped) > max(place for place, kind in enumerate(kinds) if kind is PartEnded)
    assert kinds[-1] is Ended


def test_usage_is_known_before_the_stop() -> None:
    """So a dialect that tells both together can."""
    kinds = [type(event) for event in decode(say("Hi"), chunk(finish="stop"), last_counts())]

    assert kinds.index(UsageSeen) < kinds.index(Stopped)


@pytest.mark.parametrize(
    "delta",
    [
        {"reasoning_content": "Hm"},
        {"reasoning": "Hm"},
        {"reasoning": "Hm", "reasoning_content": "Hm"},
        {"reasoning": "Hm", "reasoning_details": [{"type": "reasoning.text", "text": "Hm", "index": 0}]},
        {"reasoning": "Hm", "reasoning_details": [{"type": "reasoning.summary", "summary": "Hm", "index": 0}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]},
    ],
)
def test_reasoning_has_many_names_and_is_said_once(delta: Json) -> None:
    assert texts_in(decode(chunk(delta), chunk(finish="stop")), PartKind.REASONING) == "Hm"


def test_signatures_and_encrypted_reasoning_are_kept() -> None:
    events = decode(
        chunk({"reasoning_details": [{"type": "reasoning.text", "text": "Hm", "index": 0}]}),
        chunk({"reasoning_details": [{"type": "reasoning.text", "signature": "sig", "index": 0}]}),
        chunk({"reasoning_details": [{"type": "reasoning.encrypted", "data": "opaque", "id": "rs_1"}]}),
        chunk(finish="stop"),
    )

    assert SignatureDelta(0, "sig") in events
    assert (
        PartStarted(1, PartKind.REDACTED_REASONING, data="opaque", raw={"type": "reasoning.encrypted", "id": "rs_1"}) in events
    )


def test_several_choices_are_kept_apart() -> None:
    events = decode(
        chunk({"content": "a"}, index=0),
        chunk({"content": "b"}, index=1),
        chunk(finish="stop", index=1),
        chunk(finish="length"),
    )

    assert TextDelta(0, "a", 0) in events
    assert TextDelta(0, "b", 1) in events
    assert Stopped(StopReason.MAX_TOKENS, 0) in events
    assert Stopped(StopReason.END, 1) in events


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stop", StopReason.END),
        ("length", StopReason.MAX_TOKENS),
        ("tool_calls", StopReason.TOOL_CALLS),
        ("function_call", StopReason.TOOL_CALLS),
        ("content_filter", StopReason.CONTENT_FILTER),
        ("model_length", StopReason.CONTEXT_WINDOW),
        ("eos_token", StopReason.END),
        ("insufficient_system_resource", StopReason.OTHER),
    ],
)
def test_reasons_to_stop_go_both_ways(word: str, reason: StopReason) -> None:
    events = decode(say("Hi"), chunk(finish=word))

    stopped = next(event for event in events if isinstance(event, Stopped))
    assert stopped.reason is reason
    assert json.loads(DIALECT.write_answer(events, ask()))["choices"][0]["finish_reason"] == word


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}, Usage(input=9, output=4)),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "total_tokens": 20,
                "completion_tokens_details": {"reasoning_tokens": 7},
            },
            Usage(input=9, output=11, reasoning=7),
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 8,
                "total_tokens": 17,
                "completion_tokens_details": {"reasoning_tokens": 7},
            },
            Usage(input=9, output=8, reasoning=7),
        ),
        ({"prompt_tokens": 9, "completion_tokens": 4, "prompt_cache_hit_tokens": 5}, Usage(input=9, output=4, cache_read=5)),
        ({"prompt_tokens": 9, "completion_tokens": 4, "cached_tokens": 5}, Usage(input=9, output=4, cache_read=5)),
        (
            {"prompt_tokens": 9, "completion_tokens": 4, "citation_tokens": 3, "num_search_queries": 2},
            Usage(input=9, output=7, citation=3, web_searches=2),
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "prompt_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 3},
            },
            Usage(input=9, output=4, cache_read=2, cache_write=3),
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "completion_tokens_details": None,
                "prompt_tokens_details": "?",
                "cost": 0.1,
            },
            Usage(input=9, output=4),
        ),
        ({"prompt_tokens": "many", "completion_tokens": -3, "total_tokens": 1e400}, Usage()),
    ],
)
def test_usage_of_many_providers(usage: Json, expected: Usage) -> None:
    events = DIALECT.read_answer(
        json.dumps(whole({"content": "x"}, usage=usage)).replace("Infinity", "1e300").encode(), target()
    )

    assert [event.usage for event in events if isinstance(event, UsageSeen)] == [expected]


@given(
    st.builds(
        Usage,
        *[st.integers(0, 10**9)] * 12,
        citation=st.integers(0, 10),
    ).map(lambda u: Usage(input=u.input, output=u.output + u.citation, cache_read=u.cache_read, citation=u.citation))
)
def test_written_usage_reads_the_same(usage: Usage) -> None:
    events: list[Event] = [Started("1", "m"), UsageSeen(usage), Stopped(StopReason.END), Ended()]

    again = DIALECT.read_answer(DIALECT.write_answer(events, ask()), target())

    assert [event.usage for event in again if isinstance(event, UsageSeen)] == [usage]


def test_a_failure_ends_the_events() -> None:
    events = decode(say("Hi"), {"error": {"message": "boo", "code": 503}}, say("more"))

    assert isinstance(events[-1], Failed)
    assert events[-1].fault.code == "upstream_overloaded"
    assert texts_in(events, PartKind.TEXT) == "Hi"


def test_a_stream_without_done_ends_if_it_said_why_it_stopped() -> None:
    assert isinstance(decode(say("Hi"), chunk(finish="stop"), end=b"")[-1], Ended)
    assert not isinstance(decode(say("Hi"), end=b"")[-1], Ended)


FOREIGN: list[Event] = [
    Started("msg_1", "claude", extra={"container": 1}, dialect="anthropic"),
    PartStarted(0, PartKind.REASONING),
    TextDelta(0, "Hm"),
    SignatureDelta(0, "sig"),
    PartEnded(0),
    PartStarted(1, PartKind.REDACTED_REASONING, data="opaque"),
    PartEnded(1),
    PartStarted(2, PartKind.TEXT),
    TextDelta(2, "Hel"),
    TextDelta(2, "lo"),
    PartEnded(2),
    PartStarted(3, PartKind.TOOL_CALL, call_id="toolu_1", name="sun"),
    ArgumentsDelta(3, '{"x"'),
    ArgumentsDelta(3, ":1}"),
    PartEnded(3),
    PartStarted(4, PartKind.OTHER, raw={"type": "web_search_tool_result"}),
    PartEnded(4),
    UsageSeen(Usage(input=9, output=4, cache_read=2), raw={"input_tokens": 7}),
    Stopped(StopReason.TOOL_CALLS, raw="tool_use", extra={"stop_sequence": None}),
    Ended(),
]
FOREIGN_MESSAGE = {
    "role": "assistant",
    "content": "Hello",
    "reasoning_content": "Hm",
    "reasoning_details": [
        {"type": "reasoning.text", "index": 0, "text": "Hm", "signature": "sig"},
        {"type": "reasoning.encrypted", "index": 1, "data": "opaque"},
    ],
    "tool_calls": [{"id": "toolu_1", "type": "function", "function": {"name": "sun", "arguments": '{"x":1}'}}],
}


def test_another_dialects_answer_as_one_document() -> None:
    answer = json.loads(DIALECT.write_answer(FOREIGN, ask()))

    assert answer["choices"] == [{"index": 0, "message": FOREIGN_MESSAGE, "finish_reason": "tool_calls"}]
    assert (answer["id"], answer["model"], answer["object"]) == ("msg_1", "claude", "chat.completion")
    assert answer["usage"]["prompt_tokens"] == 9
    assert answer["usage"]["prompt_tokens_details"]["cached_tokens"] == 2
    assert "container" not in answer


def test_another_dialects_answer_as_a_stream() -> None:
    encoder = DIALECT.encoder(ask(stream=True, include_usage=True))

    out = b"".join(encoder.feed([event]) for event in FOREIGN)

    decoder = DIALECT.decoder(target())
    again = DIALECT.write_answer([*decoder.feed(out), *decoder.close()], ask())
    plain = {name: value for name, value in FOREIGN_MESSAGE.items() if name != "reasoning_content"}
    assert json.loads(again)["choices"][0]["message"] == {**plain, "reasoning": "Hm"}
    assert out.endswith(DONE)
    assert out.count(b'"role":"assistant"') == 1
    assert out.count(b'"usage":') == 1


@pytest.mark.parametrize(
    "message",
    [
        {"content": "a", "audio": {"id": "audio_1", "data": "AA", "transcript": "hi", "expires_at": 7}},
        {"content": "a", "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]},
        {"content": "a", "annotations": [{"type": "url_citation", "url_citation": {"url": "https://x"}}]},
        {"content": None, "tool_calls": [{"id": "1", "type": "custom", "custom": {"name": "f", "input": "x"}}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}, {"type": "text", "text": "a"}]},
        {
            "content": [
                {"type": "text", "text": "a"},
                {"type": "reference", "reference_ids": [1]},
                {"type": "text", "text": "b"},
            ]
        },
        {"content": None, "refusal": "No."},
    ],
)
def test_what_only_this_dialect_knows_comes_back(message: Json) -> None:
    wire = whole(message, citations=["https://x"], service_tier="default")
    wire["choices"][0] |= {"logprobs": {"content": [{"token": "a"}]}, "native_finish_reason": "STOP"}

    again = json.loads(DIALECT.write_answer(DIALECT.read_answer(json.dumps(wire).encode(), target()), ask()))

    assert again == wire


def test_sound_and_logprobs_that_come_in_pieces_are_put_together() -> None:
    def sounding(**audio: Any) -> Json:
        return chunk({"audio": audio})

    probable = chunk({"content": "a"})
    probable["choices"][0]["logprobs"] = {"content": [{"token": "a"}], "refusal": None}
    events = decode(
        *[sounding(id="audio_1"), sounding(transcript="h"), sounding(data="AA", transcript="i"), sounding(data="BB")],
        *[probable, probable, chunk(finish="stop")],
    )

    choice = json.loads(DIALECT.write_answer(events, ask()))["choices"][0]

    assert choice["message"]["audio"] == {"id": "audio_1", "transcript": "hi", "data": "AABB"}
    assert choice["logprobs"]["content"] == [{"token": "a"}, {"token": "a"}]


def test_what_a_stream_says_late_about_itself_is_kept() -> None:
    """Azure begins with a chunk that has no name; xAI and Perplexity cite at the end."""
    unnamed = {"id": "", "model": "", "created": 0, "choices": [], "prompt_filter_results": [1]}
    events = decode(
        unnamed, say("a", service_tier="default"), chunk(finish="stop", citations=["https://x"], service_tier="flex")
    )

    assert events[0] == Started(
        "chatcmpl-1", "m-1", 7, "openai_chat", {"prompt_filter_results": [1], "service_tier": "default"}, "default"
    )
    assert events[-1] == Ended({"citations": ["https://x"], "service_tier": "flex"})
    assert json.loads(DIALECT.write_answer(events, ask()))["service_tier"] == "flex"


def test_openais_own_client_reads_what_is_written() -> None:
    """Its models are strict about what must be there."""
    answer = ChatCompletion.model_validate_json(DIALECT.write_answer(FOREIGN, ask()))
    stream = DIALECT.encoder(ask(stream=True, include_usage=True)).feed(FOREIGN)
    chunks = [
        ChatCompletionChunk.model_validate_json(event.data) for event in SseParser().feed(stream) if event.data != b"[DONE]"
    ]

    assert answer.choices[0].message.tool_calls is not None
    assert answer.usage is not None
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Hello"
    assert chunks[-1].usage == answer.usage


def test_usage_is_shown_only_if_asked_for() -> None:
    assert b'"usage"' not in DIALECT.encoder(ask(stream=True)).feed(FOREIGN)


junk: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("index", "delta", "message", "content", "tool_calls", "function", "arguments", "name", "id", "audio"),
                    *("reasoning_details", "type", "text", "thinking", "finish_reason", "logprobs", "images", "function_call"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from(["choices", "usage", "error", "id", "created", "model"]), junk | st.lists(junk), max_size=4)
)
def test_any_json_is_an_answer_or_a_fault(payload: Json) -> None:
    for read in (
        lambda: decode(payload, payload),
        lambda: DIALECT.read_answer(json.dumps(payload).encode(), target()),
    ):
        try:
            events = read()
        except Fault:
            continue
        DIALECT.write_answer(events, ask())
        DIALECT.encoder(ask(stream=True)).feed(events)
        assert merged(events)


def test_sse_of_nothing_is_nothing() -> None:
    assert DIALECT.decoder(target()).feed(sse() + b": hi\n\n") == []


def test_an_answer_without_a_date_has_that_of_its_question() -> None:
    """Anthropic's have none, and OpenAI's clients show 1970 for 0."""
    asked = ask(stream=True, asked_at=1_795_348_800)

    assert json.loads(DIALECT.write_answer(FOREIGN, asked))["created"] == 1_795_348_800
    assert b'"created":1795348800' in DIALECT.encoder(asked).feed(FOREIGN)
