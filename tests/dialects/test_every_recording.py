"""No recording is overlooked: each is of an operation that is replayed, or of one of which it is said why not."""

from __future__ import annotations

import pytest

from tests.dialects.recordings import recordings, shared
from tests.dialects.recordings_report import FAMILIES, NOT_REPLAYED

pytestmark = pytest.mark.skipif(not shared().exists(), reason=f"no recordings at {shared()}")

ALL = 3_490


def test_every_operation_is_replayed_or_left_out_with_a_reason() -> None:
    replayed = {op for _, _, ops, _ in FAMILIES for op in ops}
    every = recordings()

    assert len(every) == len({recording.file for recording in every}) == ALL
    assert {recording.op for recording in every} == replayed | NOT_REPLAYED.keys()
