"""What is known of who has read which beginnings."""

from __future__ import annotations

from itertools import takewhile

from hypothesis import given
from hypothesis import strategies as st

from headworks.balancing.blocks import BYTES, MOST, chained
from headworks.balancing.prefix import FEWEST, MOST_BLOCKS, PrefixIndex

NAMES = ("a", "b", "c")
Prompts = st.lists(st.tuples(st.sampled_from(NAMES), st.lists(st.integers(0, 8), max_size=6)), max_size=30)


def prompt(numbers: list[int]) -> tuple[int, ...]:
    """Blocks of which each says all that stood before it."""
    return tuple(hash(tuple(numbers[: end + 1])) for end in range(len(numbers)))


@given(Prompts, st.lists(st.integers(0, 8), max_size=6))
def test_a_target_holds_what_it_was_given_up_to_where_prompts_part(
    given_: list[tuple[str, list[int]]], asked: list[int]
) -> None:
    index = PrefixIndex()
    for name, numbers in given_:
        index.record(name, prompt(numbers))

    expected = [
        max(
            (
                len(list(takewhile(lambda pair: pair[0] == pair[1], zip(mine, asked, strict=False))))
                for who, mine in given_
                if who == name
            ),
            default=0,
        )
        for name in NAMES
    ]
    assert index.matches(prompt(asked), NAMES) == expected


@given(Prompts)
def test_what_is_forgotten_leaves_nothing_behind(given_: list[tuple[str, list[int]]]) -> None:
    index = PrefixIndex()
    for name, numbers in given_:
        index.record(name, prompt(numbers))
    for name in NAMES:
        index.forget(name)

    assert all(index.matches(prompt(numbers), NAMES) == [0, 0, 0] for _, numbers in given_)
    index.record("d", (1,))
    assert index.matches((1,), ("a", "d")) == [0, 1]


def test_of_too_many_blocks_the_oldest_go_and_ends_before_beginnings() -> None:
    index = PrefixIndex()
    index.resize("a", FEWEST)
    index.record("a", tuple(range(FEWEST)))
    index.record("a", (1_000, 1_001))

    assert index.matches((1_000, 1_001), ("a",)) == [2]
    assert index.matches(tuple(range(FEWEST)), ("a",)) == [FEWEST - 2]


def test_who_forgets_more_than_was_thought_is_taken_to_remember_less() -> None:
    index = PrefixIndex()
    index.resize("a", 4 * FEWEST)
    index.record("a", tuple(range(4 * FEWEST)))
    index.told("a", guessed=1_000_000.0, told=100_000.0)

    assert index.matches(tuple(range(4 * FEWEST)), ("a",)) == [2 * FEWEST]


def test_who_never_says_what_it_remembers_is_not_taken_to_remember_nothing() -> None:
    index = PrefixIndex()
    index.resize("a", 4 * FEWEST)
    index.record("a", tuple(range(4 * FEWEST)))
    for _ in range(10):
        index.told("a", guessed=1_000_000.0, told=0.0)

    assert index.matches(tuple(range(4 * FEWEST)), ("a",)) == [4 * FEWEST]


def test_what_one_gateway_adds_another_learns() -> None:
    here, there = PrefixIndex(), PrefixIndex()
    assert here.additions() == {}  # from here on it is asked
    here.record("a", (1, 2, 3))
    there.learn(here.additions())

    assert there.matches((1, 2, 4), ("a", "b")) == [2, 0]
    assert (here.additions(), there.additions()) == ({}, {})


@given(st.binary(max_size=4 * BYTES), st.integers(0, 4 * BYTES), st.binary(max_size=BYTES))
def test_prompts_have_the_blocks_in_common_that_they_begin_with(data: bytes, cut: int, rest: bytes) -> None:
    one, other = data, data[:cut] + rest
    shared = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))))
    blocks = chained([one], b"t"), chained([other], b"t")
    common = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(*blocks, strict=False))))

    assert common == len(blocks[0]) if one == other else common == shared // BYTES


def test_tenants_have_no_block_in_common_and_long_prompts_are_looked_at_only_so_far() -> None:
    data = bytes(BYTES * (MOST + 5))

    assert set(chained([data], b"a")).isdisjoint(chained([data], b"b"))
    assert len(chained([data], b"a")) == MOST
    assert chained([data[:700], data[700:]], b"a") == chained([data], b"a")


def test_however_many_targets_there_are_no_more_is_remembered_of_all_together() -> None:
    index, blocks = PrefixIndex(), tuple(range(10_000))
    for number in range(400):
        index.record(f"t{number}", tuple(number * 10_000 + block for block in blocks))

    held = sum(index.matches([number * 10_000 + block for block in blocks], [f"t{number}"])[0] for number in range(400))
    assert 0 < held <= 2 * MOST_BLOCKS
