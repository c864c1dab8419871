"""What is learnt of targets: how fast they are, and what they have to do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.balancing.blocks import BYTES, MOST
from headworks.balancing.latency import PRIOR_BASE, PRIOR_PER_TOKEN, Latency
from headworks.balancing.load import KNOWN, STALE, LoadBook
from headworks.balancing.prefix import PrefixIndex
from headworks.balancing.seconds import Seconds
from headworks.domain.engine_load import EngineLoad
from headworks.domain.envelope import Envelope
from headworks.domain.errors import Fault
from headworks.domain.usage import Usage
from headworks.testing import FixedPulse, FrozenClock, sample_target, seeded


@given(st.integers(), st.sampled_from((0.25, 1.0, 4.0)), st.sampled_from((0.2, 1.0, 5.0)))
def test_a_speed_is_found_whatever_was_thought_before(seed: int, prior: float, slower: float) -> None:
    chance, latency = seeded(seed), Latency(PRIOR_BASE * prior, PRIOR_PER_TOKEN * prior)
    for _ in range(200):
        tokens = 200.0 + chance.random() * 20_000.0
        latency.learn(tokens, (0.1 + tokens * PRIOR_PER_TOKEN * slower) * (0.8 + 0.4 * chance.random()))

    for tokens in (2_000.0, 20_000.0):
        assert latency.predict(tokens) == pytest.approx(0.1 + tokens * PRIOR_PER_TOKEN * slower, rel=0.25)


class Desk:
    """One gateway's book of loads."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.book = LoadBook(self.clock, PrefixIndex())
        self.load = self.book.of("t/m")

    def send(self, tokens: int, *, streamed: bool = True):  # noqa: ANN201 - a dispatch of its own kind
        ahead = self.load.queue(self.clock.now())
        dispatch = self.book.follow("t/m", Envelope(prompt_tokens=tokens, streamed=streamed, blocks=()), 0.0, ahead)
        dispatch.sent()
        return dispatch

    @property
    def queue(self) -> float:
        return self.load.queue(self.clock.now())


def test_what_was_sent_waits_until_its_first_token() -> None:
    desk = Desk()
    first, second = desk.send(9_000), desk.send(1_000)
    assert desk.queue == 10_000.0
    first.began()
    assert desk.queue == 1_000.0
    second.ended(Fault("upstream_error", "lost"), None)
    first.ended(None, Usage())
    assert desk.queue == 0.0
    assert not desk.load.sent


def test_a_prompt_that_is_being_read_counts_for_what_is_left_of_it() -> None:
    desk = Desk()
    desk.send(15_000)
    desk.clock.advance(0.4)

    assert desk.queue == pytest.approx(15_000 - 0.4 / PRIOR_PER_TOKEN)


def test_of_a_whole_answer_the_prompt_counts_no_longer_than_it_takes_to_be_read() -> None:
    desk = Desk()
    desk.send(15_000, streamed=False)
    desk.clock.advance(5.0)
    assert desk.queue == 0.0


def test_an_engines_word_adds_what_no_gateway_has_sent_it() -> None:
    desk = Desk()
    desk.send(2_000)
    desk.book.report("t/m", EngineLoad(at=desk.clock.now(), queued_tokens=7_000))
    assert desk.queue == 7_000.0
    desk.clock.advance(STALE + 1.0)
    assert desk.queue < 2_000.0  # the word is too old, and some of our own has been read


def test_other_gateways_count() -> None:
    here, there = Desk(), Desk()
    there.send(3_000)
    here.book.hear("there", there.book.given())
    assert here.queue == 3_000.0
    here.clock.advance(STALE + 1.0)
    assert here.queue == 0.0


def test_a_target_that_remembers_the_prompt_is_kept_to_until_its_queue_is_too_long() -> None:
    desk = Desk()
    targets = [sample_target("warm/m"), sample_target("cold/m")]
    blocks = tuple(range(64))
    desk.book.index.record("warm/m", blocks)
    seconds = Seconds(desk.book, seeded(1))

    def chosen() -> str:
        asked = Envelope(prompt_tokens=8_000, streamed=True, blocks=blocks)
        return seconds.choose(asked, targets, FixedPulse()).target.name

    assert {chosen() for _ in range(20)} == {"warm/m"}
    desk.book.report("warm/m", EngineLoad(at=desk.clock.now(), queued_tokens=60_000))
    assert {chosen() for _ in range(20)} == {"warm/m"}
    desk.book.report("warm/m", EngineLoad(at=desk.clock.now(), queued_tokens=150_000))
    assert {chosen() for _ in range(20)} == {"cold/m"}


def test_a_target_that_fails_and_one_whose_memory_is_full_are_dearer_and_silence_is_not_idleness() -> None:
    desk = Desk()
    targets = [sample_target(f"{name}/m") for name in ("failing", "full", "silent")]
    for _ in range(10):
        dispatch = desk.book.follow("failing/m", Envelope(prompt_tokens=10, streamed=True, blocks=()), 0.0, 0.0)
        dispatch.sent()
        dispatch.ended(Fault("upstream_error", "lost"), None)
    now = desk.clock.now()
    desk.book.report("full/m", EngineLoad(at=now, memory=0.94, waiting=0))
    desk.book.report("failing/m", EngineLoad(at=now, memory=0.94, waiting=0))
    choice = Seconds(desk.book, seeded(1)).choose(Envelope(prompt_tokens=10, blocks=()), targets, FixedPulse())

    assert choice.target.name != "failing/m"
    assert "besides 2.35" in choice.why  # of the silent one it is thought what its peers say


