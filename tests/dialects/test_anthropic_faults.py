"""Errors: Anthropic's answers → faults, and faults → Anthropic's shapes."""

from __future__ import annotations

import msgspec
import pytest

from headworks.domain.errors import FAULTS, Fault, UpstreamSaid
from headworks.domain.events import Failed
from tests.dialects.anthropic_wire import DIALECT, Json, target

SECRET_WORDS = "invalid x-api-key sk-ant-…"


def body(word: str = "invalid_request_error", message: str = "messages: too few") -> bytes:
    return msgspec.json.encode({"type": "error", "error": {"type": word, "message": message}, "request_id": "req_theirs"})


@pytest.mark.parametrize(
    ("status", "code", "answered"),
    [
        (400, "upstream_rejected", 400),
        (404, "upstream_rejected", 404),
        (413, "upstream_rejected", 413),
        (422, "upstream_rejected", 422),
        (401, "upstream_credentials", 502),
        (402, "upstream_credentials", 502),
        (403, "upstream_credentials", 502),
        (429, "upstream_throttled", 429),
        (500, "upstream_error", 502),
        (504, "upstream_error", 502),
        (503, "upstream_overloaded", 503),
        (529, "upstream_overloaded", 503),
        (302, "upstream_error", 502),
    ],
)
def test_a_status_decides_the_fault(status: int, code: str, answered: int) -> None:
    fault = DIALECT.read_fault(status, [], body())

    assert (fault.code, fault.status) == (code, answered)


def test_a_refusal_keeps_the_upstreams_own_words() -> None:
    fault = DIALECT.read_fault(400, [], body())

    assert fault.message == "messages: too few"
    assert DIALECT.write_fault(fault, "req_ours") == body()


def test_what_is_said_of_our_credentials_is_for_operators() -> None:
    fault = DIALECT.read_fault(401, [], body("authentication_error", SECRET_WORDS))

    assert SECRET_WORDS in fault.detail
    assert SECRET_WORDS.encode() not in DIALECT.write_fault(fault, "req_ours")


def test_a_throttled_answer_says_when_to_come_back() -> None:
    assert DIALECT.read_fault(429, [(b"retry-after", b"7")], body("rate_limit_error")).retry_after == 7
    assert DIALECT.read_fault(529, [], b"").retry_after is None


@pytest.mark.parametrize("garbage", [b"", b"<html>", b"[1]", b'{"error":"words"}', b'{"error":{"message":5}}', b"[" * 5000])
def test_an_unreadable_refusal_still_says_something(garbage: bytes) -> None:
    fault = DIALECT.read_fault(400, [], garbage)

    assert fault.message
    assert msgspec.json.decode(DIALECT.write_fault(fault, "r"))


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("overloaded_error", "upstream_overloaded"),
        ("rate_limit_error", "upstream_throttled"),
        ("api_error", "upstream_error"),
        ("timeout_error", "upstream_error"),
        ("billing_error", "upstream_credentials"),
        ("invalid_request_error", "upstream_rejected"),
        ("of_the_future", "upstream_error"),
    ],
)
def test_an_error_inside_a_stream_is_judged_by_its_type(word: str, code: str) -> None:
    decoder = DIALECT.decoder(target())

    (failed,) = decoder.feed(b"event: error\ndata: " + body(word) + b"\n\n")

    assert isinstance(failed, Failed)
    assert failed.fault.code == code


@pytest.mark.parametrize("code", FAULTS)
def test_every_fault_has_its_anthropic_name(code: str) -> None:
    answer: Json = msgspec.json.decode(DIALECT.write_fault(Fault(code, "Words."), "req_1"))

    assert answer == {
        "type": "error",
        "error": {"type": FAULTS[code].anthropic, "message": "Words."},
        "request_id": "req_1",
    }


@pytest.mark.parametrize(
    ("status", "word"), [(404, "not_found_error"), (413, "request_too_large"), (422, "invalid_request_error")]
)
def test_another_providers_refusal_is_named_by_its_status(status: int, word: str) -> None:
    said = UpstreamSaid(status, "openai_chat", b"application/json", b'{"error":{}}')

    answer = msgspec.json.decode(DIALECT.write_fault(Fault("upstream_rejected", "No.", status=status, said=said), "r"))

    assert answer["error"] == {"type": word, "message": "No."}


def test_a_fault_event_is_named_error() -> None:
    event = DIALECT.write_fault_event(Fault("severed", "Cut."), "req_1")

    assert event.startswith(b"event: error\ndata: {")
    assert event.endswith(b"}\n\n")
    assert event.count(b"\n\n") == 1
