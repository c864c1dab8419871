"""Every recorded exchange in the Responses language, of every provider that speaks it, holds to every check. The table is printed."""

from __future__ import annotations

import pytest

from tests.conftest import Report
from tests.dialects.recordings import Tally, named_exceptions, run, shared
from tests.dialects.responses_checks import CHECKS, EXCEPTIONS, OPS

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

    assert sum(counts["usage"] for counts in tally.total.values()) > FEWEST
