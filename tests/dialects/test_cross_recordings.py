"""Every recording crosses to the other language: questions become what that provider describes, answers keep their meaning. The table is printed."""

from __future__ import annotations

import pytest

from tests.conftest import Report
from tests.dialects.cross_checks import EXCEPTIONS, FAMILIES
from tests.dialects.published_spec import SPECS
from tests.dialects.recordings import Tally, named_exceptions, run, shared

pytestmark = pytest.mark.skipif(
    not (shared().exists() and SPECS.exists()), reason=f"no recordings and specs at {shared().parent}"
)

FEWEST = 400
"""Recordings that must have been judged, lest an empty folder pass."""


@pytest.fixture(scope="module", params=FAMILIES)
def crossed(request: pytest.FixtureRequest) -> tuple[str, Tally]:
    ops, checks = FAMILIES[request.param]
    return request.param, run(checks, ops, named_exceptions(EXCEPTIONS))


@pytest.mark.parametrize("check", ["question", "answer"])
def test_recordings_cross(crossed: tuple[str, Tally], check: str) -> None:
    _, tally = crossed
    assert [failure for failure in tally.failures if failure.startswith(f"{check}:")] == []
    assert sum(counts[check] for counts in tally.passed.values()) > FEWEST


def test_table(crossed: tuple[str, Tally], report: Report) -> None:
    """The table, for whoever reads the test's output."""
    title, tally = crossed
    report([title, *tally.lines(["question", "answer"])])

    assert len(tally.total) > 1
