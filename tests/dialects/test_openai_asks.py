"""What the gateway reads of a request without decoding it, and the body it sends on in the same dialect."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings

from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.target import SentModel
from tests.dialects.openai_questions import bodies
from tests.dialects.openai_wire import DIALECT, Json, ask, compact, target

HI = [{"role": "user", "content": "Hi"}]


def patched(asked: Ask, cap: int | None = None, kind: Kind = Kind.CHAT, **quirks: Any) -> Json:
    return json.loads(DIALECT.patch(kind, asked, target(**quirks), cap))


def test_the_facts_of_a_question() -> None:
    asked = ask(
        {
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": 5,
            "max_completion_tokens": 50,
            "n": 3,
            "user": "u-1",
        }
    )

    assert (asked.model, asked.stream, asked.include_usage) == ("m", True, True)
    assert (asked.max_tokens, asked.choices, asked.user) == (50, 3, "u-1")


def test_nulls_say_nothing() -> None:
    asked = ask({"stream": None, "stream_options": None, "max_tokens": None, "n": None, "user": None, "tools": None})

    assert (asked.stream, asked.include_usage, asked.max_tokens, asked.choices, asked.user) == (False, False, None, 1, "")
    assert asked.features == frozenset()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": HI}, "model"),
        ({"model": None, "messages": HI}, "model"),
        ({"model": "", "messages": HI}, "model"),
        ({"model": 5, "messages": HI}, "model"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": None}, "messages"),
        ({"model": "m", "messages": HI, "stream": "yes"}, "stream"),
        ({"model": "m", "messages": HI, "max_tokens": "5"}, "max_tokens"),
        ({"model": "m", "messages": HI, "max_tokens": 5.5}, "max_tokens"),
        ({"model": "m", "messages": HI, "n": 0}, None),
        ({"model": "m", "messages": HI, "n": -1}, "n"),
        ({"model": "m", "messages": HI, "stream_options": []}, "stream_options"),
        ({"model": "m", "messages": HI, "user": {}}, "user"),
    ],
)
def test_a_wrong_field_is_named(body: Json, param: str | None) -> None:
    if param is None:
        assert DIALECT.read_ask(Kind.CHAT, compact(body)).choices == 1
        return
    with pytest.raises(Fault) as caught:
        DIALECT.read_ask(Kind.CHAT, compact(body))

    assert (caught.value.code, caught.value.param) == ("invalid_request", param)
    assert param in caught.value.message


@pytest.mark.parametrize(
    "body", [b'{"model":"a","model":"b","messages":[]}', b'{"model":"a","MODEL":"b"}', b'{"model":"a","Max_Tokens":1}']
)
def test_two_models_in_one_request_are_refused(body: bytes) -> None:
    with pytest.raises(Fault) as caught:
        DIALECT.read_ask(Kind.CHAT, body)

    assert caught.value.code == "duplicate_field"


def test_a_negative_cap_caps_nothing() -> None:
    """It must not lower what a limit reserves."""
    assert ask({"max_tokens": -1}).max_tokens is None


@pytest.mark.parametrize(
    ("body", "features"),
    [
        ({}, set[str]()),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, {"tools"}),
        ({"tools": []}, set[str]()),
        ({"tools": [{"type": "openrouter:web_search"}]}, {"tools", "web_search"}),
        ({"web_search_options": {"search_context_size": "low"}}, {"web_search"}),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}}, {"json_schema"}),
        ({"response_format": {"type": "json_object"}}, set[str]()),
        ({"reasoning_effort": "low"}, {"reasoning"}),
        ({"logprobs": True}, {"logprobs"}),
        ({"logprobs": False}, set[str]()),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y"}}]}]}, {"images"}),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AA"}}]}]}, {"audio"}),
        ({"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]}, {"files"}),
        ({"messages": [{"role": "user", "content": 'Is "image_url" a word? [yes]'}]}, set[str]()),
    ],
)
def test_features_are_named(body: Json, features: set[str]) -> None:
    assert ask(body).features == features


def test_a_prompt_is_estimated_by_its_bytes() -> None:
    assert 1000 <= ask({"messages": [{"role": "user", "content": "four" * 1000}]}).prompt_tokens <= 1050


def test_pictures_and_files_are_not_estimated_by_their_bytes() -> None:
    """Base64 is not text: half a megabyte of picture is no hundred thousand tokens."""
    data = base64.b64encode(b"\0" * 400_000).decode()
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
    file = {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{data}"}}
    sound = {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}

    def tokens(*parts: Json) -> int:
        return ask({"messages": [{"role": "user", "content": [{"type": "text", "text": "?"}, *parts]}]}).prompt_tokens

    assert 1000 <= tokens(picture) <= 1300
    assert 2000 <= tokens(picture, picture) <= 2500
    assert 10_000 <= tokens(file) <= 40_000
    assert 300 <= tokens(sound) <= 1000


@pytest.mark.parametrize(
    ("given_input", "tokens"),
    [([1, 2, 3], 3), ([[1, 2], [3, 4, 5]], 5), ("four" * 100, 101), (["four" * 100] * 2, 202), ([], 1)],
)
def test_token_numbers_are_counted(given_input: Any, tokens: int) -> None:
    asked = DIALECT.read_ask(Kind.EMBEDDINGS, compact({"model": "e", "input": given_input}))

    assert abs(asked.prompt_tokens - tokens) <= 1
    assert asked.max_tokens == 0


def test_a_completion_counts_all_answers_it_makes() -> None:
    assert DIALECT.read_ask(Kind.COMPLETIONS, compact({"model": "m", "prompt": "Hi", "n": 1, "best_of": 4})).choices == 4


def test_only_the_model_changes() -> None:
    asked = DIALECT.read_ask(Kind.CHAT, b'{"model":"alias","messages":[ {"role":"user","content":"\\u00e9"} ],"x":1.50}')

    body = DIALECT.patch(Kind.CHAT, asked, target(), None)

    assert body == b'{"model":"model","messages":[ {"role":"user","content":"\\u00e9"} ],"x":1.50}'


def test_usage_is_always_asked_of_a_stream() -> None:
    assert patched(ask({"stream": True}))["stream_options"] == {"include_usage": True}
    options = {"include_usage": False, "include_obfuscation": False}
    assert patched(ask({"stream": True, "stream_options": options}))["stream_options"] == {**options, "include_usage": True}
    assert "stream_options" not in patched(ask())
    assert "stream_options" not in patched(ask({"stream": True}), stream_usage=False)


@pytest.mark.parametrize(
    ("body", "cap", "quirks", "expected"),
    [
        ({}, None, {}, {}),
        ({}, 10, {}, {"max_completion_tokens": 10}),
        ({}, 10, {"max_tokens_field": "max_tokens"}, {"max_tokens": 10}),
        ({"max_tokens": 50}, 10, {}, {"max_tokens": 10}),
        ({"max_tokens": 5}, 10, {}, {"max_tokens": 5}),
        ({"max_tokens": None}, 10, {}, {"max_tokens": 10}),
        ({"max_completion_tokens": 50, "max_tokens": 60}, 10, {}, {"max_completion_tokens": 10, "max_tokens": 10}),
        ({"max_completion_tokens": 50}, None, {"max_tokens_field": "max_tokens"}, {"max_tokens": 50}),
        ({"max_tokens": 50}, 10, {"max_tokens_field": "max_completion_tokens"}, {"max_completion_tokens": 10}),
        ({"max_tokens": -1}, 10, {}, {"max_tokens": 10}),
    ],
)
def test_the_output_cap_is_lowered_and_named_as_the_provider_wants(
    body: Json, cap: int | None, quirks: Json, expected: Json
) -> None:
    out = patched(ask(body), cap, **quirks)

    assert {name: value for name, value in out.items() if name.startswith("max_")} == expected


def test_fields_that_the_provider_rejects_are_left_out() -> None:
    assert "user" not in patched(ask({"user": "u", "seed": 1}), drop=("user", "store"))


def test_roles_that_the_provider_does_not_know_are_said_otherwise() -> None:
    turns = [
        {"role": "developer", "content": 'say "role":"developer"'},
        {"role": "user", "content": "Hi"},
        {"role": "system", "content": "Now in French."},
    ]

    assert [turn["role"] for turn in patched(ask({"messages": turns}), developer_role=False)["messages"]] == [
        "system",
        "user",
        "system",
    ]
    assert patched(ask({"messages": turns}), developer_role=False)["messages"][0]["content"] == 'say "role":"developer"'
    assert [turn["role"] for turn in patched(ask({"messages": turns}), no_system_after_first=True)["messages"]] == [
        "developer",
        "user",
        "user",
    ]


def test_embeddings_are_carried() -> None:
    asked = DIALECT.read_ask(Kind.EMBEDDINGS, b'{"model":"alias","input":["a", "b"],"dimensions":3}')

    assert DIALECT.patch(Kind.EMBEDDINGS, asked, target(), 5) == b'{"model":"model","input":["a", "b"],"dimensions":3}'


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        (Kind.CHAT, {"messages": HI}, "Hi"),
        (
            Kind.CHAT,
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "data:b"}}],
                    },
                    {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{c}"}}]},
                    {"role": "tool", "tool_call_id": "1", "content": "d"},
                ]
            },
            "a\ndata:b\nf\n{c}\nd",
        ),
        (Kind.COMPLETIONS, {"prompt": ["a", "b"]}, "a\nb"),
        (Kind.EMBEDDINGS, {"input": "a"}, "a"),
        (Kind.EMBEDDINGS, {"input": [1, 2]}, ""),
    ],
)
def test_guards_see_all_text(kind: Kind, body: Json, text: str) -> None:
    asked = DIALECT.read_ask(kind, compact({"model": "m", **body}))

    assert DIALECT.prompt_text(kind, asked) == text


def nothing_is_lost(body: Json) -> None:
    try:
        talk = DIALECT.read_request(DIALECT.read_ask(Kind.CHAT, compact(body)))
    except Fault as fault:
        if fault.code != "invalid_request" or not fault.message:
            raise
        return

    out, downgrades = DIALECT.write_request(talk, target(stream_usage=False))

    assert json.loads(out) == body
    assert downgrades == ()


@given(bodies)
def test_any_body_is_read_and_written_back_or_refused(body: Json) -> None:
    """Either it is invalid, and the fault says where, or nothing of it is lost."""
    nothing_is_lost(body)


@pytest.mark.long
@settings(max_examples=10_000, deadline=None)
@given(bodies)
def test_many_bodies_are_read_and_written_back_or_refused(body: Json) -> None:
    nothing_is_lost(body)


@given(bodies)
def test_any_body_is_patched_in_little(body: Json) -> None:
    """A same-dialect body keeps every other field, whatever the gateway thinks of it."""
    try:
        asked = DIALECT.read_ask(Kind.CHAT, compact(body))
    except Fault:
        return
    kept = {name: value for name, value in body.items() if name != "stream_options"}

    assert {name: value for name, value in patched(asked).items() if name != "stream_options"} == kept
    assert isinstance(DIALECT.prompt_text(Kind.CHAT, asked), str)


def test_the_sent_model_is_the_targets() -> None:
    assert patched(ask())["model"] == SentModel("model")


@pytest.mark.parametrize("kind", [Kind.CHAT, Kind.COMPLETIONS, Kind.EMBEDDINGS])
def test_what_is_missing_is_shown_by_an_example(kind: Kind) -> None:
    with pytest.raises(Fault) as raised:
        DIALECT.read_ask(kind, b'{"model":"m"}')

    assert ": send " in raised.value.message
    assert "Hello" in raised.value.message
