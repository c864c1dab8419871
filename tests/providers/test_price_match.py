"""Finding a model's entry: the index gives what trying one entry after the other would."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.providers.price_match import Alternatives, Index, dashed_date, holds

texts = st.text("ab-", max_size=3)
tests = st.builds("{}{}".format, st.sampled_from("=^$*~"), texts)
entries = st.lists(st.lists(st.lists(tests, min_size=1, max_size=2), min_size=1, max_size=3), max_size=6)


def one_after_the_other(listed: Sequence[Alternatives], name: str) -> int | None:
    """What the index must agree with."""
    for number, alternatives in enumerate(listed):
        if any(all(holds(test, name) for test in together) for together in alternatives):
            return number
    return None


@given(listed=entries, name=texts)
def test_the_first_entry_that_fits_is_found(listed: list[list[list[str]]], name: str) -> None:
    assert Index(listed).find(name) == one_after_the_other(listed, name)


def test_an_earlier_pattern_goes_before_a_later_name() -> None:
    index = Index([[["^gpt"]], [["=gpt-4"]], [["=o1"]]])

    assert [index.find(name) for name in ("gpt-4", "o1", "o2")] == [0, 2, None]


@pytest.mark.parametrize(
    ("test", "name", "expected"),
    [
        ("=a", "a", True),
        ("=a", "ab", False),
        ("^a", "ab", True),
        ("^b", "ab", False),
        ("$b", "ab", True),
        ("$a", "ab", False),
        ("*b", "abc", True),
        ("*d", "abc", False),
        ("~^a.c$", "abc", True),
        ("~^b", "abc", False),
    ],
)
def test_tests(test: str, name: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert holds(test, name) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gpt-5.2-20251211", "gpt-5.2-2025-12-11"),
        ("gpt-5.2-20251211:free", "gpt-5.2-2025-12-11:free"),
        ("gpt-5.2-20250231", "gpt-5.2-20250231"),
        ("gpt-5.2-2025121", "gpt-5.2-2025121"),
        ("llama-70b", "llama-70b"),
    ],
)
def test_compact_dates_get_their_dashes(name: str, expected: str) -> None:
    assert dashed_date(name) == expected
