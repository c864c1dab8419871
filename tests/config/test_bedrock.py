"""AWS Bedrock, as an operator writes it: where models are asked, with which credential, and betas that only the body can say."""

from __future__ import annotations

import msgspec

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
    assert "count_tokens" not in there.heads


def test_betas_are_said_in_the_body_and_unknown_ones_reported() -> None:
    there = target("bedrock-anthropic")
    fields = {"anthropic_beta": msgspec.Raw(b'["effort-2025-11-24"]')}
    headers = {b"anthropic-beta": b"interleaved-thinking-2025-05-14, claude-code-20250219"}

    ask, lost = said_in_body(Ask(model=AskedModel("m"), fields=fields), headers, there)

    assert msgspec.json.decode(ask.fields["anthropic_beta"]) == ["effort-2025-11-24", "interleaved-thinking-2025-05-14"]
    assert lost == ["anthropic-beta: claude-code-20250219 is left out: bedrock-anthropic does not know it"]
