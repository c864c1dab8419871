"""The catalogue's rows are complete and consistent."""

from __future__ import annotations

import pytest

from headworks.domain.call import Kind
from headworks.domain.target import Quirks
from headworks.providers.catalog import shipped_catalog
from headworks.providers.price_table import shipped_prices
from headworks.providers.signers import OBTAINED, SIGNERS

CATALOG = shipped_catalog()
ROWS = sorted(CATALOG.providers)
PROMISED = {
    "openai",
    "anthropic",
    "azure",
    "google",
    "google-vertex",
    "vertex-anthropic",
    "bedrock",
    "bedrock-anthropic",
    "bedrock-openai",
    "groq",
    "mistral",
    "deepseek",
    "xai",
    "together",
    "fireworks",
    "openrouter",
    "cerebras",
    "perplexity",
    "cohere",
    "voyage",
    "jina",
    "nvidia",
    "moonshot",
    "zai",
    "alibaba",
    "ollama",
    "vllm",
    "sglang",
    "llamacpp",
    "lmstudio",
    "openai-compatible",
    "anthropic-compatible",
}


def test_every_promised_provider_has_a_row() -> None:
    assert set(ROWS) >= PROMISED


@pytest.mark.parametrize("name", ROWS)
def test_a_row_refers_to_what_exists(name: str) -> None:
    row = CATALOG.providers[name]

    assert row.speaks
    for dialect, path in row.speaks.items():
        assert dialect in CATALOG.dialects
        assert row.signer(dialect) in SIGNERS
        assert path == "" or (path.startswith("/") and not path.endswith("/"))
    assert row.prices == "" or row.prices in shipped_prices().providers
    assert not row.root.endswith("/")
    assert row.title


@pytest.mark.parametrize("name", [name for name in ROWS if CATALOG.providers[name].root])
def test_somebody_elses_row_wants_a_key_and_ones_own_a_port(name: str) -> None:
    row = CATALOG.providers[name]

    obtained = all(row.signer(dialect) in OBTAINED for dialect in row.speaks)
    assert row.self_hosted == (not row.key_env and not obtained)
    assert row.self_hosted == bool(row.port)
    assert row.root.startswith("http://localhost:" if row.self_hosted else "https://")


def test_paths_are_for_kinds_of_endpoint() -> None:
    kinds = {kind.value for kind in Kind}

    assert all(set(row.paths) <= kinds and "chat" in row.paths for row in CATALOG.dialects.values())


def test_no_two_providers_claim_a_family() -> None:
    families = [family for row in CATALOG.providers.values() for family in row.families]

    assert len(families) == len(set(families))
    assert all(family.count("*") == 1 for family in families)


def test_quirks_are_facts_that_differ_from_the_dialect() -> None:
    """A quirk at its default says nothing and would only look like knowledge."""
    assert CATALOG.providers["openai"].quirks == Quirks()
    assert CATALOG.providers["xai"].quirks.reasoning_beside_output
    assert CATALOG.providers["groq"].quirks.usage_in == "x_groq.usage"
    assert not CATALOG.providers["mistral"].quirks.stream_usage


@pytest.mark.parametrize(
    ("signer", "headers"),
    [
        ("bearer", {"authorization": "Bearer k"}),
        ("x-api-key", {"x-api-key": "k"}),
        ("api-key", {"api-key": "k"}),
        ("none", {}),
    ],
)
def test_signers(signer: str, headers: dict[str, str]) -> None:
    assert SIGNERS[signer]("k") == headers
