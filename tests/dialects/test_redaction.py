"""Credentials never come back in an upstream's words."""

from __future__ import annotations

import msgspec
import pytest

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.dialects.redaction import redact

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
