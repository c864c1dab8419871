"""What the gateway reads of a Messages request before anything else, and the body it sends on to the same dialect."""

from __future__ import annotations

import msgspec
import pytest

from headworks.domain.call import Kind
from headworks.domain.errors import Fault
from headworks.domain.snapshot import Model
from headworks.domain.target import AskedModel, Quirks
from tests.dialects.anthropic_wire import CLAUDE, DIALECT, Json, ask, question, target

PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBOR" * 50_000}}


def test_the_facts_of_a_request() -> None:
    asked = ask(
        question(stream=True, tools=[{"type": "web_search_20250305", "name": "web_search"}], thinking={"type": "adaptive"})
    )

    assert (asked.model, asked.stream, asked.max_tokens, asked.choices) == (CLAUDE, True, 100, 1)
    assert asked.features == {"tools", "web_search", "reasoning"}


@pytest.mark.parametrize(
    "fields", [{}, {"tools": []}, {"thinking": {"type": "disabled"}}, {"thinking": None}, {"mcp_servers": []}], ids=str
)
def test_fields_that_ask_for_nothing_are_no_features(fields: Json) -> None:
    assert ask(question(**fields)).features == frozenset()


def test_media_are_features() -> None:
    content = [PICTURE, {"type": "document", "source": {"type": "url", "url": "https://a.test/b.pdf"}}]

    assert ask(question(messages=[{"role": "user", "content": content}])).features == {"images", "files"}


def test_a_prompt_is_estimated_by_its_text() -> None:
    text = "The quick brown fox jumps over the lazy dog. " * 100

    assert 900 < ask(question(messages=[{"role": "user", "content": text}])).prompt_tokens < 1300


def test_an_inline_picture_is_not_estimated_by_its_size() -> None:
    assert 1600 <= ask(question(messages=[{"role": "user", "content": [PICTURE]}])).prompt_tokens < 1800


def test_an_inline_text_is_estimated_by_its_size() -> None:
    text = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "word " * 4000}}

    assert ask(question(messages=[{"role": "user", "content": [text]}])).prompt_tokens > 5000


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (b"", "invalid_json", None),
        (b"{", "invalid_json", None),
        (b'{"model":"a","model":"b","messages":[]}', "duplicate_field", "model"),
        (b'{"model":"a","messages":[],"Service_Tier":"auto"}', "duplicate_field", "Service_Tier"),
        (b'{"messages":[]}', "invalid_request", "model"),
        (b'{"model":"","messages":[]}', "invalid_request", "model"),
        (b'{"model":5,"messages":[]}', "invalid_request", "model"),
        (b'{"model":"a"}', "invalid_request", "messages"),
        (b'{"model":"a","messages":[],"stream":"yes"}', "invalid_request", "stream"),
        (b'{"model":"a","messages":[],"max_tokens":1.5}', "invalid_request", "max_tokens"),
        (b'{"model":"a","messages":[],"max_tokens":-1}', "invalid_request", "max_tokens"),
    ],
)
def test_a_malformed_body_is_refused_with_its_place(body: bytes, code: str, param: str | None) -> None:
    with pytest.raises(Fault) as caught:
        DIALECT.read_ask(Kind.CHAT, body)

    assert (caught.value.code, caught.value.param) == (code, param)


def test_the_body_travels_on_but_for_the_model() -> None:
    body = b'{ "model": "alias", "x": 1.50, "messages": [ {"role":"user","content":"\\u00e9"} ], "max_tokens": 10 }'

    patched = DIALECT.patch(Kind.CHAT, DIALECT.read_ask(Kind.CHAT, body), target("claude-x"), None)

    assert patched == b'{"model":"claude-x","x":1.50,"messages":[ {"role":"user","content":"\\u00e9"} ],"max_tokens":10}'


@pytest.mark.parametrize(("cap", "sent"), [(None, 100), (50, 50), (200, 100)])
def test_a_cap_only_lowers(cap: int | None, sent: int) -> None:
    patched = msgspec.json.decode(DIALECT.patch(Kind.CHAT, ask(question()), target(), cap))

    assert patched["max_tokens"] == sent


def test_what_a_provider_rejects_does_not_travel() -> None:
    patched = msgspec.json.decode(
        DIALECT.patch(Kind.CHAT, ask(question(top_k=1)), target(quirks=Quirks(drop=("top_k",))), None)
    )

    assert "top_k" not in patched


def test_a_count_is_asked_without_an_output() -> None:
    body = {"model": "alias", "messages": [{"role": "user", "content": "Hi"}]}

    asked = ask(body, Kind.COUNT_TOKENS)

    assert not asked.stream
    assert msgspec.json.decode(DIALECT.patch(Kind.COUNT_TOKENS, asked, target(), 50)) == {**body, "model": CLAUDE}


def test_an_estimated_count_looks_like_a_count() -> None:
    assert DIALECT.write_count(12) == b'{"input_tokens":12}'


def test_the_text_of_a_question_is_all_of_it() -> None:
    content = [
        {"type": "text", "text": "question"},
        {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "result"}]},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "document"}},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"argument": 1}},
        {"type": "thinking", "thinking": "thought", "signature": "s"},
        PICTURE,
    ]

    text = DIALECT.prompt_text(Kind.CHAT, ask(question(system="system", messages=[{"role": "user", "content": content}])))

    assert {"system", "question", "result", "document", '{"argument":1}', "thought", "f"} <= set(text.split("\n"))


def test_models_are_listed_in_anthropics_shape() -> None:
    model = Model(name=AskedModel("claude"), targets=(target(),), created=1_767_225_600)
    unsaid = {"capabilities": None, "max_input_tokens": None, "max_tokens": None}
    shape = {"type": "model", "id": "claude", "display_name": "claude", "created_at": "2026-01-01T00:00:00Z", **unsaid}

    assert msgspec.json.decode(DIALECT.write_model(model)) == shape
    assert msgspec.json.decode(DIALECT.write_models([model])) == {
        "data": [shape],
        "has_more": False,
        "first_id": "claude",
        "last_id": "claude",
    }
    assert msgspec.json.decode(DIALECT.write_models([])) == {"data": [], "has_more": False, "first_id": None, "last_id": None}


def test_headers_that_choose_an_account_do_not_travel() -> None:
    assert {b"anthropic-version", b"anthropic-beta"} <= DIALECT.forward
    assert not DIALECT.forward & {b"x-api-key", b"authorization", b"anthropic-workspace-id", b"anthropic-user-profile-id"}


def test_a_shared_credentials_rate_limits_do_not_travel_back() -> None:
    assert {b"request-id"} == DIALECT.answer
