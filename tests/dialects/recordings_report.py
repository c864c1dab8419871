"""The table of recordings that replay: `python -m tests.dialects.recordings_report`; with `--write`, the page of the documentation too."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.dialects import (
    anthropic_checks,
    bedrock_checks,
    bedrock_invoke_checks,
    bedrock_small_checks,
    cohere_checks,
    cross_checks,
    gemini_checks,
    ollama_checks,
    openai_checks,
    responses_checks,
    vertex_embedding_checks,
)
from tests.dialects.recordings import Check, Tally, named_exceptions, run
from tests.dialects.recordings_tally import lines, page
from tests.providers import cost_checks

PAGE = Path(__file__).parents[2] / "docs/recordings.md"
Family = tuple[str, dict[str, Check], tuple[str, ...], str]
"""Title, checks, operations of the recordings, file of the named exceptions, where there are any."""

FAMILIES: tuple[Family, ...] = (
    ("OpenAI chat", openai_checks.CHAT_CHECKS, ("chat.completions",), openai_checks.EXCEPTIONS),
    (
        "OpenAI completions and embeddings",
        openai_checks.CARRIED_CHECKS,
        ("completions", "embeddings"),
        openai_checks.EXCEPTIONS,
    ),
    ("OpenAI Responses", responses_checks.CHECKS, responses_checks.OPS, responses_checks.EXCEPTIONS),
    ("Bedrock Converse", bedrock_checks.CHECKS, bedrock_checks.OPS, bedrock_checks.EXCEPTIONS),
    ("Anthropic on Bedrock", bedrock_invoke_checks.CHECKS, bedrock_invoke_checks.OPS, bedrock_checks.EXCEPTIONS),
    ("Bedrock's counts", bedrock_small_checks.COUNT_CHECKS, bedrock_small_checks.COUNTS, ""),
    ("Bedrock's vectors", bedrock_small_checks.VECTOR_CHECKS, bedrock_small_checks.VECTORS, ""),
    ("Gemini", gemini_checks.CHECKS, gemini_checks.OPS, gemini_checks.EXCEPTIONS),
    ("Vertex AI's vectors", vertex_embedding_checks.CHECKS, vertex_embedding_checks.OPS, ""),
    ("Anthropic messages", anthropic_checks.CHECKS, anthropic_checks.OPS, anthropic_checks.EXCEPTIONS),
    ("Ollama", ollama_checks.CHECKS, ollama_checks.OPS, ollama_checks.EXCEPTIONS),
    *((title, checks, ops, "") for title, (ops, checks) in cohere_checks.FAMILIES.items()),
    ("Prices", cost_checks.CHECKS, cost_checks.OPS, ""),
    *((title, checks, ops, cross_checks.EXCEPTIONS) for title, (ops, checks) in cross_checks.FAMILIES.items()),
)


def replayed(share: float = 1) -> list[Tally]:
    """What every family makes of its recordings, or of a share of them."""
    return [
        run(checks, ops, named_exceptions(exceptions) if exceptions else {}, share) for _, checks, ops, exceptions in FAMILIES
    ]


def main() -> int:
    """Print every family's table, and one of all recordings; 1 if anything failed."""
    tallies = replayed()
    for (title, checks, _, _), tally in zip(FAMILIES, tallies, strict=True):
        sys.stdout.write("\n".join([f"\n{title}: passed / total", *tally.lines(checks), *tally.failures, ""]))
    sys.stdout.write("\n".join(["\nEvery recording: passed / total", *lines(tallies), ""]))
    if "--write" in sys.argv[1:]:
        PAGE.write_text(page(tallies))
    return 1 if any(tally.failures for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main())
