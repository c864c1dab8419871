"""Every recorded answer that genai-prices can price costs with us what it costs there, to the last digit."""

from __future__ import annotations

import pytest

from tests.conftest import Report
from tests.dialects.recordings import Tally, run, shared
from tests.providers.cost_checks import CHECKS, OPS

pytestmark = pytest.mark.skipif(not shared().exists(), reason=f"no recordings at {shared()}")

FEWEST = 1_200
"""Recordings that must have been priced, lest an empty folder pass."""


@pytest.fixture(scope="module")
def tally() -> Tally:
    return run(CHECKS, OPS, {})


def test_recorded_answers_cost_what_genai_prices_says(tally: Tally) -> None:
    assert tally.failures == []
    assert sum(counts["cost"] for counts in tally.passed.values()) >= FEWEST


def test_table(tally: Tally, report: Report) -> None:
    """Passed of total per provider, for whoever reads the test's output."""
    report(tally.lines(["cost"]))

    assert tally.total
