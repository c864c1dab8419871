"""Errors between the languages: the upstream's words and status reach the client in the client's own shape."""

from __future__ import annotations

import msgspec
import pytest

from headworks.domain.call import Kind
from tests.dialects.crossing import ANTHROPIC, HUB, OPENAI, Json, prepare, upstream

THEIRS: dict[str, Json] = {
    ANTHROPIC: {"type": "error", "error": {"type": "not_found_error", "message": "model: x"}, "request_id": "req_theirs"},
    OPENAI: {"error": {"message": "model: x", "type": "invalid_request_error", "param": None, "code": "model_not_found"}},
}
ASKED: dict[str, Json] = {
    ANTHROPIC: {"model": "alias", "max_tokens": 10, "messages": [{"role": "user", "content": "Hi"}]},
    OPENAI: {"model": "alias", "messages": [{"role": "user", "content": "Hi"}]},
}

both_ways = pytest.mark.parametrize(("front", "spoken"), [(OPENAI, ANTHROPIC), (ANTHROPIC, OPENAI)])


def told(front: str, spoken: str, status: int) -> tuple[int, Json]:
    fault = HUB.read_fault(spoken, status, [], msgspec.json.encode(THEIRS[spoken]))
    return fault.status, msgspec.json.decode(HUB.write_fault(front, fault, "req_ours"))


@pytest.mark.parametrize(
    ("status", "answered", "word"),
    [
        (400, 400, "invalid_request_error"),
        (404, 404, "not_found_error"),
        (413, 413, "request_too_large"),
        (401, 502, "api_error"),
        (429, 429, "rate_limit_error"),
        (500, 502, "api_error"),
        (503, 503, "overloaded_error"),
    ],
)
def test_openais_errors_in_anthropics_shape(status: int, answered: int, word: str) -> None:
    code, body = told(ANTHROPIC, OPENAI, status)

    assert (code, body["type"], body["error"]["type"], body["request_id"]) == (answered, "error", word, "req_ours")


@pytest.mark.parametrize(
    ("status", "answered", "word", "code"),
    [
        (400, 400, "invalid_request_error", "upstream_rejected"),
        (404, 404, "invalid_request_error", "upstream_rejected"),
        (401, 502, "upstream_error", "upstream_credentials"),
        (429, 429, "upstream_error", "upstream_throttled"),
        (500, 502, "upstream_error", "upstream_error"),
        (529, 503, "upstream_error", "upstream_overloaded"),
    ],
)
def test_anthropics_errors_in_openais_shape(status: int, answered: int, word: str, code: str) -> None:
    answer, body = told(OPENAI, ANTHROPIC, status)

    assert (answer, body["error"]["type"], body["error"]["code"]) == (answered, word, code)


@both_ways
def test_the_upstreams_words_reach_the_client_where_it_can_mend_the_request(front: str, spoken: str) -> None:
    assert told(front, spoken, 400)[1]["error"]["message"] == "model: x"
    assert told(front, spoken, 401)[1]["error"]["message"] != "model: x"


@both_ways
def test_an_error_with_status_200_is_a_fault(front: str, spoken: str) -> None:
    relay = prepare(front, ASKED[front], upstream(spoken, "m")).relay

    told_client = relay.feed(msgspec.json.encode(THEIRS[spoken])) + relay.close()

    assert told_client == b""
    assert relay.fault is not None
    assert not relay.began


@both_ways
def test_an_error_inside_a_stream_becomes_the_clients_own(front: str, spoken: str) -> None:
    relay = prepare(front, {**ASKED[front], "stream": True}, upstream(spoken, "m")).relay
    error = b"event: error\ndata: %b\n\n" % msgspec.json.encode(THEIRS[spoken])

    relay.feed(error)

    assert relay.fault is not None
    last_words = relay.fail(relay.fault, "req_1")
    assert last_words.startswith(b"event: error\n" if front == ANTHROPIC else b"data: {")
    assert last_words.endswith(b"\n\n")
    assert b"req_1" in last_words


def test_a_count_is_estimated_where_nobody_can_count() -> None:
    body = msgspec.json.encode(ASKED[ANTHROPIC])
    ask = HUB.read_ask(ANTHROPIC, Kind.COUNT_TOKENS, body)

    prepared = HUB.prepare(ANTHROPIC, Kind.COUNT_TOKENS, ask, body, upstream(OPENAI, "m"), None)

    assert msgspec.json.decode(prepared.answer) == {"input_tokens": ask.prompt_tokens}
    assert [loss.path for loss in prepared.downgrades] == ["count"]
