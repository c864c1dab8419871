"""Ollama's language as clients speak it: what is read of their questions, and what passes between two sides that both speak it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from headworks.dialects.hub import Hub
from headworks.dialects.ollama import Ollama
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.events import Ended, PartEnded, PartKind, PartStarted, Started, Stopped, StopReason, TextDelta
from headworks.domain.message import Image, ToolCall, ToolResult
from headworks.domain.profile import Profile
from headworks.domain.snapshot import Listed
from headworks.domain.target import AskedModel
from headworks.domain.usage import Usage
from headworks.ports.interpreter import Prepared
from headworks.testing.samples import sample_target

Json = dict[str, Any]

OLLAMA = Ollama()
HUB = Hub({"ollama": OLLAMA, "openai_chat": OpenAIChat()})
THERE = {name: sample_target("there/x", dialect=name) for name in ("ollama", "openai_chat")}
PNG = "iVBORw0KGgo="


def prepare(upstream: str, body: Json, kind: Kind = Kind.CHAT, cap: int | None = None) -> Prepared:
    raw = msgspec.json.encode({"model": "alias", **body})
    return HUB.prepare("ollama", kind, HUB.read_ask("ollama", kind, raw), raw, THERE[upstream], cap)


def ask(**body: Any) -> Ask:
    return OLLAMA.read_ask(Kind.CHAT, msgspec.json.encode({"model": "m", **body}))


def turn(role: str, content: str = "", **more: Any) -> Json:
    return {"role": role, "content": content, **more}


def call(name: str, **arguments: Any) -> Json:
    return {"function": {"name": name, "arguments": arguments}}


# ── what is asked ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("said", "streamed"), [({}, True), ({"stream": None}, True), ({"stream": False}, False)])
def test_it_is_a_stream_unless_told_otherwise(said: Json, streamed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert ask(messages=[], **said).stream is streamed


def test_the_facts_are_read() -> None:
    read = ask(
        messages=[turn("user", "Hi", images=[PNG * 1000])],
        options={"num_predict": 7},
        format={"type": "object"},
        think=True,
        tools=[{}],
    )

    assert (read.max_tokens, read.features) == (7, {"images", "json_schema", "reasoning", "tools"})
    assert 1000 < read.prompt_tokens < 1300
    assert ask(messages=[], options={"num_predict": -1}).max_tokens is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": [], "stream": "yes"},
        {"messages": [], "options": {"num_predict": "many"}},
        {"prompt": "x", "images": [1]},
        {"messages": [], "Options": {}},
    ],
)
def test_what_cannot_be_read_is_refused(body: Json) -> None:
    with pytest.raises(Fault) as refused:
        ask(**body)
    assert refused.value.status == 400


def test_a_cap_that_stands_twice_is_refused() -> None:
    with pytest.raises(Fault) as refused:
        OLLAMA.read_ask(Kind.CHAT, b'{"model":"m","messages":[],"options":{"num_predict":1,"num_predict":9}}')
    assert refused.value.code == "duplicate_field"


def test_results_find_their_calls() -> None:
    """By id, by the tool's name, or in order: clients differ in what they know."""
    talk = OLLAMA.read_request(
        ask(
            messages=[
                turn("assistant", tool_calls=[call("roll", n=1), call("toss"), {**call("roll", n=2), "id": "own"}]),
                turn("tool", "of the own one", tool_call_id="own"),
                turn("tool", "heads", tool_name="toss"),
                turn("tool", "six"),
                turn("tool", "of nothing"),
            ]
        )
    )
    calls = [part for part in talk.messages[0].parts if isinstance(part, ToolCall)]
    results = [part for message in talk.messages[1:] for part in message.parts if isinstance(part, ToolResult)]

    assert [result.call_id for result in results[:3]] == [calls[2].id, calls[1].id, calls[0].id]
    assert [result.name for result in results] == ["roll", "toss", "roll", ""]
    assert results[3].call_id


def test_pictures_are_known_by_how_they_begin() -> None:
    talk = OLLAMA.read_request(ask(messages=[turn("user", "What?", images=[PNG, "/9j/4AAQ", "AAAA"])]))

    pictures = [part.media_type for part in talk.messages[0].parts if isinstance(part, Image)]
    assert pictures == ["image/png", "image/jpeg", "image/png"]


def test_guards_read_words_and_no_pictures() -> None:
    read = ask(messages=[turn("user", "secret", images=["QUJD" * 99])], tools=[{"function": {"description": "a tool"}}])
    one = ask(prompt="first", system="second", suffix="third", images=["QUJD" * 99])

    assert OLLAMA.prompt_text(Kind.CHAT, read).split("\n") == ["secret", "a tool"]
    assert OLLAMA.prompt_text(Kind.CHAT, one).split("\n") == ["first", "second", "third"]


def test_one_prompt_is_a_conversation_elsewhere() -> None:
    prepared = prepare("openai_chat", {"prompt": "Hi", "system": "Be brief.", "suffix": "", "context": [], "stream": False})

    assert json.loads(prepared.body)["messages"] == [turn("system", "Be brief."), turn("user", "Hi")]
    assert (prepared.downgrades, prepared.kind) == ((), None)


