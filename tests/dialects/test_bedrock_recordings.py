"""Every recording of Bedrock: Converse read and written, and Anthropic's language carried there and back. The table is printed."""

from __future__ import annotations

import pytest

from tests.conftest import Report
from tests.dialects import bedrock_checks, bedrock_invoke_checks
from tests.dialects.recordings import Check, Tally, named_exceptions, run, shared

pytestmark = pytest.mark.skipif(not shared().exists(), reason=f"no recordings at {shared()}")

FAMILIES: dict[str, tuple[dict[str, Check], tuple[str, ...], int]] = {
    "Bedrock Converse": (bedrock_checks.CHECKS, bedrock_checks.OPS, 40),
    "Anthropic on Bedrock": (bedrock_invoke_checks.CHECKS, bedrock_invoke_checks.OPS, 20),
}
"""Title → checks, operations, and how many must have been judged by each check, lest an empty folder pass."""


@pytest.fixture(scope="module", params=FAMILIES)
def tally(request: pytest.FixtureRequest) -> tuple[str, Tally]:
    checks, ops, _ = FAMILIES[request.param]
    return request.param, run(checks, ops, named_exceptions(bedrock_checks.EXCEPTIONS))


def test_recordings_hold(tally: tuple[str, Tally], report: Report) -> None:
    title, found = tally
    checks, _, fewest = FAMILIES[title]
    report([title, *found.lines(checks)])

    assert found.failures == []
    assert all(sum(counts[check] for counts in found.passed.values()) >= fewest for check in checks)
