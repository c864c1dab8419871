"""Whoever waits for a whole answer waits for its end: targets are compared by that, without a single first token to go by."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.balancing.answering import UNHEARD, Answering, answering_times
from headworks.balancing.gossip import Gossip
from headworks.balancing.load import STALE, LoadBook
from headworks.balancing.prefix import PrefixIndex
from headworks.balancing.seconds import Seconds
from headworks.domain.dispatch import Dispatch
from headworks.domain.envelope import Envelope
from headworks.domain.errors import Fault
from headworks.domain.usage import Usage
from headworks.testing import FixedPulse, FrozenClock, sample_target, seeded

TOKENS = 200
"""Of an answer."""


class Machines:
    """Targets that answer whole, each in so many seconds, given how many it is answering."""

    def __init__(self, **takes: Callable[[int], float]) -> None:
        self.clock = FrozenClock()
        self.book = LoadBook(self.clock, PrefixIndex())
        self.seconds = Seconds(self.book, seeded(7))
        self.targets = [sample_target(f"{name}/m") for name in takes]
        self.takes = {f"{name}/m": take for name, take in takes.items()}

    def serve(self, requests: int, every: float, usage: Usage | None = None, blocks: tuple[int, ...] = ()) -> Counter[str]:
        """How many of them went to each: one every so many seconds."""
        counts: Counter[str] = Counter()
        ends: list[tuple[float, int, Callable[[], None]]] = []
        busy: Counter[str] = Counter()
        for number in range(requests):
            self._end_until(self.clock.now() + every, ends)
            choice = self.seconds.choose(Envelope(prompt_tokens=1_000, blocks=blocks), self.targets, FixedPulse())
            name, dispatch = choice.target.name, choice.dispatch
            assert dispatch is not None
            counts[name] += 1
            busy[name] += 1
            dispatch.sent()

            def end(name: str = name, dispatch: Dispatch = dispatch) -> None:
                busy[name] -= 1
                dispatch.ended(None, usage or Usage(input=1_000, output=TOKENS))

            heapq.heappush(ends, (self.clock.now() + self.takes[name](busy[name]), number, end))
        self._end_until(float("inf"), ends)
        return counts

    def _end_until(self, until: float, ends: list[tuple[float, int, Callable[[], None]]]) -> None:
        while ends and ends[0][0] <= until:
            at, _, end = heapq.heappop(ends)
            self.clock.advance(at - self.clock.now())
            end()
        if until < float("inf"):
            self.clock.advance(until - self.clock.now())


def test_a_target_that_takes_a_minute_gets_next_to_nothing() -> None:
    machines = Machines(quick=lambda _: 2.0, fair=lambda _: 2.5, slow=lambda _: 60.0)
    machines.serve(200, 0.2)

    counts = machines.serve(1_000, 0.2)

    assert counts["slow/m"] <= 30
    assert min(counts["quick/m"], counts["fair/m"]) > 300


def test_embeddings_too_go_where_they_are_read_sooner() -> None:
    machines = Machines(quick=lambda _: 0.05, slow=lambda _: 0.6)
    machines.serve(100, 0.1, Usage(input=1_000))

    assert machines.serve(500, 0.1, Usage(input=1_000))["slow/m"] <= 25


def test_machines_that_answer_one_after_the_other_get_what_they_can_do() -> None:
    machines = Machines(strong=lambda busy: 1.0 * busy, weak=lambda busy: 4.0 * busy)
    machines.serve(200, 0.9)

    counts = machines.serve(800, 0.9)

    assert 0.05 < counts["weak/m"] / 800 < 0.4


def test_a_target_that_stopped_answering_is_not_given_more_and_more() -> None:
    machines = Machines(stuck=lambda _: 1e6, well=lambda _: 2.0)

    assert machines.serve(500, 0.2)["stuck/m"] < 50


def test_a_slow_target_is_left_although_it_remembers_the_prompt() -> None:
    blocks = tuple(range(8))
    machines = Machines(remembers=lambda _: 30.0, other=lambda _: 1.0)
    machines.serve(100, 0.5)
    machines.book.index.record("remembers/m", blocks)

    choice = machines.seconds.choose(Envelope(prompt_tokens=2_000, blocks=blocks), machines.targets, FixedPulse())

    assert choice.target.name == "other/m"
    assert "answers in 0." in choice.why


def test_streams_are_not_judged_by_how_long_their_answers_are() -> None:
    machines = Machines(brief=lambda _: 1.0, long=lambda _: 9.0)
    machines.serve(100, 0.5)
    chosen = Counter(
        machines.seconds.choose(
            Envelope(prompt_tokens=10, streamed=True, blocks=()), machines.targets, FixedPulse()
        ).target.name
        for _ in range(200)
    )

    assert min(chosen["brief/m"], chosen["long/m"]) > 50


def test_requests_that_other_gateways_have_under_way_count_until_they_say_no_more() -> None:
    here, there = LoadBook(FrozenClock(), PrefixIndex()), LoadBook(FrozenClock(), PrefixIndex())
    spoken, heard = Gossip("there", there), Gossip("here", here)
    spoken.word()  # somebody asks what was given
    here.of("t/m")
    dispatch = there.follow("t/m", Envelope(prompt_tokens=100, blocks=()), 0.0, 0.0)
    dispatch.sent()
    clock = FrozenClock()

    word = spoken.word()
    assert word is not None
    heard.hear(word)
    assert here.of("t/m").under_way(clock.now()) == 1
    assert here.of("t/m").under_way(clock.now() + STALE + 1.0) == 0

    dispatch.ended(None, Usage(output=5))
    word = spoken.word()
    assert word is not None
    heard.hear(word)
    assert here.of("t/m").under_way(clock.now()) == 0


def test_attempts_of_long_ago_are_not_told_to_gateways_that_come_back() -> None:
    clock = FrozenClock()
    book = LoadBook(clock, PrefixIndex())
    book.given()
    for _ in range(3):
        book.follow("t/m", Envelope(prompt_tokens=100, blocks=()), 0.0, 0.0).sent()
    clock.advance(STALE + 1.0)
    book.follow("t/m", Envelope(prompt_tokens=70, blocks=()), 0.0, 0.0).sent()

    assert [tokens for _, tokens in book.given()["t/m"].lately] == [70.0]


def test_a_target_that_fails_often_is_not_kept_to_for_what_it_remembers() -> None:
    machines = Machines(failing=lambda _: 1.0, well=lambda _: 1.0)
    blocks = tuple(range(8))
    asked = Envelope(prompt_tokens=2_000, streamed=True, blocks=blocks)
    machines.book.index.record("failing/m", blocks)

    def attempt(*, fails: bool) -> str:
        choice = machines.seconds.choose(asked, machines.targets, FixedPulse())
        dispatch = machines.book.follow("failing/m", asked, 0.0, 0.0)
        dispatch.sent()
        dispatch.ended(Fault("upstream_error", "lost") if fails else None, None)
        return choice.target.name

    assert [attempt(fails=False) for _ in range(5)] == ["failing/m"] * 5
    assert attempt(fails=True) == "failing/m"
    assert attempt(fails=True) == "failing/m"  # one failure says little
    for _ in range(3):
        attempt(fails=True)
    assert attempt(fails=False) == "well/m"


@given(
    st.lists(
        st.lists(st.tuples(st.floats(0.0, 100.0), st.integers(0, 5_000), st.integers(0, 50)), max_size=5),
        min_size=1,
        max_size=6,
    ),
    st.data(),
)
def test_more_at_work_never_makes_a_target_cheaper(heard: list[list[tuple[float, int, int]]], data: st.DataObject) -> None:
    answerings = [Answering() for _ in heard]
    for answering, answers in zip(answerings, heard, strict=True):
        for at, (seconds, tokens, beside) in enumerate(answers):
            answering.hear(seconds, tokens, beside, float(at))
    counts = [data.draw(st.integers(0, 40)) for _ in heard]
    place = data.draw(st.integers(0, len(heard) - 1))
    more = [count + (each == place) for each, count in enumerate(counts)]

    before, after = answering_times(answerings, counts), answering_times(answerings, more)

    assert all(time >= 0.0 for time in before)
    assert after[place] >= before[place]
    assert [time for each, time in enumerate(after) if each != place] == [
        time for each, time in enumerate(before) if each != place
    ]


def test_where_nothing_was_heard_those_at_work_come_last() -> None:
    assert answering_times([Answering(), Answering()], [3, 0]) == [4 * UNHEARD, UNHEARD]


def test_one_of_whom_nothing_is_known_is_thought_to_be_as_the_others() -> None:
    known = Answering()
    known.hear(8.0, 100, 0, 1.0)

    assert answering_times([known, Answering()], [0, 0]) == pytest.approx([8.0, 8.0])
