"""Every recorded exchange in Anthropic's language, of every provider that speaks it, holds to every check. The table is printed."""

from __future__ import annotations

import pytest

from tests.conftest import Report
from tests.dialects.anthropic_checks import CHECKS, EXCEPTIONS, OPS, byte_by_byte_it_is_the_same, some_byte_by_byte
from tests.dialects.recordings import Tally, named_exceptions, run, shared

pytestmark = pytest.mark.skipif(not shared().exists(), reason=f"no recordings at {shared()}")

FEWEST = 400
"""Recordings that must have been judged, lest an empty folder pass."""


@pytest.fixture(scope="module")
def tally() -> Tally:
    return run(CHECKS, OPS, named_exceptions(EXCEPTIONS))


@pytest.mark.parametrize("check", CHECKS)
def test_recordings(tally: Tally, check: str) -> None:
    assert [failure for failure in tally.failures if failure.startswith(f"{check}:")] == []
    assert sum(tally.passed[provider][check] for provider in tally.passed) > 0


def test_table(tally: Tally, report: Report) -> None:
    """The table, for whoever reads the test's output."""
    report(tally.lines(CHECKS))

    assert sum(counts["request"] for counts in tally.total.values()) > FEWEST


def test_some_streams_byte_by_byte() -> None:
    tally = run({"bytes": some_byte_by_byte}, OPS, named_exceptions(EXCEPTIONS))

    assert tally.failures == []
    assert sum(counts["bytes"] for counts in tally.passed.values()) > 0


@pytest.mark.long
def test_all_streams_byte_by_byte() -> None:
    tally = run({"bytes": byte_by_byte_it_is_the_same}, OPS, named_exceptions(EXCEPTIONS))

    assert tally.failures == []
