"""What Cohere's clients say and are told, at targets of other languages and of their own."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.cohere import Cohere
from headworks.dialects.gemini import Gemini
from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.call import Kind
from headworks.domain.errors import Fault
from headworks.domain.events import (
    Citation,
    Ended,
    Event,
    Failed,
    Logprobs,
    PartEnded,
    PartKind,
    PartStarted,
    RawDelta,
    SignatureDelta,
    Started,
    Stopped,
    StopReason,
    TextDelta,
)
from headworks.domain.profile import Profile
from headworks.domain.snapshot import Listed
from headworks.domain.target import AskedModel, SentModel, Target
from headworks.domain.usage import Usage
from headworks.ports.interpreter import Prepared
from headworks.testing.samples import sample_target
from tests.dialects.openai_wire import Json, compact
from tests.dialects.test_cohere import CALLS, STREAM, USAGE, whole, wire

COHERE = Cohere()
FRONTS = {each.name: each for each in (COHERE, OpenAIChat(), Anthropic(), Gemini())}
HUB = Hub(FRONTS)
HELLO: list[Json] = [{"role": "user", "content": "Hi"}]
PIXEL = "data:image/png;base64,AA=="


def there(dialect: str = "cohere", **changes: Any) -> Target:
    model = "claude-sonnet-4-5" if dialect == "anthropic" else "m"
    return sample_target("there/x", dialect=dialect, model=SentModel(model), **changes)


def prepare(to: Target, kind: Kind = Kind.CHAT, **body: Any) -> Prepared:
    asked = {"model": "alias", **({"messages": HELLO} if kind is Kind.CHAT else {}), **body}
    raw = compact(asked)
    return HUB.prepare("cohere", kind, HUB.read_ask("cohere", kind, raw), raw, to, None)


def sent(dialect: str, **body: Any) -> tuple[Any, list[str]]:
    """As the upstream gets it, and what was reported lost."""
    prepared = prepare(there(dialect), **body)
    return json.loads(prepared.body), [loss.path for loss in prepared.downgrades]


def told(events: list[Event]) -> Json:
    return json.loads(
        COHERE.write_answer(events, HUB.read_ask("cohere", Kind.CHAT, compact({"model": "m", "messages": HELLO})))
    )


def streamed(events: list[Event]) -> list[Json]:
    ask = HUB.read_ask("cohere", Kind.CHAT, compact({"model": "m", "messages": HELLO, "stream": True}))
    lines = COHERE.encoder(ask).feed(events).decode().splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


# ── the question ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_question_is_said_in_openai_s_words() -> None:
    tool = {"type": "function", "function": {"name": "roll", "parameters": {"type": "object"}}}
    body, lost = sent(
        "openai_chat",
        messages=[
            {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
            {"role": "user", "content": [{"type": "text", "text": "See"}, {"type": "image_url", "image_url": {"url": PIXEL}}]},
        ],
        tools=[tool],
        tool_choice="REQUIRED",
        stop_sequences=["x"],
        p=0.5,
        seed=1,
        max_tokens=9,
        logprobs=True,
    )

    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert body["messages"][1]["content"][1]["image_url"]["url"] == PIXEL
    assert body["tools"][0]["function"]["name"] == "roll"
    said = ("tool_choice", "stop", "top_p", "seed", "max_completion_tokens", "logprobs")
    assert [body[name] for name in said] == ["required", ["x"], 0.5, 1, 9, True]
    assert lost == []


def test_a_plan_its_calls_and_their_results_go_back() -> None:
    """Results told as documents are words elsewhere."""
    call = {"id": "r1", "type": "function", "function": {"name": "roll", "arguments": '{"n":1}'}}
    result = {"type": "document", "document": {"id": "d1", "data": {"pips": 4}}}
    body, lost = sent(
        "openai_chat",
        messages=[
            *HELLO,
            {"role": "assistant", "tool_plan": "I will roll.", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "r1", "content": [result]},
        ],
    )

    assistant, tool = body["messages"][1:]
    assert (assistant["content"], assistant["tool_calls"]) == ("I will roll.", [call])
    assert (tool["tool_call_id"], json.dumps(tool["content"]).count("pips")) == ("r1", 1)
    assert lost == []


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic", "gemini"])
def test_documents_beside_the_messages_are_told_with_the_last_question(dialect: str) -> None:
    documents = [
        "Grass is green.",
        {"id": "d", "data": {"title": "sky", "text": "The sky is blue."}},
        {"data": {"sea": "grey"}},
    ]
    turns = [*HELLO, {"role": "assistant", "content": "Yes?"}, {"role": "user", "content": "Which colours?"}]
    body, lost = sent(dialect, messages=turns, documents=documents, max_tokens=9)

    (turns_said,) = (body[name] for name in ("messages", "contents") if name in body)
    last = json.dumps(turns_said[-1])
    known = ("Grass is green.", "The sky is blue.", "sea", "Which colours?")
    if dialect != "openai_chat":
        assert all(words in last for words in known)
    assert lost == [] or {path.split("[")[0] for path in lost} == {"messages"}


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"safety_mode": "STRICT"}, "safety_mode"),
        ({"citation_options": {"mode": "fast"}}, "citation_options"),
        ({"priority": 3}, "priority"),
        ({"documents": []}, None),
        ({"k": 0}, None),
        (
            {"messages": [{"role": "user", "content": [{"type": "film", "film": "x"}, {"type": "text", "text": "Hi"}]}]},
            "messages",
        ),
    ],
    ids=str,
)
def test_what_only_cohere_knows_is_reported_elsewhere(asked: Json, path: str | None) -> None:
    lost = sent("openai_chat", **asked)[1]

    assert [each.partition("[")[0] for each in lost] == ([path] if path else [])


@pytest.mark.parametrize(
    "asked",
    [
        {"messages": "Hi"},
        {"messages": [{"role": "boss", "content": "Hi"}]},
        {"messages": [{"role": "user", "content": 7}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "a"}]}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "a", "function": {"arguments": "{}"}}]}]},
        {"tools": [7]},
        {"documents": "all"},
        {"stop_sequences": [7]},
        {"max_tokens": -1},
    ],
    ids=str,
)
def test_what_is_no_request_is_refused_with_its_place(asked: Json) -> None:
    with pytest.raises(Fault) as caught:
        sent("openai_chat", **asked)

    assert caught.value.code == "invalid_request"
    assert caught.value.param


def test_between_two_sides_of_cohere_only_the_model_and_the_cap_change() -> None:
    raw = b'{"model" : "alias", "messages":[{"role":"user","content":"Hi"}], "of_tomorrow": { "a":[1, 2.50] },"max_tokens":99}'
    ask = HUB.read_ask("cohere", Kind.CHAT, raw)

    assert HUB.prepare("cohere", Kind.CHAT, ask, raw, there(), None).body == (
        b'{"model":"m","messages":[{"role":"user","content":"Hi"}],"of_tomorrow":{ "a":[1, 2.50] },"max_tokens":99}'
    )
    assert b'"max_tokens":5' in HUB.prepare("cohere", Kind.CHAT, ask, raw, there(), 5).body


@pytest.mark.parametrize(
    "part", [{"type": "film", "text": "x"}, {"type": "film", "text": {}}, {"type": "text", "text": "x", "mark": 1}]
)
def test_a_part_of_an_unknown_kind_is_said_again_as_it_came(part: Json) -> None:
    """Where a question of a Cohere client is written anew for Cohere."""
    ask = HUB.read_ask("cohere", Kind.CHAT, compact({"model": "m", "messages": [{"role": "user", "content": [part]}]}))

    written, losses = COHERE.write_request(COHERE.read_request(ask), there())

    assert (json.loads(written)["messages"][0]["content"], losses) == ([part], ())


def test_thoughts_of_another_provider_do_not_go_to_cohere() -> None:
    foreign = {"type": "thinking", "thinking": "Hm.", "signature": "hw1.anthropic.s.c2VhbA=="}
    own = {"type": "thinking", "thinking": "So."}
    turns = [
        *HELLO,
        {"role": "assistant", "content": [foreign, own, {"type": "text", "text": "Yes."}]},
        {"role": "assistant", "content": [foreign]},
    ]
    prepared = prepare(there(), messages=turns)

    assert json.loads(prepared.body)["messages"][1:] == [
        {"role": "assistant", "content": [own, {"type": "text", "text": "Yes."}]}
    ]
    assert [loss.path for loss in prepared.downgrades] == ["reasoning"]


@pytest.mark.parametrize(
    ("asked", "features"),
    [
        ({}, set()),
        ({"tools": [{"type": "function"}]}, {"tools"}),
        ({"tools": []}, set()),
        ({"documents": ["x"]}, {"documents"}),
        ({"thinking": {"type": "enabled"}}, {"reasoning"}),
        ({"thinking": {"type": "disabled"}}, set()),
        ({"logprobs": True}, {"logprobs"}),
        ({"response_format": {"type": "json_object", "json_schema": {"type": "object"}}}, {"json_schema"}),
        ({"response_format": {"type": "json_object"}}, set()),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PIXEL}}]}]}, {"images"}),
    ],
    ids=str,
)
def test_what_a_request_uses_is_seen(asked: Json, features: set[str]) -> None:
    ask = HUB.read_ask("cohere", Kind.CHAT, compact({"model": "m", "messages": HELLO, **asked}))

    assert ask.features == features


def test_guards_read_all_words_of_a_question() -> None:
    ask = HUB.read_ask(
        "cohere",
        Kind.CHAT,
        compact({"model": "m", "messages": HELLO, "documents": [{"data": {"text": "secret"}}], "safety_mode": "OFF"}),
    )

    words = HUB.prompt_text("cohere", Kind.CHAT, ask)
    assert "Hi" in words
    assert "secret" in words


# ── the answer ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_citations_of_other_languages_name_their_page_as_a_document() -> None:
    events: list[Event] = [
        Started(id="a", dialect="anthropic"),
        PartStarted(0, PartKind.REASONING),
        TextDelta(0, "Hm."),
        SignatureDelta(0, "c2VhbA=="),
        PartEnded(0),
        PartStarted(1, PartKind.TEXT),
        TextDelta(1, "Oslo lies in Norway."),
        RawDelta(1, {}, cited=Citation("https://no.example", "Norway", 0, 4)),
        PartEnded(1),
        Stopped(StopReason.END),
        Ended(),
    ]
    citation = {
        "start": 0,
        "end": 4,
        "text": "Oslo",
        "sources": [
            {
                "type": "document",
                "id": "https://no.example",
                "document": {"id": "https://no.example", "title": "Norway", "url": "https://no.example"},
            }
        ],
        "content_index": 1,
        "type": "TEXT_CONTENT",
    }

    message = told(events)["message"]
    assert message["citations"] == [citation]
    assert message["content"][0] == {"type": "thinking", "thinking": "Hm.", "signature": "hw1.anthropic.s.c2VhbA=="}
    assert [each["delta"]["message"]["citations"] for each in streamed(events) if each["type"] == "citation-start"] == [
        citation
    ]


def test_likelihoods_are_told_beside_the_words() -> None:
    likely = {"content": [{"token": "Oslo", "logprob": -0.5, "bytes": None, "top_logprobs": []}]}
    events: list[Event] = [
        Started(dialect="openai_chat"),
        PartStarted(0, PartKind.TEXT),
        TextDelta(0, "Oslo"),
        Logprobs(likely),
        PartEnded(0),
        Stopped(StopReason.END),
        Ended(),
    ]
    item = {"text": "Oslo", "token_ids": [], "logprobs": [-0.5]}

    assert told(events)["logprobs"] == [item]
    assert [each["logprobs"] for each in streamed(events) if "logprobs" in each] == [item]


def test_cohere_s_likelihoods_are_openai_s_tokens() -> None:
    body = json.loads(whole({"content": [{"type": "text", "text": "Oslo"}]}))
    item = {"text": "Oslo", "token_ids": [1, 2], "logprobs": [-0.5, -0.25]}

    (found,) = (
        event for event in COHERE.read_answer(compact({**body, "logprobs": [item]}), there()) if isinstance(event, Logprobs)
    )

    assert found.raw["content"] == [{"token": "Oslo", "logprob": -0.75, "bytes": [79, 115, 108, 111], "top_logprobs": []}]


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (StopReason.END, "COMPLETE"),
        (StopReason.MAX_TOKENS, "MAX_TOKENS"),
        (StopReason.CONTEXT_WINDOW, "MAX_TOKENS"),
        (StopReason.STOP_SEQUENCE, "STOP_SEQUENCE"),
        (StopReason.TOOL_CALLS, "TOOL_CALL"),
        (StopReason.CONTENT_FILTER, "ERROR_TOXIC"),
        (StopReason.REFUSAL, "ERROR_TOXIC"),
        (StopReason.PAUSE, "COMPLETE"),
        (StopReason.OTHER, "COMPLETE"),
    ],
)
def test_reasons_to_stop_are_said_in_cohere_s_words(reason: StopReason, word: str) -> None:
    events: list[Event] = [Started(dialect="anthropic"), Stopped(reason), Ended()]

    assert told(events)["finish_reason"] == word
    assert streamed(events)[-1]["delta"]["finish_reason"] == word


def test_hidden_thoughts_keep_their_seal() -> None:
    """It comes back as what it was."""
    events: list[Event] = [
        Started(dialect="anthropic"),
        PartStarted(0, PartKind.REDACTED_REASONING, data="c2VjcmV0"),
        PartEnded(0),
        Stopped(StopReason.END),
        Ended(),
    ]
    (block,) = told(events)["message"]["content"]
    assert block == streamed(events)[1]["delta"]["message"]["content"]

    turns = [*HELLO, {"role": "assistant", "content": [block, {"type": "text", "text": "Yes."}]}, *HELLO]
    body, _ = sent("anthropic", messages=turns, max_tokens=9)
    assert body["messages"][1]["content"][0] == {"type": "redacted_thinking", "data": "c2VjcmV0"}


# ── bytes that pass ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(cuts=st.lists(st.integers(0, 2000), max_size=9), which=st.sampled_from([STREAM, CALLS]))
def test_a_stream_passes_untouched_and_is_counted(cuts: list[int], which: tuple[Json, ...]) -> None:
    stream = wire(which) + b"data: [DONE]\n\n"
    edges = sorted({cut % len(stream) for cut in cuts} | {0, len(stream)})
    relay = prepare(there(), stream=True).relay

    out = b"".join([*(relay.feed(stream[start:end]) for start, end in pairwise(edges)), relay.close()])

    assert out == stream
    assert (relay.fault, relay.ended, relay.usage, relay.usage_final) == (None, True, Usage(input=5, output=3), True)
    assert relay.pieces == sum(event["type"].endswith("-delta") for event in which)
    assert relay.upstream_id == which[0]["id"]


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (b"", "severed"),
        (
            b'event: message-end\ndata: {"type":"message-end","delta":{"finish_reason":"ERROR","error":"boom"}}\n\n',
            "upstream_error",
        ),
        (b'data: {"id":"x","message":"boom"}\n\n', "upstream_error"),
        (b"data: {nonsense\n\n", "upstream_garbage"),
    ],
    ids=["cut", "failed", "error", "garbage"],
)
def test_a_stream_that_fails_on_its_way_ends_with_an_error_of_ours(end: bytes, code: str) -> None:
    begun = wire(STREAM[:3])
    relay = prepare(there(), stream=True).relay

    assert relay.feed(begun + end) + relay.close() == begun

    assert relay.fault is not None
    assert relay.fault.code == code
    last = relay.fail(relay.fault, "req-1")
    assert isinstance(COHERE.decoder(there()).feed(begun + last)[-1], Failed)


def test_an_answer_of_the_form_that_was_not_asked_for_is_put_into_the_other() -> None:
    as_stream, as_whole = prepare(there(), stream=True).relay, prepare(there()).relay

    likely = {"logprobs": [{"text": "Green", "token_ids": [1], "logprobs": [-0.5]}]}
    answer = {**json.loads(whole({"content": [{"type": "text", "text": "Green"}]})), **likely}
    told_in_events = as_stream.feed(compact(answer)) + as_stream.close()
    told_whole = as_whole.feed(wire(STREAM)) + as_whole.close()

    assert b'"text":"Green"' in told_in_events
    assert b'"logprobs":[-0.5]' in told_in_events
    assert b"message-end" in told_in_events
    assert [block["type"] for block in json.loads(told_whole)["message"]["content"]] == ["thinking", "text"]
    assert as_stream.usage == as_whole.usage == Usage(input=5, output=3)


@pytest.mark.parametrize("garbage", [b"{}", b"[]", b'{"message":7}', b"nonsense", b'{"message":{},"finish_reason":"ERROR"}'])
def test_a_whole_answer_that_is_none_is_no_answer(garbage: bytes) -> None:
    relay = prepare(there()).relay

    assert relay.feed(garbage) + relay.close() == b""
    assert relay.fault is not None


def test_counts_of_other_languages_are_billed_and_seen_alike() -> None:
    relay = prepare(there("openai_chat")).relay
    usage = {"prompt_tokens": 90, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 64}}
    answer = {
        "id": "a",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}],
        "usage": {**usage, "completion_tokens_details": {"reasoning_tokens": 4}},
    }

    assert json.loads(relay.feed(compact(answer)))["usage"] == {
        "billed_units": {"input_tokens": 90, "output_tokens": 7},
        "tokens": {"input_tokens": 90, "output_tokens": 7, "reasoning_tokens": 4},
        "cached_tokens": 64,
    }


def test_cached_tokens_are_told_as_far_as_they_are_billed() -> None:
    body = json.loads(whole({"content": [{"type": "text", "text": "x"}]}))
    relay = prepare(there()).relay

    relay.feed(compact({**body, "usage": {**USAGE, "cached_tokens": 64}}))

    assert relay.usage == Usage(input=5, output=3, cache_read=5)


# ── vectors, models, errors ──────────────────────────────────────────────────────────────────────────────────────────────────


def vectors(to: Target, **body: Any) -> tuple[Json, list[str], Json]:
    """What the upstream is asked, what was lost, and what the client is told of its answer."""
    prepared = prepare(to, Kind.EMBEDDINGS, **body)
    answer = {"data": [{"index": 0, "embedding": [0.5, -2.0]}], "usage": {"prompt_tokens": 2}}
    return (
        json.loads(prepared.body),
        [loss.path for loss in prepared.downgrades],
        json.loads(prepared.relay.feed(compact(answer))),
    )


@pytest.mark.parametrize(
    ("asked", "told_as"),
    [
        ({"texts": ["a"]}, {"float": [[0.5, -2.0]]}),
        ({"texts": ["a"], "embedding_types": ["float"]}, {"float": [[0.5, -2.0]]}),
        ({"texts": ["a"], "embedding_types": ["base64"]}, {"base64": ["AAAAPwAAAMA="]}),
        ({"inputs": [{"content": [{"type": "text", "text": "a"}]}]}, {"float": [[0.5, -2.0]]}),
    ],
    ids=str,
)
def test_vectors_of_openai_are_told_in_the_forms_that_were_asked_for(asked: Json, told_as: Json) -> None:
    body, lost, answer = vectors(there("openai_chat"), **asked, output_dimension=2)

    assert (body["input"], body["dimensions"], lost) == (["a"], 2, [])
    assert (answer["embeddings"], answer["texts"]) == (told_as, ["a"])
    assert answer["meta"]["billed_units"] == {"input_tokens": 2}


def test_what_vectors_are_for_and_other_forms_of_them_are_reported() -> None:
    _, lost, answer = vectors(
        there("openai_chat"), texts=["a"], input_type="search_query", embedding_types=["float", "int8"], truncate="END"
    )

    assert sorted(lost) == ["embedding_types", "task", "truncate"]
    assert list(answer["embeddings"]) == ["float"]
    with pytest.raises(Fault, match="embedding_types"):
        vectors(there("openai_chat", inexpressible="error"), texts=["a"], embedding_types=["int8"])


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"images": [PIXEL]}, "inexpressible"),
        ({"inputs": [{"content": [{"type": "image_url", "image_url": {"url": PIXEL}}]}]}, "inexpressible"),
        ({}, "invalid_request"),
        ({"inputs": [{"content": 2.5}]}, "inexpressible"),
        ({"texts": [7]}, "invalid_request"),
    ],
    ids=str,
)
def test_what_has_no_text_has_no_vectors_elsewhere(asked: Json, code: str) -> None:
    with pytest.raises(Fault) as caught:
        vectors(there("openai_chat"), **asked)

    assert caught.value.code == code


def test_models_are_listed_with_what_they_serve() -> None:
    chatty = Listed(name=AskedModel("talker"), profile=Profile(serves=("chat",), context=8000))

    assert json.loads(COHERE.write_models([chatty, Listed(name=AskedModel("any"))])) == {
        "models": [
            {"name": "talker", "endpoints": ["chat"], "finetuned": False, "default_endpoints": [], "context_length": 8000},
            {"name": "any", "endpoints": ["chat", "embed", "rerank"], "finetuned": False, "default_endpoints": []},
        ]
    }
    assert json.loads(COHERE.write_model(chatty))["name"] == "talker"


def test_faults_are_told_in_cohere_s_envelope_and_its_own_words_to_the_byte() -> None:
    body = b'{"id":"x", "message":"no such thing"}'

    assert COHERE.write_fault(COHERE.read_fault(422, [], body), "r") == body
    assert msgspec.json.decode(COHERE.write_fault(Fault("model_not_found", "No."), "r")) == {"id": "r", "message": "No."}
    assert b'"TIMEOUT"' in COHERE.write_fault_event(Fault("idle_timeout"), "r")
