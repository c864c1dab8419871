"""Every recording of OpenAI's chat language, completions and embeddings, of every provider, holds to every check.

The table of what passed is printed; `python -m tests.dialects.recordings_report` prints it alone.
"""

from __future__ import annotations

import pytest

from tests.conftest import Report
from tests.dialects.openai_checks import (
    CARRIED_CHECKS,
    CHAT_CHECKS,
    EXCEPTIONS,
    bytes_do_not_matter,
    some_bytes_do_not_matter,
)
from tests.dialects.recordings import Tally, named_exceptions, run, shared

pytestmark = pytest.mark.skipif(not shared().exists(), reason=f"no recordings at {shared()}")

SMALLEST_SHARE = 1000
"""Recordings that must have been judged, lest an empty folder pass."""


@pytest.fixture(scope="module")
def chat() -> Tally:
    return run(CHAT_CHECKS, ("chat.completions",), named_exceptions(EXCEPTIONS))


@pytest.fixture(scope="module")
def carried() -> Tally:
    return run(CARRIED_CHECKS, ("completions", "embeddings"), named_exceptions(EXCEPTIONS))


@pytest.mark.parametrize("check", CHAT_CHECKS)
def test_chat_recordings(chat: Tally, check: str) -> None:
    assert [failure for failure in chat.failures if failure.startswith(f"{check}:")] == []
    assert sum(chat.passed[provider][check] for provider in chat.passed) > 0


@pytest.mark.parametrize("check", CARRIED_CHECKS)
def test_completions_and_embeddings_recordings(carried: Tally, check: str) -> None:
    assert [failure for failure in carried.failures if failure.startswith(f"{check}:")] == []
    assert sum(carried.passed[provider][check] for provider in carried.passed) > 0


def test_table(chat: Tally, carried: Tally, report: Report) -> None:
    """The table, for whoever reads the test's output."""
    report([*chat.lines(CHAT_CHECKS), "", *carried.lines(CARRIED_CHECKS)])

    assert sum(counts["cuts"] for counts in chat.total.values()) > SMALLEST_SHARE


def test_some_streams_byte_by_byte() -> None:
    tally = run({"bytes": some_bytes_do_not_matter}, ("chat.completions",), named_exceptions(EXCEPTIONS))

    assert tally.failures == []
    assert sum(counts["bytes"] for counts in tally.passed.values()) > 0


@pytest.mark.long
def test_all_streams_byte_by_byte() -> None:
    tally = run({"bytes": bytes_do_not_matter}, ("chat.completions",), named_exceptions(EXCEPTIONS))

    assert tally.failures == []
