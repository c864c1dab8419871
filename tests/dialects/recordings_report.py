"""The table of recordings that replay: `python -m tests.dialects.recordings_report`."""

from __future__ import annotations

import sys

from tests.dialects import (
    anthropic_checks,
    bedrock_checks,
    bedrock_invoke_checks,
    cohere_checks,
    cross_checks,
    openai_checks,
    responses_checks,
)
from tests.dialects.recordings import Check, named_exceptions, run

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
    ("Anthropic messages", anthropic_checks.CHECKS, anthropic_checks.OPS, anthropic_checks.EXCEPTIONS),
    *((title, checks, ops, "") for title, (ops, checks) in cohere_checks.FAMILIES.items()),
    *((title, checks, ops, cross_checks.EXCEPTIONS) for title, (ops, checks) in cross_checks.FAMILIES.items()),
)


def main() -> int:
    """Print every family's table; 1 if anything failed."""
    failed = 0
    for title, checks, ops, exceptions in FAMILIES:
        tally = run(checks, ops, named_exceptions(exceptions) if exceptions else {})
        sys.stdout.write("\n".join([f"\n{title}: passed / total", *tally.lines(checks), *tally.failures, ""]))
        failed += len(tally.failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
