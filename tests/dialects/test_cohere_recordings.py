"""Every recording of Cohere's v2 language holds to every check. `python -m tests.dialects.recordings_report` prints the table."""

from __future__ import annotations

import pytest

from tests.dialects.cohere_checks import FAMILIES
from tests.dialects.recordings import run, shared

pytestmark = pytest.mark.skipif(not shared().exists(), reason=f"no recordings at {shared()}")


@pytest.mark.parametrize("family", FAMILIES)
def test_recordings(family: str) -> None:
    ops, checks = FAMILIES[family]

    tally = run(checks, ops, {})

    assert tally.failures == []
    assert all(tally.passed["cohere"][check] > 0 for check in checks)
