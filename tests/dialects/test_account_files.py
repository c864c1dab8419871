"""A file that a provider reads with the gateway's own rights is nobody's to name in another language: one bucket is as near as the other."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.bedrock import Bedrock
from headworks.dialects.gemini import Gemini
from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.dialects.openai_responses import OpenAIResponses
from headworks.domain.call import Kind
from headworks.domain.errors import Fault
from headworks.testing import sample_target

_HUB = Hub({each.name: each for each in (OpenAIChat(), OpenAIResponses(), Anthropic(), Gemini())}, {"bedrock": Bedrock()})
_NAMED: dict[str, tuple[str, Any]] = {
    "a picture": ("openai_chat", {"type": "image_url", "image_url": {"url": "URL"}}),
    "a film": ("openai_chat", {"type": "video_url", "video_url": {"url": "URL"}}),
    "a picture in an item": ("openai_responses", {"type": "input_image", "image_url": "URL"}),
    "a file in an item": ("openai_responses", {"type": "input_file", "file_url": "URL"}),
    "a picture in a block": ("anthropic", {"type": "image", "source": {"type": "url", "url": "URL"}}),
    "a document in a block": ("anthropic", {"type": "document", "source": {"type": "url", "url": "URL"}}),
    "a picture of a tool": (
        "anthropic",
        {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image", "source": {"type": "url", "url": "URL"}}]},
    ),
}
_OF_ACCOUNTS = [
    "s3://bucket/of-a.png",
    "S3://bucket/of-a.png",
    "gs://bucket/of-a.png",
    "https://generativelanguage.googleapis.com/v1beta/files/of-a",
    "https://generativelanguage.googleapis.com:443/v1beta/files/of-a",
    "files/of-a",
    "file:///etc/passwd",
]


def prepared(front: str, part: Any, url: str, upstream: str, tenant: str = "", kind: Kind = Kind.CHAT) -> bytes:
    """The body for an upstream that speaks another language."""
    field = "input" if front == "openai_responses" else "messages"
    said = msgspec.json.encode({"model": "m", "max_tokens": 9, field: [{"role": "user", "content": [part]}]})
    body = said.replace(b"URL", url.encode())
    target = sample_target(
        "t/m", model="amazon.nova-pro-v1:0", dialect=upstream, tenant=tenant, inexpressible="drop-and-report"
    )
    target = msgspec.structs.replace(target, heads={**target.heads, Kind.COUNT_TOKENS: b"POST / HTTP/1.1\r\n"})
    return _HUB.prepare(front, kind, _HUB.read_ask(front, kind, body), body, target, None).body


@pytest.mark.parametrize("named", _NAMED)
@pytest.mark.parametrize("upstream", ["gemini", "bedrock"])
@pytest.mark.parametrize("url", _OF_ACCOUNTS)
def test_a_file_of_the_account_is_refused(named: str, upstream: str, url: str) -> None:
    front, part = _NAMED[named]

    counts = front == "anthropic" and upstream == "bedrock"  # others estimate, and send nothing
    for kind in (Kind.CHAT, Kind.COUNT_TOKENS) if counts else (Kind.CHAT,):
        with pytest.raises(Fault) as refused:
            prepared(front, part, url, upstream, tenant="org_a", kind=kind)
        assert (refused.value.code, refused.value.status) == ("unknown_id", 400)


@pytest.mark.parametrize("upstream", ["gemini", "bedrock"])
def test_where_all_callers_are_one_house_it_is_theirs(upstream: str) -> None:
    front, part = _NAMED["a picture"]

    assert b"s3://bucket/of-a.png" in prepared(front, part, "s3://bucket/of-a.png", upstream, tenant="*")


def test_what_is_on_the_web_or_in_the_request_goes_on() -> None:
    front, part = _NAMED["a picture"]

    assert b"https://x.test/a.png" in prepared(front, part, "https://x.test/a.png", "gemini")
    assert b"iVBORw0KGgo=" in prepared(front, part, "data:image/png;base64,iVBORw0KGgo=", "gemini")
