"""The stores of one process."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.errors import Fault
from headworks.domain.principal import Limits, Principal
from headworks.domain.usage import Usage
from headworks.ports.stores import Answer
from headworks.stores.memory import MemoryAnswers, MemoryCounters, MemoryReplays
from headworks.testing import FrozenClock, sample_call


def limited(**limits: int) -> Principal:
    return Principal(id="p", name="p", limits=Limits(**limits))


def test_requests_over_the_rate_are_refused_with_the_time_until_one_fits() -> None:
    async def scenario() -> None:
        clock = FrozenClock()
        counters = MemoryCounters(clock)
        call = sample_call(principal=limited(requests_per_minute=60))
        for _ in range(60):
            await counters.reserve(call, Usage(), 0)
        with pytest.raises(Fault) as refused:
            await counters.reserve(call, Usage(), 0)
        assert refused.value.code == "rate_limit_exceeded"
        assert refused.value.retry_after == pytest.approx(1.0)
        clock.advance(1.001)
        await counters.reserve(call, Usage(), 0)

    asyncio.run(scenario())


def test_a_refused_request_burns_nothing() -> None:
    async def scenario() -> None:
        counters = MemoryCounters(FrozenClock())
        principal = limited(requests_per_minute=100, concurrent=1)
        call = sample_call(principal=principal)
        await counters.reserve(call, Usage(), 0)
        before = counters.account(principal).requests_at
        with pytest.raises(Fault):
            await counters.reserve(call, Usage(), 0)
        assert counters.account(principal).requests_at == before

    asyncio.run(scenario())


def test_unused_tokens_are_given_back() -> None:
    async def scenario() -> None:
        counters = MemoryCounters(FrozenClock())
        call = sample_call(principal=limited(tokens_per_minute=1000))
        hold = await counters.reserve(call, Usage(input=100, output=900), 0)
        assert hold is not None
        with pytest.raises(Fault):
            await counters.reserve(call, Usage(input=1), 0)
        hold.settle(Usage(input=100, output=50), 0, counts=True)
        await counters.reserve(call, Usage(input=849), 0)

    asyncio.run(scenario())


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.booleans()), max_size=30), st.integers(0, 300))
def test_spend_and_holds_never_pass_the_budget_by_more_than_was_underestimated(
    requests: list[tuple[int, int, bool]], budget: int
) -> None:
    async def scenario() -> None:
        counters = MemoryCounters(FrozenClock())
        principal = limited(budget_nanos=budget)
        under_way = []
        overdraft = spent = 0
        for reserved, actual, settle_now in requests:
            try:
                hold = await counters.reserve(sample_call(principal=principal), Usage(), reserved)
            except Fault:
                continue
            assert hold is not None
            account = counters.account(principal)
            assert account.spent + account.held <= budget + overdraft
            overdraft += max(0, actual - reserved)
            spent += actual
            if settle_now:
                hold.settle(Usage(), actual, counts=True)
                hold.settle(Usage(), actual, counts=True)
            else:
                under_way.append((hold, actual))
        for hold, actual in under_way:
            hold.settle(Usage(), actual, counts=True)
        account = counters.account(principal)
        assert (account.held, account.concurrent, account.spent) == (0, 0, spent)
        assert account.spent <= budget + overdraft

    asyncio.run(scenario())


def test_answers_grow_old_and_make_room() -> None:
    clock = FrozenClock()
    answers = MemoryAnswers(clock, max_bytes=1000)
    answers.put(b"old", Answer(200, (), b"x" * 300), 10.0)
    answers.put(b"new", Answer(200, (), b"y" * 300), 20.0)
    assert answers.get(b"old") is not None  # read last, so the other one goes first
    answers.put(b"third", Answer(200, (), b"z" * 300), 20.0)
    assert answers.get(b"new") is None
    assert answers.get(b"third") is not None
    clock.advance(10.1)
    assert answers.get(b"old") is None
    assert repr(answers) == "<MemoryAnswers 1 answers · 500 bytes>"


def test_an_idempotency_key_answers_repeats_and_refuses_what_conflicts() -> None:
    replays = MemoryReplays(FrozenClock())
    answer = Answer(200, (), b"done")
    assert replays.claim(b"key", b"one") is None
    with pytest.raises(Fault, match="still being answered"):
        replays.claim(b"key", b"one")
    replays.keep(b"key", answer)
    assert replays.claim(b"key", b"one") == answer
    with pytest.raises(Fault, match="different request"):
        replays.claim(b"key", b"two")


def test_a_failed_request_lets_its_idempotency_key_go() -> None:
    replays = MemoryReplays(FrozenClock())
    replays.claim(b"key", b"one")
    replays.keep(b"key", None)
    assert replays.claim(b"key", b"two") is None


def test_a_budget_that_does_not_cover_a_request_says_by_how_much() -> None:
    async def scenario() -> None:
        counters = MemoryCounters(FrozenClock())
        with pytest.raises(Fault, match=r"0\.000000000 USD of 0\.001000000 USD are used.*may cost up to 0\.002000000 USD"):
            await counters.reserve(sample_call(principal=limited(budget_nanos=1_000_000)), Usage(), 2_000_000)

    asyncio.run(scenario())
