"""A heap from which anything can be taken: it says what a sorted list would, in few steps and little room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headworks.balancing.queue.lazy_heap import LazyHeap
from headworks.testing import seeded

STEPS = st.lists(st.tuples(st.sampled_from(("push", "discard")), st.integers(0, 8), st.integers(0, 5)), max_size=80)


@given(STEPS)
def test_the_first_is_the_smallest_and_of_equals_the_one_pushed_first(steps: list[tuple[str, int, int]]) -> None:
    heap, model = LazyHeap[int](), dict[int, tuple[float, int]]()
    for number, (step, item, key) in enumerate(steps):
        if step == "push":
            heap.push(item, key)
            model[item] = (key, number)
        else:
            heap.discard(item)
            model.pop(item, None)
        assert len(heap) == len(model)
        expected = min(model, key=model.__getitem__) if model else None
        found = heap.first()
        assert (found[1] if found is not None else None) == expected


class Counting(float):
    """A key that counts how often it is compared."""

    compared = 0

    def __lt__(self, other: float) -> bool:
        Counting.compared += 1
        return float(self) < float(other)

    def __eq__(self, other: object) -> bool:
        Counting.compared += 1
        return float(self) == other

    __hash__ = float.__hash__


def comparisons_a_step(items: int) -> float:
    """With so many items that are pushed again and again, taken and discarded."""
    heap, chance = LazyHeap[int](), seeded(3)
    for item in range(items):
        heap.push(item, Counting(chance.random()))
    Counting.compared = 0
    for step in range(2 * items):
        if step % 3:
            heap.push(int(chance.random() * items), Counting(chance.random()))
        else:
            found = heap.first()
            assert found is not None
            heap.discard(found[1])
    return Counting.compared / (2 * items)


def test_a_step_costs_some_comparisons_more_where_there_are_a_hundred_times_as_many() -> None:
    few, many = comparisons_a_step(100), comparisons_a_step(10_000)
    assert many < few * 4  # a hundred times as many: log₂ doubles
