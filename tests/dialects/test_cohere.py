"""Conversations, vectors and rankings asked of an upstream that speaks Cohere's language, by clients of others."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.cohere import Cohere
from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.call import Kind
from headworks.domain.embedding import EmbeddingAsk
from headworks.domain.errors import Fault
from headworks.domain.events import Event
from headworks.domain.ranking import RankingAsk
from headworks.domain.usage import Usage
from headworks.ports.dialect import EmbeddingSpoken, RankingSpoken
from headworks.ports.interpreter import Prepared
from headworks.testing.samples import sample_target
from tests.dialects.openai_wire import Json, compact

HUB = Hub({"openai_chat": OpenAIChat(), "anthropic": Anthropic()}, {"cohere": Cohere()})
COHERE = Cohere()
TARGET = sample_target("cohere/command-a", dialect="cohere")
TOOL = {"type": "function", "function": {"name": "roll", "description": "Dice.", "parameters": {"type": "object"}}}
HELLO: list[Json] = [{"role": "user", "content": "Hi"}]
USAGE: Json = {"billed_units": {"input_tokens": 5, "output_tokens": 3}, "tokens": {"input_tokens": 70, "output_tokens": 9}}


def prepare(front: str = "openai_chat", **body: Any) -> Prepared:
    raw = compact({"model": "alias", "messages": HELLO, **body})
    return HUB.prepare(front, Kind.CHAT, HUB.read_ask(front, Kind.CHAT, raw), raw, TARGET, None)


def sent(front: str = "openai_chat", **body: Any) -> tuple[Json, list[str]]:
    prepared = prepare(front, **body)
    return json.loads(prepared.body), [loss.path for loss in prepared.downgrades]


def event(kind: str, index: int | None = None, **message: Any) -> Json:
    where = {} if index is None else {"index": index}
    return {"type": kind, **where, "delta": {"message": message}}


STREAM = (
    {"type": "message-start", "id": "c-1", "delta": {"message": {"role": "assistant"}}},
    event("content-start", 0, content={"type": "thinking", "thinking": "Hm"}),
    event("content-delta", 0, content={"thinking": "m."}),
    {"type": "content-end", "index": 0},
    event("content-start", 1, content={"type": "text", "text": ""}),
    event("content-delta", 1, content={"text": "Grün"}),
    event("citation-start", 0, citations={"start": 0, "end": 4, "text": "Grün", "sources": [], "content_index": 1}),
    {"type": "citation-end", "index": 0},
    event("content-delta", 1, content={"text": "!"}),
    {"type": "content-end", "index": 1},
    event("citation-start", 1, citations={"start": 0, "end": 4, "text": "Grün", "sources": [], "content_index": 1}),
    {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": USAGE}},
)
CALLS = (
    {"type": "message-start", "id": "c-2", "delta": {"message": {"role": "assistant"}}},
    event("tool-plan-delta", tool_plan="I will "),
    event("tool-plan-delta", tool_plan="roll."),
    event("tool-call-start", 0, tool_calls={"id": "r1", "type": "function", "function": {"name": "roll", "arguments": ""}}),
    event("tool-call-delta", 0, tool_calls={"function": {"arguments": '{"n"'}}),
    event("tool-call-delta", 0, tool_calls={"function": {"arguments": ":1}"}}),
    {"type": "tool-call-end", "index": 0},
    event("tool-call-start", 1, tool_calls={"id": "r2", "type": "function", "function": {"name": "roll", "arguments": "{}"}}),
    {"type": "tool-call-end", "index": 1},
    {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": USAGE}},
)


def wire(events: tuple[Json, ...]) -> bytes:
    return b"".join(b"event: %b\ndata: %b\n\n" % (each["type"].encode(), compact(each)) for each in events)


def whole(message: Json, finish: str = "COMPLETE") -> bytes:
    return compact({"id": "c-3", "message": {"role": "assistant", **message}, "finish_reason": finish, "usage": USAGE})


def decode(pieces: list[bytes]) -> list[Event]:
    decoder = COHERE.decoder(TARGET)
    return [each for piece in pieces for each in decoder.feed(piece)] + decoder.close()


# ── the question ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_plain_question_loses_nothing() -> None:
    body, lost = sent(
        messages=[{"role": "system", "content": "Be brief."}, *HELLO],
        max_tokens=9,
        temperature=0.5,
        top_p=0.9,
        seed=1,
        stop="x",
        frequency_penalty=0.1,
        stream=True,
    )

    assert body == {
        "model": "command-a",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "max_tokens": 9,
        "temperature": 0.5,
        "p": 0.9,
        "seed": 1,
        "frequency_penalty": 0.1,
        "stop_sequences": ["x"],
        "stream": True,
    }
    assert lost == []


def test_calls_and_their_results_are_said_with_the_plan() -> None:
    calls = [{"id": "r1", "type": "function", "function": {"name": "roll", "arguments": '{"n":1}'}}]
    body, lost = sent(
        messages=[
            *HELLO,
            {"role": "assistant", "content": "I will roll.", "tool_calls": calls},
            {"role": "tool", "tool_call_id": "r1", "content": "4"},
        ],
        tools=[TOOL],
        tool_choice="required",
    )

    assert body["messages"][1:] == [
        {"role": "assistant", "tool_calls": calls, "tool_plan": "I will roll."},
        {"role": "tool", "tool_call_id": "r1", "content": "4"},
    ]
    assert (body["tools"], body["tool_choice"], lost) == ([TOOL], "REQUIRED", [])


def test_pictures_of_a_tools_result_are_shown_after_it() -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
    body, lost = sent(
        "anthropic",
        max_tokens=9,
        messages=[
            *HELLO,
            {"role": "assistant", "content": [{"type": "tool_use", "id": "r1", "name": "see", "input": {"n": 1}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "r1", "content": [picture], "is_error": True}]},
        ],
    )

    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "tool_calls": [{"id": "r1", "type": "function", "function": {"name": "see", "arguments": '{"n":1}'}}],
        },
        {"role": "tool", "tool_call_id": "r1", "content": "(no text)"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]},
    ]
    assert lost == ["messages[2]", "messages[2].is_error"]


def test_thoughts_are_given_back_without_their_signature() -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
    body, lost = sent(
        "anthropic",
        max_tokens=99,
        thinking={"type": "enabled", "budget_tokens": 2000},
        messages=[*HELLO, {"role": "assistant", "content": [thought, {"type": "text", "text": "Yes."}]}, *HELLO],
    )

    assert body["messages"][1]["content"] == [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Yes."}]
    assert body["thinking"] == {"type": "enabled", "token_budget": 2000}
    assert lost == ["messages[1].reasoning.signature"]


def test_text_documents_become_cohere_s_and_others_are_reported() -> None:
    text = {
        "type": "document",
        "title": "facts",
        "source": {"type": "text", "media_type": "text/plain", "data": "Grass is green."},
    }
    pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="}}
    body, lost = sent(
        "anthropic", max_tokens=9, messages=[{"role": "user", "content": [text, pdf, {"type": "text", "text": "Colour?"}]}]
    )

    assert body["documents"] == [{"data": {"text": "Grass is green.", "title": "facts"}}]
    assert body["messages"] == [{"role": "user", "content": "Colour?"}]
    assert lost == ["messages[0].content[0]", "messages[0].content[1]"]


def test_structured_output_and_cohere_s_own_fields() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    body, lost = sent(
        response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": True}},
        safety_mode="STRICT",
        documents=[{"id": "d", "data": {"text": "x"}}],
    )

    assert body["response_format"] == {"type": "json_object", "json_schema": schema}
    assert (body["safety_mode"], body["documents"], lost) == ("STRICT", [{"id": "d", "data": {"text": "x"}}], [])
    assert sent(response_format={"type": "json_object"})[0]["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"n": 2}, "n"),
        ({"user": "u"}, "user"),
        ({"stop": list("abcdef")}, "stop"),
        ({"reasoning_effort": "high"}, "reasoning.effort"),
        ({"logit_bias": {"1": 1}}, "logit_bias"),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "roll"}}}, "tool_choice"),
        ({"tools": [TOOL], "parallel_tool_calls": False}, "parallel_tool_calls"),
        ({"messages": [{"role": "user", "content": "Hi", "name": "Ann"}]}, "messages[0].name"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cohere_cannot_say_is_reported(asked: Json, path: str) -> None:
    assert sent(**asked)[1] == [path]


def test_what_says_nothing_is_refused() -> None:
    with pytest.raises(Fault) as caught:
        prepare(
            messages=[{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}]}]
        )

    assert caught.value.code == "inexpressible"


# ── the answer ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_openai_client_reads_plan_and_calls() -> None:
    relay = prepare(stream=True, stream_options={"include_usage": True}).relay

    told = relay.feed(wire(CALLS)) + relay.close()

    answer = json.loads(
        OpenAIChat().write_answer(
            _again(told), HUB.read_ask("openai_chat", Kind.CHAT, compact({"model": "m", "messages": HELLO}))
        )
    )
    message = answer["choices"][0]["message"]
    assert message["content"] == "I will roll."
    assert [(call["id"], call["function"]["arguments"]) for call in message["tool_calls"]] == [("r1", '{"n":1}'), ("r2", "{}")]
    assert answer["choices"][0]["finish_reason"] == "tool_calls"
    assert (relay.usage, relay.usage_final, relay.upstream_id) == (Usage(input=5, output=3), True, "c-2")
    assert (relay.ended, relay.fault) == (True, None)


def _again(told: bytes) -> list[Event]:
    decoder = OpenAIChat().decoder(sample_target())
    return [*decoder.feed(told), *decoder.close()]


def test_an_anthropic_client_reads_thought_and_text() -> None:
    relay = prepare("anthropic", max_tokens=9).relay
    blocks = [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Green"}]

    told = json.loads(relay.feed(whole({"content": blocks}, "MAX_TOKENS")) + relay.close())

    assert [(block["type"], block.get("thinking") or block.get("text")) for block in told["content"]] == [
        ("thinking", "Hm."),
        ("text", "Green"),
    ]
    assert (told["stop_reason"], told["usage"]["input_tokens"], told["usage"]["output_tokens"]) == ("max_tokens", 5, 3)


@given(cuts=st.lists(st.integers(0, len(wire(STREAM))), max_size=9), which=st.sampled_from((STREAM, CALLS)))
def test_any_cut_of_a_stream_is_the_same_events(cuts: list[int], which: tuple[Json, ...]) -> None:
    data = wire(which)
    edges = [0, *sorted(cuts), len(data)]

    assert decode([data[start:end] for start, end in pairwise(edges)]) == decode([data])


@pytest.mark.parametrize("events", [STREAM, CALLS], ids=["text", "calls"])
def test_a_stream_that_breaks_off_never_ends_cleanly(events: tuple[Json, ...]) -> None:
    relay = prepare(stream=True).relay

    told = relay.feed(wire(events[:-1])) + relay.close()

    assert b"[DONE]" not in told
    assert relay.fault is not None
    assert relay.fault.code == "severed"


@pytest.mark.parametrize("word", ["ERROR", "TIMEOUT"])
def test_an_answer_that_ends_in_failure_is_one(word: str) -> None:
    relay = prepare().relay

    relay.feed(whole({"content": [{"type": "text", "text": "So"}]}, word))

    assert relay.fault is not None
    assert relay.fault.code == "upstream_error"


def test_an_error_inside_a_stream_ends_it() -> None:
    relay = prepare(stream=True).relay

    relay.feed(wire(STREAM[:3]) + b'data: {"id":"x","message":"boom"}\n\n')

    assert relay.fault is not None
    assert (relay.fault.code, relay.fault.detail) == ("upstream_error", "boom")


@pytest.mark.parametrize("garbage", [b"{}", b"[]", b'{"message":7}', b"nonsense"])
def test_garbage_is_named(garbage: bytes) -> None:
    for read in (COHERE.read_answer, COHERE.read_embedding_answer, COHERE.read_ranking_answer):
        with pytest.raises(Fault) as caught:
            read(garbage, TARGET)
        assert caught.value.code == "upstream_garbage"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "upstream_rejected"),
        (401, "upstream_credentials"),
        (429, "upstream_throttled"),
        (500, "upstream_error"),
        (503, "upstream_overloaded"),
    ],
)
def test_errors_by_their_status(status: int, code: str) -> None:
    fault = HUB.read_fault("cohere", status, [(b"retry-after", b"3")], b'{"id":"x","message":"invalid key sk-123456789012"}')

    assert fault.code == code
    assert "sk-1234" not in fault.message + fault.detail
    assert fault.retry_after == (3.0 if status >= 429 else None)


# ── vectors and rankings ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_vectors_are_asked_for_with_what_they_are_for() -> None:
    asked = EmbeddingAsk(dialect="gemini", model="m", inputs=("a",), dimensions=256, task="RETRIEVAL_QUERY")
    body, lost = COHERE.write_embedding_ask(asked, TARGET)

    assert json.loads(body) == {
        "model": "command-a",
        "texts": ["a"],
        "input_type": "search_query",
        "embedding_types": ["float"],
        "output_dimension": 256,
    }
    assert lost == ()


def test_an_openai_client_gets_cohere_s_vectors() -> None:
    raw = compact({"model": "alias", "input": "Hi", "input_type": "search_document"})
    prepared = HUB.prepare("openai_chat", Kind.EMBEDDINGS, HUB.read_ask("openai_chat", Kind.EMBEDDINGS, raw), raw, TARGET, None)
    meta = {"billed_units": {"input_tokens": 2}}

    told = json.loads(prepared.relay.feed(compact({"id": "e", "embeddings": {"float": [[0.5]]}, "meta": meta})))

    assert prepared.downgrades == ()
    assert (told["data"][0]["embedding"], told["usage"]["total_tokens"], prepared.relay.usage) == ([0.5], 2, Usage(input=2))


def test_a_purpose_that_nobody_told_is_assumed_and_reported() -> None:
    asked = EmbeddingAsk(dialect="openai_chat", model="m", inputs=("a",))

    assert [loss.path for loss in COHERE.write_embedding_ask(asked, TARGET)[1]] == ["input_type"]


@pytest.mark.parametrize("inputs", [((1, 2),), ("a",) * 97], ids=["tokens", "too many"])
def test_vectors_that_cohere_cannot_make_are_refused(inputs: tuple[Any, ...]) -> None:
    with pytest.raises(Fault) as caught:
        COHERE.write_embedding_ask(EmbeddingAsk(dialect="openai_chat", model="m", inputs=inputs), TARGET)

    assert caught.value.code == "inexpressible"


def test_rankings() -> None:
    asked = RankingAsk(
        dialect="openai_chat", model="m", query="q", documents=("a", "b"), top=1, extra={"max_tokens_per_doc": 9, "x": 1}
    )

    body, lost = COHERE.write_ranking_ask(asked, TARGET)

    assert json.loads(body) == {
        "model": "command-a",
        "query": "q",
        "documents": ["a", "b"],
        "top_n": 1,
        "max_tokens_per_doc": 9,
    }
    assert [loss.path for loss in lost] == ["x"]


def test_it_offers_what_the_ports_ask() -> None:
    assert isinstance(COHERE, EmbeddingSpoken)
    assert isinstance(COHERE, RankingSpoken)
