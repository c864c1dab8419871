"""No recording is overlooked: each is judged, or left out for a reason that is told."""

from __future__ import annotations

import pytest

from tests.dialects.recordings import Tally, recordings, shared
from tests.dialects.recordings_report import FAMILIES, PAGE, replayed
from tests.dialects.recordings_tally import ASKED, NOT_REPLAYED, Row, by_provider, page, together

pytestmark = pytest.mark.skipif(not shared().exists(), reason=f"no recordings at {shared()}")

ALL = 3_490
SHARE = 0.1
"""Of the recordings, in the short run."""


def test_every_operation_is_replayed_or_left_out_with_a_reason() -> None:
    replayed_ops = {op for _, _, ops, _ in FAMILIES for op in ops}
    every = recordings()

    assert len(every) == len({recording.file for recording in every}) == ALL
    assert {recording.op for recording in every} == replayed_ops | NOT_REPLAYED.keys()


def test_every_check_answers_one_question() -> None:
    named = [check for checks in ASKED.values() for check in checks]

    assert len(named) == len(set(named))
    assert {check for _, checks, _, _ in FAMILIES for check in checks} == set(named)


def test_each_of_a_share_is_judged_or_left_out() -> None:
    total = _judged(replayed(SHARE), SHARE)

    assert total.total > ALL * SHARE / 2


@pytest.mark.long
def test_each_is_judged_or_left_out_as_the_documentation_tells() -> None:
    tallies = replayed()

    assert _judged(tallies, 1).total == ALL
    assert PAGE.read_text() == page(tallies), "run python -m tests.dialects.recordings_report --write"


def _judged(tallies: list[Tally], share: float) -> Row:
    """The sum, in which nothing failed or is missing."""
    total = together(by_provider(tallies, share).values())
    assert [failure for tally in tallies for failure in tally.failures] == []
    assert total.passed == total.asked
    assert total.judged + total.left_out.total() == total.total
    return total
