"""What callers are told is grammatical, also of one."""

from __future__ import annotations

import pytest

from headworks.domain.limits import Limit, Reason, Unit, exceeded
from headworks.domain.limits.refusal import allowance

from .making import claim, limit
from .rolling import daily


@pytest.mark.parametrize(
    ("of", "told"),
    [
        (limit(Unit.REQUESTS, amount=1, seconds=60.0), "1 request a minute"),
        (limit(Unit.REQUESTS, amount=2, seconds=60.0), "2 requests a minute"),
        (limit(Unit.INPUT_TOKENS, amount=1, seconds=3600.0), "1 input token an hour"),
        (limit(Unit.CONCURRENT, amount=1), "1 request under way at once"),
        (daily(10**9, 2 * 10**8), "1 USD a day, and up to 0.2 USD left over by the one before"),
    ],
)
def test_what_a_limit_allows_is_said_in_words_and_one_is_singular(of: Limit, told: str) -> None:
    assert allowance(of) == told


def test_what_is_left_and_needed_is_singular_where_it_is_one() -> None:
    of = limit(Unit.TOKENS, amount=20, seconds=60.0)
    assert "; 1 token is left, and this request needs 9 tokens. " in str(exceeded(claim(of, 9), Reason.SPENT, 3.0, 1).args)
    assert "; 0 tokens are left, and this request needs 1 token. " in str(exceeded(claim(of, 1), Reason.SPENT, 3.0, 0).args)
