"""Where the grid's questions go: one model for each upstream, one that can do most of what its language has words for."""

from __future__ import annotations

from functools import lru_cache

from headworks.domain.target import SentModel, Target
from headworks.providers.catalog import shipped_catalog
from headworks.testing import sample_target

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
MODELS = {
    "openai_chat": "gpt-5",
    "openai_responses": "gpt-5",
    "anthropic": "claude-sonnet-4-5",
    "bedrock-anthropic": CLAUDE,
    "gemini": "gemini-2.5-flash",
    "bedrock": CLAUDE,
    "cohere": "command-a-reasoning-08-2025",
    "ollama": "qwen3:8b",
}


@lru_cache
def target(upstream: str) -> Target:
    """A target of that language; on Bedrock, Anthropic's as the catalogue has it."""
    model = SentModel(MODELS[upstream])
    if upstream == "bedrock-anthropic":
        row = shipped_catalog().providers[upstream]
        return sample_target("there/x", dialect="anthropic", model=model, quirks=row.quirks, body=row.body["anthropic"])
    return sample_target("there/x", dialect=upstream, model=model)