def test_what_of_one_prompt_has_no_word_elsewhere_is_reported() -> None:
    odd: Json = {"raw": True, "suffix": "}", "context": [1], "template": "{{ .Prompt }}", "options": {"num_ctx": 9}}

    lost = [loss.path for loss in prepare("openai_chat", {"prompt": "Hi", **odd}).downgrades]

    assert sorted(lost) == sorted(odd)


def test_an_empty_prompt_loads_nothing() -> None:
    with pytest.raises(Fault, match="loaded"):
        prepare("openai_chat", {"prompt": ""})


# ── between two sides of one language ────────────────────────────────────────────────────────────────────────────────────────


def test_one_prompt_goes_to_its_own_path() -> None:
    assert prepare("ollama", {"prompt": "Hi"}).kind is Kind.COMPLETIONS
    assert prepare("ollama", {"messages": []}).kind is None


def test_a_cap_is_lowered_among_the_options() -> None:
    assert json.loads(prepare("ollama", {"messages": [], "options": {"seed": 1}}, cap=5).body)["options"] == {
        "seed": 1,
        "num_predict": 5,
    }
    assert json.loads(prepare("ollama", {"messages": [], "options": {"num_predict": 3}}, cap=5).body)["options"] == {
        "num_predict": 3
    }


def test_an_answer_to_one_prompt_is_watched() -> None:
    relay = prepare("ollama", {"prompt": "Hi"}).relay
    lines = b'{"response":"Hello there","done":false}\n', b'{"response":"","done":true,"prompt_eval_count":3,"eval_count":2}\n'

    assert b"".join(map(relay.feed, lines)) + relay.close() == b"".join(lines)
    assert (relay.usage, relay.usage_final, relay.pieces, relay.ended) == (Usage(input=3, output=2), True, 1, True)


def test_an_error_within_a_stream_is_withheld_and_told() -> None:
    relay = prepare("ollama", {"messages": []}).relay
    passed = relay.feed(b'{"message":{"content":"Hel"},"done":false}\n{"error":"it broke"}\n') + relay.close()

    assert passed == b'{"message":{"content":"Hel"},"done":false}\n'
    assert relay.fault is not None
    assert (relay.fault.code, relay.fault.detail) == ("upstream_error", "it broke")
    assert relay.fail(relay.fault, "r") == b'{"error":%b}\n' % msgspec.json.encode(relay.fault.message)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("said", [b"[]", b"<html>", b'{"message":{"content":"Hel"},"done":false}', b""])
def test_an_answer_without_an_end_is_none(said: bytes, stream: bool) -> None:  # noqa: FBT001 - a parameter of the test
    relay = prepare("ollama", {"messages": [], "stream": stream}).relay
    relay.feed(said)
    relay.close()

    assert relay.fault is not None
    assert not relay.ended


def test_the_older_way_to_ask_for_a_vector_goes_the_newer_way() -> None:
    prepared = prepare("ollama", {"prompt": "Hi", "keep_alive": "5m"}, Kind.EMBEDDINGS)

    assert json.loads(prepared.body) == {"model": THERE["ollama"].model, "keep_alive": "5m", "input": "Hi"}
    assert json.loads(prepared.relay.feed(b'{"embeddings":[[0.5,1]],"prompt_eval_count":2}')) == {"embedding": [0.5, 1]}
    assert prepared.relay.usage == Usage(input=2)


# ── what is told ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_durations_are_those_that_were_measured() -> None:
    asked = msgspec.structs.replace(ask(messages=[], stream=False), began=10.0, asked_at=1_790_000_000)
    events = [Started("x", "m"), PartStarted(0, PartKind.TEXT), TextDelta(0, "Hi"), PartEnded(0)]
    events += [Stopped(StopReason.CONTENT_FILTER), Ended()]

    told = json.loads(Ollama(lambda: 12.5).write_answer(events, asked))

    assert (told["total_duration"], told["load_duration"]) == (2_500_000_000, 0)
    assert (told["created_at"], told["done_reason"]) == ("2026-09-21T14:13:20Z", "content_filter")
    assert "eval_duration" not in told


def test_a_model_is_told_by_what_is_known_of_it() -> None:
    known = Profile(context=128_000, serves=("chat",), features=("images", "json_schema", "reasoning", "tools"))
    model = Listed(name=AskedModel("smart"), profile=known)
    shown = json.loads(OLLAMA.write_model(model))
    listed = json.loads(OLLAMA.write_models([model]))["models"]

    assert shown["capabilities"] == ["completion", "tools", "vision", "thinking"]
    assert shown["model_info"][f"{shown['model_info']['general.architecture']}.context_length"] == 128_000
    assert [(row["name"], row["model"], len(row["digest"])) for row in listed] == [("smart", "smart", 64)]
    assert json.loads(OLLAMA.write_model(Listed(name=AskedModel("who"))))["capabilities"] == ["completion"]
