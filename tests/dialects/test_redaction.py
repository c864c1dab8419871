"""Credentials never come back in an upstream's words."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from typing import NamedTuple
from urllib.parse import quote, quote_plus

import msgspec
import pytest
from msgspec import structs

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.dialects.redaction import redact, without
from headworks.domain.call import Kind
from headworks.testing import sample_target

HUB = Hub({"openai_chat": OpenAIChat(), "anthropic": Anthropic()})
KEYS = [
    "sk-proj-abc123def456",
    "sk-ant-api03-abcdefgh",
    "gsk_abcdefghijkl",
    "AIzaSyAbcdefghijk",
    "Bearer abcdefghijkl",
    "eyJhbGciOi.abc.def",
]


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic"])
@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
@pytest.mark.parametrize("key", [*KEYS, "plain 0f1e2d3c4b5a"])
def test_a_fault_repeats_no_credential(dialect: str, status: int, key: str) -> None:
    """Neither one that looks like one, nor the target's own, whatever it looks like."""
    words = {"type": "error", "error": {"type": "invalid_request_error", "message": f"No such key: {key}!"}}

    fault = HUB.read_fault(dialect, status, [], msgspec.json.encode(words), secrets=(key.encode(),))

    assert key not in fault.message + fault.detail
    assert fault.said is None or key.encode() not in fault.said.body
    assert key.encode() not in HUB.write_fault(dialect, fault, "req_1")


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic"])
@pytest.mark.parametrize("key", KEYS)
def test_what_looks_like_a_credential_is_one(dialect: str, key: str) -> None:
    words = {"type": "error", "error": {"type": "invalid_request_error", "message": f"No such key: {key}!"}}

    fault = HUB.read_fault(dialect, 400, [], msgspec.json.encode(words))

    assert fault.said is not None
    assert key.encode() not in fault.said.body
    assert "[redacted]" in fault.message


@pytest.mark.parametrize(
    "words", [b"messages.0.content: field required", b"skip the keyboard", b"Bearer of news", b"the api key is missing"]
)
def test_plain_words_stay(words: bytes) -> None:
    assert redact(words, (b"", b"the")) == words


OWN = "0f1e2d3c4b5a69788796"
"""A credential that looks like none."""
ASKS = {
    dialect: {
        stream: HUB.read_ask(
            dialect,
            Kind.CHAT,
            msgspec.json.encode(
                {"model": "m", "max_tokens": 9, "stream": stream, "messages": [{"role": "user", "content": "Hi"}]}
            ),
        )
        for stream in (False, True)
    }
    for dialect in ("openai_chat", "anthropic")
}
BEGUN = {
    "openai_chat": b'data: {"id":"c-1","model":"m","choices":[{"index":0,"delta":{"content":"Hello"}}]}\n\n',
    "anthropic": (
        b'event: message_start\ndata: {"type":"message_start","message":{"id":"m-1","model":"m","usage":{"input_tokens":1}}}\n\n'
        b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n'
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"text_delta","text":"Hello"}}\n\n'
    ),
}


class Showing(NamedTuple):
    """A signer whose token is this."""

    tokens: tuple[bytes, ...]

    def sign(self, head: bytes, body: bytes) -> bytes:
        return head[:0] + body[:0]

    def secrets(self) -> tuple[bytes, ...]:
        return self.tokens


@pytest.mark.parametrize("front", ["openai_chat", "anthropic"])
@pytest.mark.parametrize("spoken", [*BEGUN])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("word", ["invalid_request_error", "api_error", "rate_limit_error"])
@pytest.mark.parametrize("padding", [0, 985, 1985])
def test_an_error_inside_an_answer_repeats_no_credential(  # noqa: PLR0913 - the parameters of its cases
    front: str, spoken: str, word: str, padding: int, *, signed: bool, begun: bool, stream: bool
) -> None:
    """In mid-stream, before its first content and in a whole answer of status 200; nor the part of one that is cut off at the end;
    nor the token that its signer shows now.
    """
    secrets = (OWN.encode(),)
    held = {"signer": Showing(secrets)} if signed else {"secrets": secrets}
    target = structs.replace(sample_target(dialect=spoken), **held)
    ask = ASKS[front][stream]
    relay = HUB.prepare(front, Kind.CHAT, ask, b"", target, None).relay
    error = {"type": word, "code": OWN, "param": OWN, "message": f"{'.' * padding} no such key {OWN}!"}
    said = msgspec.json.encode({"type": "error", "error": error})

    if stream:
        relay.feed(BEGUN[spoken] if begun else b"")
        relay.feed(b"event: error\ndata: " + said + b"\n\n")
    else:
        relay.feed(said)
    relay.close()

    assert relay.fault is not None
    body = b"" if relay.fault.said is None else relay.fault.said.body
    told = relay.fail(relay.fault, "req-1") + HUB.write_fault(front, relay.fault, "req-1") + body
    assert OWN[:12] not in f"{relay.fault.message} {relay.fault.detail} {relay.fault.param} {told.decode()}"


SPELT = 'sk-upstream/SECRET+value=with%odd"letters'
SPELLINGS = {
    "escaped": "".join(f"\\u{ord(letter):04x}" for letter in SPELT),
    "partly escaped": SPELT.replace("S", "\\u0053").replace("/", "\\/").replace('"', '\\"'),
    "in an address": quote(SPELT, safe=""),
    "in a form": quote_plus(SPELT),
    "in base64": b64encode(SPELT.encode()).decode(),
    "in base64 for addresses": urlsafe_b64encode(SPELT.encode()).decode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic"])
def test_a_credential_is_known_in_every_spelling(dialect: str, spelling: str) -> None:
    """And no rest of it is left behind where its beginning looks like a key of its own."""
    body = f'{{"type":"error","error":{{"type":"x","message":"No: {SPELLINGS[spelling]}!"}}}}'.encode()

    fault = HUB.read_fault(dialect, 400, [], body, secrets=(SPELT.encode(),))

    assert fault.message == "No: [redacted]!"
    assert fault.said is not None
    assert msgspec.json.decode(fault.said.body)["error"]["message"] == "No: [redacted]!"


def test_escapes_stay_where_a_letter_needs_them() -> None:
    body = rb'{"a":"\u0022\u005c\n\\u0041\/\u00e9\u0041"}'

    assert msgspec.json.decode(without(body, (b"0f1e2d3c4b5a",))) == msgspec.json.decode(body)


def test_what_a_provider_calls_a_request_is_not_our_credential() -> None:
    headers = [(b"x-request-id", SPELT.encode())]

    assert HUB.request_id(headers, (SPELT.encode(),)) == "[redacted]"
    assert HUB.request_id([(b"x-request-id", b"req_1")], (SPELT.encode(),)) == "req_1"
