"""Errors in OpenAI's envelope and the many that are not, both ways."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.errors import FAULTS, Fault
from tests.dialects.openai_wire import DIALECT


def read(status: int, body: object, **headers: str) -> Fault:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return DIALECT.read_fault(
        status, [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()], raw
    )


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "upstream_rejected"),
        (404, "upstream_rejected"),
        (413, "upstream_rejected"),
        (422, "upstream_rejected"),
        (401, "upstream_credentials"),
        (402, "upstream_credentials"),
        (403, "upstream_credentials"),
        (429, "upstream_throttled"),
        (498, "upstream_overloaded"),
        (503, "upstream_overloaded"),
        (529, "upstream_overloaded"),
        (500, "upstream_error"),
        (502, "upstream_error"),
        (301, "upstream_error"),
    ],
)
def test_the_status_decides(status: int, code: str) -> None:
    assert read(status, {"error": {"message": "words"}}).code == code


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "too long", "type": "invalid_request_error", "param": None, "code": None}},
        {"error": "too long"},
        {"message": "too long", "code": 400, "type": "Bad Request"},
        {"object": "error", "message": "too long", "type": "invalid_request", "code": "1500", "raw_status_code": 400},
        {"detail": "too long"},
        [{"error": {"code": 400, "message": "too long", "status": "INVALID_ARGUMENT"}}],
        b"too long",
    ],
)
def test_the_words_are_found_in_every_envelope(body: object) -> None:
    fault = read(400, body)

    assert (fault.code, fault.status, fault.message) == ("upstream_rejected", 400, "too long")


def test_validation_errors_name_their_places() -> None:
    problems = [
        {"loc": ["body", "messages", 0, "role"], "msg": "wrong", "type": "enum"},
        {"loc": ["body", "n"], "msg": "too many"},
    ]

    assert read(422, {"detail": problems}).message == "body.messages.0.role: wrong; body.n: too many"
    assert (
        read(422, {"object": "error", "message": {"detail": problems}}).message
        == "body.messages.0.role: wrong; body.n: too many"
    )


def test_a_web_page_explains_nothing() -> None:
    message = read(404, b"<html><body>nginx</body></html>").message

    assert message.startswith("The model's provider rejected the request with status 404. It gave no reason")


def test_the_caller_of_the_same_dialect_gets_the_providers_own_answer() -> None:
    body = {
        "error": {
            "message": "too long",
            "type": "invalid_request_error",
            "param": "messages",
            "code": "context_length_exceeded",
        }
    }

    fault = read(400, body)

    assert fault.param == "messages"
    assert json.loads(DIALECT.write_fault(fault, "req-1")) == body


def test_a_refused_credential_is_our_secret() -> None:
    """Providers quote the key they refuse."""
    fault = read(401, {"error": {"message": "Incorrect API key provided: sk-proj-abc123***xyz", "code": "invalid_api_key"}})

    assert "sk-" not in fault.message + fault.detail
    assert fault.said is None
    assert fault.detail == "401: invalid_api_key"


@pytest.mark.parametrize(
    "key", ["sk-proj-abc123def456", "gsk_abcdefghijkl", "xai-abcdefghijk", "AIzaSyAbcdefghijk", "Bearer abcdefghijkl"]
)
def test_a_key_in_a_rejection_is_blacked_out(key: str) -> None:
    fault = read(400, {"error": {"message": f"The key {key} may not do this"}})

    assert fault.said is not None
    assert key.encode() not in fault.said.body
    assert key not in fault.message
    assert "[redacted]" in fault.message


def test_a_rejected_key_with_another_status_is_a_credential_too() -> None:
    assert read(400, {"error": {"message": "bad key", "code": "invalid_api_key"}}).code == "upstream_credentials"


def test_moderation_is_the_callers_business() -> None:
    """OpenRouter answers 403 for flagged questions."""
    body = {"error": {"code": 403, "message": "flagged", "metadata": {"reasons": ["violence"], "flagged_input": "…"}}}

    assert read(403, body).code == "upstream_rejected"


def test_throttling_says_when_to_come_back() -> None:
    assert read(429, {"error": {}}, retry_after="7").retry_after == 7.0
    assert read(503, {"error": {}}, retry_after_ms="1500").retry_after == 1.5
    assert read(429, {"error": {}}).retry_after is None


def test_operators_learn_the_words_of_an_outage() -> None:
    fault = read(500, {"error": {"message": "CUDA out of memory", "type": "server_error"}})

    assert "CUDA" not in fault.message
    assert fault.detail == "500: server_error: CUDA out of memory"


@pytest.mark.parametrize("code", FAULTS)
def test_every_fault_has_openais_envelope(code: str) -> None:
    error = json.loads(DIALECT.write_fault(Fault(code, "Words.", param="model"), "req-1"))["error"]

    assert (error["message"], error["code"], error["param"], error["request_id"]) == ("Words.", code, "model", "req-1")
    assert error["type"] == FAULTS[code].openai


def test_a_fault_event_is_one_event_without_done() -> None:
    said = read(400, b'{\n "error": {\n  "message": "no"\n }\n}')

    event = DIALECT.write_fault_event(said, "req-1")

    assert event.count(b"\n") == 2
    assert json.loads(event.removeprefix(b"data: ")) == {"error": {"message": "no"}}


@given(st.integers(300, 599), st.binary(max_size=60) | st.recursive(
    st.none() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["error", "message", "detail", "code", "type", "loc", "param"]), inner),
    max_leaves=6,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_any_error_body_is_a_fault(status: int, body: bytes) -> None:
    fault = DIALECT.read_fault(status, [], body)

    assert json.loads(DIALECT.write_fault(fault, "id"))