def test_a_target_that_comes_back_begins_with_little() -> None:
    desk = Desk()
    targets = [sample_target("back/m"), sample_target("here/m")]
    desk.book.report("here/m", EngineLoad(at=desk.clock.now(), queued_tokens=4_000))
    choose = Seconds(desk.book, seeded(1)).choose
    asked = Envelope(prompt_tokens=2_000, blocks=())

    assert choose(asked, targets, FixedPulse()).target.name == "back/m"
    assert choose(asked, targets, FixedPulse(shares={"back/m": 0.1})).target.name == "here/m"


def test_no_order_is_left_while_one_of_its_targets_is_available() -> None:
    desk = Desk()
    targets = [sample_target("first/m", order=0), sample_target("second/m", order=1)]
    desk.book.report("first/m", EngineLoad(at=desk.clock.now(), queued_tokens=10_000_000))
    choose = Seconds(desk.book, seeded(1)).choose
    asked = Envelope(prompt_tokens=10, blocks=())

    assert choose(asked, targets, FixedPulse()).target.name == "first/m"
    assert choose(asked, targets, FixedPulse(down=frozenset({"first/m"}))).target.name == "second/m"


def test_a_target_that_failed_is_forgiven_in_time_although_nobody_asks_it() -> None:
    desk = Desk()
    for _ in range(20):
        desk.send(10).ended(Fault("upstream_error", "lost"), None)
    failing = desk.load.failing(desk.clock.now())
    desk.clock.advance(120.0)

    assert failing > 0.8
    assert desk.load.failing(desk.clock.now()) < 0.02


def test_a_target_that_has_to_load_an_adapter_is_dearer_than_one_that_has_it() -> None:
    desk = Desk()
    targets = [sample_target(f"{name}/sql") for name in ("has", "lacks")]
    choose = Seconds(desk.book, seeded(1)).choose

    def tell(has: frozenset[str] | None, lacks: frozenset[str] | None) -> set[str]:
        for name, adapters in (("has/sql", has), ("lacks/sql", lacks)):
            desk.book.report(name, EngineLoad(at=desk.clock.now(), waiting=0, adapters=adapters))
        return {choose(Envelope(prompt_tokens=10, blocks=()), targets, FixedPulse()).target.name for _ in range(20)}

    both = {"has/sql", "lacks/sql"}
    assert tell(frozenset({"sql", "legal"}), frozenset({"legal"})) == {"has/sql"}
    assert tell(frozenset({"sql"}), frozenset()) == {"has/sql"}
    assert tell(frozenset({"sql"}), None) == both  # who tells of none may have it
    assert tell(frozenset({"legal"}), frozenset()) == both  # nobody has it: it may be no adapter at all
    assert tell(None, None) == both


def read_of(desk: Desk, tokens: int, prompt: bytes) -> str:
    """How much of it one of two targets has to read, in words; it is read then."""
    targets = [sample_target("a/m"), sample_target("b/m")]
    asked = Envelope(prompt_tokens=tokens, streamed=True, leads=(prompt,))
    choice = Seconds(desk.book, seeded(1)).choose(asked, targets, FixedPulse())
    assert choice.dispatch is not None
    choice.dispatch.sent()
    choice.dispatch.began()
    return choice.why.partition("reads ")[2].partition(" in ")[0]


def test_of_a_prompt_longer_than_is_looked_at_no_more_than_that_is_taken_to_be_remembered() -> None:
    desk, seen = Desk(), b"a" * (BYTES * MOST)
    assert read_of(desk, 4_000, seen + b"b" * 3 * len(seen)) == "4000 of 4000 tokens"
    assert read_of(desk, 4_000, seen + b"c" * 3 * len(seen)) == "3000 of 4000 tokens"
    assert read_of(desk, 1_000, seen) == "1 of 1000 tokens"


def test_what_an_engine_said_of_its_adapters_is_forgotten_in_time() -> None:
    desk = Desk()
    targets = [sample_target(f"{name}/sql") for name in ("has", "lacks")]
    desk.book.report("has/sql", EngineLoad(at=desk.clock.now(), waiting=0, adapters=frozenset({"sql"})))
    desk.clock.advance(STALE + 1.0)
    desk.book.report("lacks/sql", EngineLoad(at=desk.clock.now(), waiting=0, adapters=frozenset()))
    choose = Seconds(desk.book, seeded(1)).choose

    chosen = {choose(Envelope(prompt_tokens=10, blocks=()), targets, FixedPulse()).target.name for _ in range(20)}
    assert chosen == {"has/sql", "lacks/sql"}


def test_names_that_callers_make_up_fill_no_memory() -> None:
    desk = Desk()
    for number in range(KNOWN + 10):
        dispatch = desk.book.follow(f"t/{number}", Envelope(prompt_tokens=10, streamed=True, blocks=(number,)), 0.0, 0.0)
        dispatch.sent()
        dispatch.ended(None, Usage())

    assert desk.book.index.matches((5,), ["t/5"]) == [0]
    assert desk.book.index.matches((KNOWN + 9,), [f"t/{KNOWN + 9}"]) == [1]
