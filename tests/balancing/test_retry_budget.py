"""How many retries a gateway may make in all."""

from __future__ import annotations

import pytest

from headworks.balancing.retry_budget import RetryBucket
from headworks.domain.retry import RetryBudgetSettings
from headworks.testing import FrozenClock


def granted(bucket: RetryBucket, wanted: int = 1_000) -> int:
    return sum(bucket.withdraw() for _ in range(wanted))


def test_the_floor_is_free_and_what_is_unspent_is_kept_for_ten_seconds() -> None:
    clock = FrozenClock()
    bucket = RetryBucket(clock, lambda: RetryBudgetSettings(ratio=0.0, floor=2.0))

    assert granted(bucket) == 20
    clock.advance(3.0)
    assert granted(bucket) == 6
    clock.advance(1_000.0)
    assert granted(bucket) == 20


@pytest.mark.parametrize(("ratio", "expected"), [(0.25, 25), (0.0, 0)])
def test_each_request_pays_for_a_part_of_a_retry(ratio: float, expected: int) -> None:
    bucket = RetryBucket(FrozenClock(), lambda: RetryBudgetSettings(ratio=ratio, floor=0.0))
    retries = 0
    for _ in range(100):
        bucket.deposit()
        retries += bucket.withdraw()

    assert retries == expected


def test_new_settings_count_at_once() -> None:
    settings = RetryBudgetSettings(ratio=0.0, floor=1.0)
    clock = FrozenClock()
    bucket = RetryBucket(clock, lambda: settings)
    assert granted(bucket) == 10

    settings = RetryBudgetSettings(ratio=1.0, floor=5.0)
    bucket.deposit()
    clock.advance(1.0)

    assert granted(bucket) == 6
