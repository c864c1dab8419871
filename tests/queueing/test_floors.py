"""Classes come in strict order, but each that waits gets its floor."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.balancing.queue.floors import FLOOR, Floors

CLASSES = 5
SOMEBODY = st.lists(st.booleans(), min_size=CLASSES, max_size=CLASSES).filter(any)


@given(st.lists(SOMEBODY, min_size=1, max_size=300), st.integers(0, CLASSES - 1))
def test_a_class_that_waits_gets_its_floor_whatever_the_others_do(turns: list[list[bool]], watched: int) -> None:
    floors, waited, got = Floors(CLASSES), 0, 0
    for waiting in turns:
        chosen = floors.next(waiting)
        assert waiting[chosen]
        waited += waiting[watched]
        got += chosen == watched
    assert got >= int(waited * FLOOR) - (CLASSES - 1)


def test_the_highest_gets_all_that_the_floors_leave() -> None:
    floors = Floors(CLASSES)
    got = Counter(floors.next([False, True, True, False, True]) for _ in range(1_000))
    assert got == pytest.approx({1: 900, 2: 50, 4: 50}, abs=1)


def test_nobody_is_passed_over_where_one_class_waits() -> None:
    floors = Floors(CLASSES)
    assert {floors.next([False, False, False, True, False]) for _ in range(100)} == {3}
