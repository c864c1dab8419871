"""AWS Bedrock, as an operator writes it: where models are asked, with which credential, and betas that only the body can say."""

from __future__ import annotations

from urllib.parse import quote

import msgspec
import pytest

from headworks.domain.call import Ask
from headworks.domain.target import AskedModel, Target
from headworks.journey.said_in_body import said_in_body
from tests.config.compiling import compiled

KEY = {"AWS_BEARER_TOKEN_BEDROCK": "bedrock-api-key-of-the-test", "AWS_REGION": "eu-west-1"}
CLAUDE = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"


def target(kind: str, model: str = CLAUDE) -> Target:
    text = f"models: {{m: '{kind}/{model}'}}\nprices: {{'{kind}/{model}': free}}\n"
    return compiled(text, KEY).snapshot.models["m"].targets[0]


def test_converse_is_asked_by_the_models_own_path() -> None:
    there = target("bedrock")

    path = b"POST /model/eu.anthropic.claude-haiku-4-5-20251001-v1%3A0"
    assert there.origin.host == "bedrock-runtime.eu-west-1.amazonaws.com"
    assert there.heads["chat"].startswith(path + b"/converse HTTP/1.1\r\n")
    assert there.stream_heads["chat"].startswith(path + b"/converse-stream HTTP/1.1\r\n")
    assert b"authorization: Bearer bedrock-api-key-of-the-test\r\n" in there.heads["chat"]
    assert there.signer is None


def test_claude_is_invoked_in_anthropics_own_language() -> None:
    there = target("bedrock-anthropic")

    assert there.dialect == "anthropic"
    assert b"%3A0/invoke HTTP/1.1\r\n" in there.heads["chat"]
    assert b"%3A0/invoke-with-response-stream HTTP/1.1\r\n" in there.stream_heads["chat"]
    assert there.heads["count_tokens"].startswith(b"POST /model/anthropic.claude-haiku-4-5-20251001-v1%3A0/count-tokens ")


@pytest.mark.parametrize("kind", ["bedrock", "bedrock-anthropic"])
@pytest.mark.parametrize(
    ("model", "counted"),
    [
        ("anthropic.claude-sonnet-4-20250514-v1:0", "anthropic.claude-sonnet-4-20250514-v1%3A0"),
        ("us-gov.anthropic.claude-3-7-sonnet-20250219-v1:0", "anthropic.claude-3-7-sonnet-20250219-v1%3A0"),
        ("global.anthropic.claude-opus-4-8", "anthropic.claude-opus-4-8"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-3-5-haiku-20241022-v1:0",
            "anthropic.claude-3-5-haiku-20241022-v1%3A0",
        ),
        ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdef123456", ""),
        ("anthropic.claude-3-haiku-20240307-v1:0", ""),
        ("us.amazon.nova-lite-v1:0", ""),
    ],
)
def test_counts_are_asked_of_the_foundation_model_where_it_can_be_counted_for(kind: str, model: str, counted: str) -> None:
    heads = target(kind, model).heads

    if counted:
        assert heads["count_tokens"].startswith(f"POST /model/{counted}/count-tokens HTTP/1.1\r\n".encode())
    else:
        assert "count_tokens" not in heads


def test_an_arn_is_one_piece_of_the_path() -> None:
    profile = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0"

    line = target("bedrock", profile).heads["chat"].partition(b"\r\n")[0].decode()

    assert line.split(" ")[1] == f"/model/{quote(profile, safe='')}/converse"


def test_betas_are_said_in_the_body_and_unknown_ones_reported() -> None:
    there = target("bedrock-anthropic")
    fields = {"anthropic_beta": msgspec.Raw(b'["effort-2025-11-24"]')}
    headers = {b"anthropic-beta": b"interleaved-thinking-2025-05-14, claude-code-20250219"}

    ask, lost = said_in_body(Ask(model=AskedModel("m"), fields=fields), headers, there)

    assert msgspec.json.decode(ask.fields["anthropic_beta"]) == ["effort-2025-11-24", "interleaved-thinking-2025-05-14"]
    assert lost == ["anthropic-beta: claude-code-20250219 is left out: bedrock-anthropic does not know it"]
