"""What gateways tell each other of what they have sent where."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from headworks.balancing.gossip import LARGEST, MOST_BLOCKS, Gossip
from headworks.balancing.load import STALE, LoadBook
from headworks.balancing.prefix import PrefixIndex
from headworks.domain.engine_load import EngineLoad
from headworks.domain.envelope import Envelope
from headworks.domain.usage import Usage
from headworks.testing import FrozenClock

TARGET = "replica/m"


class Gateway:
    """One of several, with a clock that all share."""

    def __init__(self, name: str, clock: FrozenClock) -> None:
        self.clock = clock
        self.book = LoadBook(clock, PrefixIndex())
        self.book.of(TARGET)  # it chooses among such
        self.gossip = Gossip(name, self.book)
        assert self.gossip.word() is None  # from here on it is asked

    def send(self, tokens: int, blocks: tuple[int, ...] = ()):  # noqa: ANN201 - a dispatch of its own kind
        envelope = Envelope(prompt_tokens=tokens, streamed=True, blocks=blocks)
        dispatch = self.book.follow(TARGET, envelope, 0.0, self.queue)
        dispatch.sent()
        return dispatch

    @property
    def queue(self) -> float:
        return self.book.of(TARGET).queue(self.clock.now())

    def tell(self, other: Gateway) -> None:
        word = self.gossip.word()
        assert word is not None
        assert other.gossip.hear(word)


@pytest.fixture
def pair() -> tuple[Gateway, Gateway]:
    clock = FrozenClock()
    return Gateway("one", clock), Gateway("two", clock)


def test_another_gateway_counts_what_was_sent_and_knows_what_was_read(pair: tuple[Gateway, Gateway]) -> None:
    one, two = pair
    one.send(9_000, blocks=(1, 2, 3))
    one.tell(two)

    assert two.queue == 9_000.0
    assert two.book.index.matches((1, 2, 9), [TARGET]) == [2]


def test_what_has_ended_is_told_once_more_and_then_nothing_is_said(pair: tuple[Gateway, Gateway]) -> None:
    one, two = pair
    dispatch = one.send(9_000)
    one.tell(two)
    dispatch.began()
    one.tell(two)
    assert two.queue == 0.0

    dispatch.ended(None, None)
    one.tell(two)
    assert one.gossip.word() is None


def test_a_gateway_that_falls_silent_counts_no_longer(pair: tuple[Gateway, Gateway]) -> None:
    one, two = pair
    one.send(90_000_000)
    one.tell(two)
    two.clock.advance(STALE + 0.1)

    assert two.queue == 0.0


def test_what_another_had_sent_before_stood_before_ours_and_what_it_sent_later_did_not(pair: tuple[Gateway, Gateway]) -> None:
    one, two = pair
    one.send(3_000)
    one.clock.advance(0.01)
    two.send(1_000)
    one.clock.advance(0.01)
    one.send(5_000)
    one.tell(two)

    assert [sent.ahead for sent in two.book.of(TARGET).sent] == [4_000.0]


def test_what_an_engine_had_from_another_gateway_is_not_counted_twice(pair: tuple[Gateway, Gateway]) -> None:
    one, two = pair
    one.send(4_000)
    two.clock.advance(0.01)
    two.book.report(TARGET, EngineLoad(at=two.clock.now(), queued_tokens=6_000))
    assert two.queue == 6_000.0
    one.tell(two)

    assert two.queue == pytest.approx(6_000.0, abs=200)  # 4,000 of which the other one has sent: it is read a little meanwhile


def test_a_gateway_does_not_hear_itself(pair: tuple[Gateway, Gateway]) -> None:
    one, _ = pair
    one.send(9_000)
    word = one.gossip.word()
    assert word is not None
    assert one.gossip.hear(word)

    assert one.queue == 9_000.0


@given(st.binary(max_size=200))
@example(b"\x93\xa1\x80\x80\x80")  # no UTF-8
def test_what_makes_no_sense_changes_nothing(message: bytes) -> None:
    gateway = Gateway("one", FrozenClock())
    gateway.gossip.hear(message)

    assert gateway.queue == 0.0


def test_a_message_beyond_all_bounds_is_not_read(pair: tuple[Gateway, Gateway]) -> None:
    assert not pair[0].gossip.hear(b"\x93" + b" " * LARGEST)


def test_of_very_many_prompts_the_latest_are_told(pair: tuple[Gateway, Gateway]) -> None:
    one, two = pair
    for number in range(MOST_BLOCKS):
        two.book.of(f"replica-{number % 8}/m")
        one.book.index.record(f"replica-{number % 8}/m", (number,))
    one.tell(two)
    assert two.book.index.matches((MOST_BLOCKS - 1,), [f"replica-{(MOST_BLOCKS - 1) % 8}/m"]) == [1]


def test_nothing_is_noted_for_others_where_nobody_asks() -> None:
    clock = FrozenClock()
    book = LoadBook(clock, PrefixIndex())
    book.follow(TARGET, Envelope(prompt_tokens=10, streamed=True, blocks=(1,)), 0.0, 0.0).sent()

    assert not book.of(TARGET).lately
    assert book.index.additions() == {}


def test_a_machine_that_is_gone_is_not_brought_back_by_those_who_have_not_heard_of_it(pair: tuple[Gateway, Gateway]) -> None:
    one, two = pair
    gone = "pool/m@10.0.0.7:80"
    for gateway in pair:
        gateway.book.of(gone)
    two.book.forget("10.0.0.7:80")
    one.book.follow(gone, Envelope(prompt_tokens=90, streamed=True, blocks=(1, 2)), 0.0, 0.0).sent()
    one.tell(two)

    assert two.book.index.matches((1, 2), [gone]) == [0]
    assert two.book.given() == {}


def test_what_a_machine_had_read_is_not_told_once_it_is_gone(pair: tuple[Gateway, Gateway]) -> None:
    one, _ = pair
    gone = "pool/m@10.0.0.7:80"
    one.book.follow(gone, Envelope(prompt_tokens=90, streamed=True, blocks=(1, 2)), 0.0, 0.0).sent()
    one.book.forget("10.0.0.7:80")

    assert one.gossip.word() is None


def test_requests_that_end_after_their_machine_leave_nothing_behind(pair: tuple[Gateway, Gateway]) -> None:
    book, gone = pair[0].book, "pool/m@10.0.0.7:80"
    under_way = book.follow(gone, Envelope(prompt_tokens=90, streamed=True, blocks=(1, 2)), 40.0, 0.0)
    chosen = book.follow(gone, Envelope(prompt_tokens=90, streamed=True, blocks=(3, 4)), 40.0, 0.0)
    under_way.sent()
    book.forget("10.0.0.7:80")
    chosen.sent()
    for dispatch in (under_way, chosen):
        dispatch.began()
        dispatch.ended(None, Usage(cache_read=40))

    assert book.index.targets == 0


def test_what_rounding_leaves_is_not_told_for_ever(pair: tuple[Gateway, Gateway]) -> None:
    one, _ = pair
    blocks, under_way = (1,), []
    for remembered in (0.2, 0.1, 0.3):
        dispatch = one.book.follow(TARGET, Envelope(prompt_tokens=9, streamed=True, blocks=blocks), remembered, 0.0)
        dispatch.sent()
        under_way.append(dispatch)
    for dispatch in under_way:
        dispatch.ended(None, Usage())
    one.gossip.word()
    one.gossip.word()

    assert one.gossip.word() is None
