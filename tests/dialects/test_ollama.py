"""Conversations and vectors asked of an upstream that speaks Ollama's own language, by clients of others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.hub import Hub
from headworks.dialects.ollama import Ollama
from headworks.dialects.ollama.lines import LineReader
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.call import Kind
from headworks.domain.embedding import EmbeddingAsk
from headworks.domain.errors import Fault
from headworks.domain.events import Event, Failed, PartStarted, Started, Stopped, StopReason
from headworks.domain.target import Quirks
from headworks.domain.usage import Usage
from headworks.ports.interpreter import Prepared
from headworks.testing.samples import sample_target
from tests.dialects.openai_wire import Json, compact

OLLAMA = Ollama()
HUB = Hub({"openai_chat": OpenAIChat(), "anthropic": Anthropic()}, {"ollama": OLLAMA})
TARGET = sample_target("ollama/qwen3:8b", dialect="ollama")
HELLO: list[Json] = [{"role": "user", "content": "Hi"}]
TOOLS: list[Json] = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in ("roll", "toss")
]
WHEN = "2026-11-20T10:00:00.5Z"


def prepare(front: str = "openai_chat", **body: Any) -> Prepared:
    raw = compact({"model": "alias", "messages": HELLO, **body})
    return HUB.prepare(front, Kind.CHAT, HUB.read_ask(front, Kind.CHAT, raw), raw, TARGET, None)


def sent(front: str = "openai_chat", **body: Any) -> tuple[Json, list[str]]:
    prepared = prepare(front, **body)
    return json.loads(prepared.body), [loss.path for loss in prepared.downgrades]


def lines(*pieces: Json) -> bytes:
    return b"".join(compact({"model": "qwen3:8b", "created_at": WHEN, **piece}) + b"\n" for piece in pieces)


def said(**message: Any) -> Json:
    return {"message": {"role": "assistant", "content": "", **message}, "done": False}


END: Json = {**said(), "done": True, "done_reason": "stop", "prompt_eval_count": 11, "eval_count": 7}
ROLL: Json = {"function": {"name": "roll", "arguments": {"n": 2}}}


def decode(*pieces: bytes) -> list[Event]:
    decoder = OLLAMA.decoder(TARGET)
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.close()


# ── what is asked ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_question_in_its_words() -> None:
    body, lost = sent(
        messages=[{"role": "developer", "content": "Be brief."}, *HELLO],
        max_tokens=50,
        temperature=0.5,
        top_p=0.9,
        seed=7,
        stop=["END"],
        response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}},
        reasoning_effort="high",
        logprobs=True,
        top_logprobs=3,
    )

    assert body == {
        "model": TARGET.model,
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "stream": False,
        "format": {"type": "object"},
        "think": "high",
        "logprobs": True,
        "top_logprobs": 3,
        "options": {"num_predict": 50, "temperature": 0.5, "top_p": 0.9, "seed": 7, "stop": ["END"]},
    }
    assert lost == []


def test_its_own_options_may_be_said_in_any_language_and_the_callers_usual_words_win() -> None:
    body, lost = sent(options={"num_ctx": 32768, "temperature": 2}, keep_alive="10m", temperature=0.5, min_p=0.1, top_k=5)

    assert body["options"] == {"num_ctx": 32768, "temperature": 0.5, "min_p": 0.1, "top_k": 5}
    assert body["keep_alive"] == "10m"
    assert lost == []


def test_an_output_cap_of_the_house_wins_over_an_option() -> None:
    raw = compact({"model": "alias", "messages": HELLO, "options": {"num_predict": 100_000}})

    prepared = HUB.prepare("openai_chat", Kind.CHAT, HUB.read_ask("openai_chat", Kind.CHAT, raw), raw, TARGET, 64)

    assert json.loads(prepared.body)["options"] == {"num_predict": 64}


@pytest.mark.parametrize(
    ("asked", "think", "lost"),
    [
        ("none", False, []),
        ("low", "low", []),
        ("minimal", "low", ["reasoning.effort"]),
        ("xhigh", "high", ["reasoning.effort"]),
    ],
)
def test_degrees_of_thought(asked: str, think: bool | str, lost: list[str]) -> None:  # noqa: FBT001 - both are the wire's
    body, reported = sent(reasoning_effort=asked)

    assert (body["think"], reported) == (think, lost)


def test_a_budget_of_thought_is_thinking_at_all() -> None:
    body, lost = sent("anthropic", max_tokens=4000, thinking={"type": "enabled", "budget_tokens": 2000})

    assert (body["think"], lost) == (True, ["reasoning.budget"])


def test_calls_and_results_go_back_with_their_names() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "roll", "arguments": '{"n":2}'}}
    body, lost = sent(
        messages=[
            *HELLO,
            {"role": "assistant", "content": "I roll.", "reasoning_content": "Dice.", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "5"},
        ],
        tools=TOOLS,
    )

    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": "I roll.",
            "thinking": "Dice.",
            "tool_calls": [{"id": "c1", "function": {"index": 0, "name": "roll", "arguments": {"n": 2}}}],
        },
        {"role": "tool", "content": "5", "tool_name": "roll", "tool_call_id": "c1"},
    ]
    assert lost == []


def test_arguments_that_are_no_object_are_wrapped_and_told() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "roll", "arguments": "[1"}}
    body, lost = sent(messages=[*HELLO, {"role": "assistant", "content": None, "tool_calls": [call]}])

    assert body["messages"][1]["tool_calls"][0]["function"]["arguments"] == {"arguments": "[1"}
    assert lost == ["messages[1].tool_calls"]


@pytest.mark.parametrize(
    ("choice", "offered", "lost"),
    [
        ("auto", ["roll", "toss"], []),
        ("none", [], ["tool_choice"]),
        ("required", ["roll", "toss"], ["tool_choice"]),
        ({"type": "function", "function": {"name": "toss"}}, ["toss"], ["tool_choice"]),
    ],
)
def test_tools_are_chosen_by_offering_them(choice: Any, offered: list[str], lost: list[str]) -> None:
    body, reported = sent(tools=TOOLS, tool_choice=choice)

    assert [tool["function"]["name"] for tool in body.get("tools", ())] == offered
    assert reported == lost


def test_pictures_go_inline_and_addresses_of_pictures_are_told() -> None:
    body, lost = sent(
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}},
                    {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
                ],
            }
        ]
    )

    assert body["messages"] == [{"role": "user", "content": "What?", "images": ["iVBO"]}]
    assert lost == ["messages[0].content[2]"]


def test_nothing_sayable_is_refused() -> None:
    with pytest.raises(Fault) as refused:
        sent(messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]}])

    assert refused.value.code == "inexpressible"


def test_what_the_operator_says_it_rejects_is_left_out_and_told() -> None:
    target = sample_target("ollama/x", dialect="ollama", quirks=Quirks(drop=("think",)))
    raw = compact({"model": "alias", "messages": HELLO, "reasoning_effort": "low"})

    prepared = HUB.prepare("openai_chat", Kind.CHAT, HUB.read_ask("openai_chat", Kind.CHAT, raw), raw, target, None)

    assert "think" not in json.loads(prepared.body)
    assert [loss.path for loss in prepared.downgrades] == ["think"]


# ── what is answered ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_calls_without_ids_get_ones_of_their_own() -> None:
    events = decode(lines(said(tool_calls=[ROLL]), said(tool_calls=[ROLL]), END))
    calls = [event.call_id for event in events if isinstance(event, PartStarted)]

    assert calls == ["call_202611201000005_1", "call_202611201000005_2"]
    assert next(event.reason for event in events if isinstance(event, Stopped)) is StopReason.TOOL_CALLS


def test_an_answer_says_when_it_began() -> None:
    (started, *_) = decode(lines(END))

    assert started == Started("ollama-202611201000005", "qwen3:8b", 1795168800, "ollama")


@pytest.mark.parametrize(
    ("word", "reason", "raw"),
    [("length", StopReason.MAX_TOKENS, ""), ("stop", StopReason.END, ""), ("load", StopReason.OTHER, "load")],
)
def test_reasons_to_stop(word: str, reason: StopReason, raw: str) -> None:
    events = decode(lines({**END, "done_reason": word}))

    stopped = next(event for event in events if isinstance(event, Stopped))
    assert (stopped.reason, stopped.raw) == (reason, raw)


def test_an_error_in_mid_stream_is_a_failure_and_its_words_are_the_operators() -> None:
    *before, failed = decode(lines(said(content="We")), b'{"error":"CUDA out of memory"}\n', lines(said(content="ll"), END))

    assert isinstance(failed, Failed)
    assert (failed.fault.code, failed.fault.detail) == ("upstream_error", "CUDA out of memory")
    assert "CUDA" not in failed.fault.message
    assert len(before) == 3


def test_a_client_is_told_of_an_error_in_mid_stream() -> None:
    relay = prepare(stream=True).relay

    told = relay.feed(lines(said(content="We")))
    told += relay.feed(b'{"error":"boom"}\n')

    assert b'"content":"We"' in told
    assert relay.fault is not None
    assert b'"error"' in relay.fail(relay.fault, "req-1")


def test_a_stream_that_breaks_off_is_severed() -> None:
    relay = prepare(stream=True).relay
    relay.feed(lines(said(content="We")))
    relay.close()

    assert relay.fault is not None
    assert relay.fault.code == "severed"


def test_a_whole_answer_where_a_stream_was_asked_for_is_streamed() -> None:
    relay = prepare(stream=True).relay

    told = relay.feed(lines({**END, "message": {"role": "assistant", "content": "Well."}})) + relay.close()

    assert b'"content":"Well."' in told
    assert told.endswith(b"data: [DONE]\n\n")
    assert relay.usage == Usage(input=11, output=7)


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"message":{"tool_calls":[{}]},"done":true}', b"\xff"])
def test_garbage_is_not_our_crash(body: bytes) -> None:
    with pytest.raises(Fault) as told:
        OLLAMA.read_answer(body, TARGET)

    assert told.value.code == "upstream_garbage"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "upstream_rejected"),
        (401, "upstream_credentials"),
        (404, "upstream_rejected"),
        (429, "upstream_throttled"),
        (500, "upstream_error"),
        (503, "upstream_overloaded"),
    ],
)
def test_error_answers(status: int, code: str) -> None:
    fault = OLLAMA.read_fault(status, [], b'{"error":"model \'x\' not found"}')

    assert fault.code == code
    assert fault.message == "model 'x' not found" or code != "upstream_rejected"


# ── vectors ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_vectors_are_asked_for_and_nothing_is_cut_in_silence() -> None:
    wanted = EmbeddingAsk(dialect="openai_chat", model="m", inputs=("a", "b"), dimensions=64, extra={"keep_alive": 0})

    body, lost = OLLAMA.write_embedding_ask(wanted, TARGET)

    assert json.loads(body) == {
        "model": TARGET.model,
        "input": ["a", "b"],
        "truncate": False,
        "dimensions": 64,
        "keep_alive": 0,
    }
    assert lost == ()


def test_token_numbers_are_refused() -> None:
    with pytest.raises(Fault) as refused:
        OLLAMA.write_embedding_ask(EmbeddingAsk(dialect="openai_chat", model="m", inputs=((1, 2),)), TARGET)

    assert (refused.value.code, refused.value.param) == ("inexpressible", "input[0]")


# ── lines ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.binary(max_size=9).map(lambda line: line.replace(b"\n", b"")), max_size=9), st.integers(1, 7))
def test_lines_in_any_cuts_are_the_same_lines(wanted: list[bytes], size: int) -> None:
    raw = b"\n".join(wanted)
    reader = LineReader()

    found = [line for start in range(0, len(raw), size) for line in reader.feed(raw[start : start + size])] + reader.close()

    assert found == [line for line in wanted if line.strip()]


def test_an_endless_line_is_not_held() -> None:
    reader = LineReader(max_line_bytes=100)
    reader.feed(b"5" * 60)

    with pytest.raises(Fault) as told:
        reader.feed(b"5" * 60)

    assert told.value.code == "upstream_too_large"
