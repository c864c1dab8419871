"""The scripts and the domain's arithmetic say the same of every history."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headworks.domain.limits import Calendar, Claim, Counter, Limit, Rolling, Rollover, Shape, Unit
from headworks.domain.limits.counter import free, granted, left_over, settle, take
from headworks.stores.valkey.acts import Verb, counter_of, decode, encode, entry_of, pairs
from headworks.stores.valkey.scripts import read_scripts
from headworks.testing.valkey import Server
from tests.valkey.plain import Plain

_START = 1_767_225_600_000_000
_TIME = b"local now = math.max(clock[1] * 1000000 + clock[2], tonumber(marker[3] or 0)) -- it never runs back"
_GIVEN = b"local now = tonumber(redis.call('GET', 'now'))"
_FORGET = b", 'PX', ms)"
"""The server forgets by its own clock."""


def _limit(unit: Unit, amount: int, seconds: float) -> Limit:
    return Limit(id="x", owner="o", rule=f"{unit}-{seconds}-{amount}", unit=unit, amount=amount, seconds=seconds)


def _rolls(amount: int, most: int) -> Limit:
    rollover = Rollover(most=most, since=0)
    return Limit(
        id="x", owner="o", rule=f"rolls-{amount}-{most}", unit=Unit.COST, amount=amount, calendar=Calendar.DAY, budget=True,
        rollover=rollover,
    )  # fmt: skip


_AMOUNTS = st.one_of(st.integers(1, 50), st.integers(1, 10**7), st.integers(10**15, 10**19))
_LIMITS = st.one_of(
    st.builds(
        _limit, st.sampled_from((Unit.REQUESTS, Unit.TOKENS)), st.integers(1, 10**9), st.sampled_from((1.0, 60.0, 3600.0, 0.3))
    ),
    st.builds(_limit, st.just(Unit.COST), _AMOUNTS, st.sampled_from((0.0, 60.0, 2_592_000.0))),
    st.builds(_limit, st.sampled_from((Unit.TOKENS, Unit.COST)), _AMOUNTS, st.sampled_from((0.0, 86_400.0))),
    st.builds(_limit, st.just(Unit.CONCURRENT), st.integers(1, 4), st.just(0.0)),
    st.builds(_rolls, _AMOUNTS, _AMOUNTS),
)
_PART = st.one_of(st.just(0.0), st.floats(0, 1.3), st.just(1.0))


class Twin:
    """The same history in the server and in the domain."""

    def __init__(self, ask: Plain, sha: str, limits: list[Limit]) -> None:
        self.ask = ask
        self.sha = sha
        self.limits = limits
        self.counters = defaultdict[str, Counter](Counter)
        self.period = 0
        self.now = _START
        self.seq = 0
        self.held: dict[str, list[tuple[Claim, int]]] = {}
        ask("FLUSHALL")
        ask("HSET", "t:generation", "id", "g")
        ask("HSET", "t:g:e:me", "seq", 0)

    def claim(self, limit: Limit, amount: int, least: int) -> Claim:
        """Of the period under way, where there are any."""
        if limit.rollover is None:
            return Claim(limit, limit.stem, amount, least)
        before = f"{limit.stem}{self.period - 1}" if self.period else ""
        rolling = Rolling(_START * 1000, before, "", limit.amount, limit.rollover.most)
        return Claim(limit, f"{limit.stem}{self.period}", amount, least, _START * 2000, "", rolling)

    def _granted(self, claim: Claim) -> int:
        before = self.counters[claim.rolling.counter] if claim.rolling is not None else None
        return granted(claim, free(claim.limit, self.counters[claim.counter], self.now) + left_over(claim, before))

    def advance(self, seconds: float) -> None:
        self.now += round(seconds * 1e6)

    def _run(self, *acts: Any) -> Any:
        self.seq += 1
        self.ask("SET", "now", self.now)
        status, now, answers = decode(self.ask("EVALSHA", self.sha, 1, "t:", encode(("me", self.seq, "g", acts))))
        assert (status, now) == (0, self.now)
        return answers

    def reserve(self, name: str, claims: list[Claim]) -> None:
        (answer,) = self._run((Verb.RESERVE, name, [entry_of(claim) for claim in claims]))
        amounts = [self._granted(claim) for claim in claims]
        said = [amount is not False and amount[0] * 10**9 + amount[1] for _, amount, *_ in answer[1:]]
        assert said == [amount if amount >= 0 else False for amount in amounts]
        assert answer[0] == all(amount >= 0 for amount in amounts)
        if answer[0]:
            for claim, amount in zip(claims, amounts, strict=True):
                take(claim.limit, self.counters[claim.counter], amount, self.now)
            self.held[name] = [(claim, amount) for claim, amount in zip(claims, amounts, strict=True)]
            self.taken_at = getattr(self, "taken_at", {}) | {name: self.now}

    def settle(self, name: str, part: float, *, released: bool) -> None:
        held = self.held.pop(name)
        used = [0 if released or claim.limit.shape is Shape.UNDER_WAY else int(amount * part) for claim, amount in held]
        self._run((Verb.RELEASE, name) if released else (Verb.SETTLE, name, pairs(used)))
        for (claim, amount), units in zip(held, used, strict=True):
            settle(claim.limit, self.counters[claim.counter], amount, self.taken_at[name], units, self.now)

    def compare(self) -> None:
        for limit, name in self._names():
            packed = self.ask("GET", f"t:g:c:{name}")
            here, there = self.counters[name], counter_of(limit, decode(packed)) if packed else Counter()
            free(limit, there, self.now)  # drops slots that are past
            free(limit, here, self.now)
            if limit.shape is Shape.RATE:
                assert max(here.at, self.now) == max(there.at, self.now)
            else:
                assert (here.spent, here.held) == (there.spent, there.held)

    def _names(self) -> Iterator[tuple[Limit, str]]:
        """The counters there are; of what rolls over those of this period and the one before."""
        for limit in self.limits:
            periods = ("",) if limit.rollover is None else range(max(0, self.period - 1), self.period + 1)
            yield from ((limit, f"{limit.stem}{period}") for period in periods)


@pytest.fixture
def asked(server: Server) -> Iterator[tuple[Plain, str]]:
    """A connection, and the hash of the script of batches with a clock that the test moves."""
    ask = Plain(server.path)
    text = read_scripts().batch.text
    assert text.count(_TIME) == text.count(_FORGET) == 1
    yield ask, ask("SCRIPT", "LOAD", text.replace(_TIME, _GIVEN).replace(_FORGET, b")")).decode()
    ask.close()


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data(), limits=st.lists(_LIMITS, min_size=1, max_size=4, unique_by=lambda limit: limit.stem))
def test_scripts_and_domain_agree_on_random_histories(
    asked: tuple[Plain, str], data: st.DataObject, limits: list[Limit]
) -> None:
    """Grants, refusals and what is left of each counter, to the last unit."""
    twin = Twin(*asked, limits)
    for number in range(data.draw(st.integers(1, 25))):
        step = data.draw(st.sampled_from(("reserve", "reserve", "settle", "release", "wait", "turn")))
        if step == "reserve":
            twin.reserve(f"call-{number}", _claims(data, twin))
        elif step == "turn":
            twin.period += 1
        elif step == "wait":
            period = max(limit.seconds for limit in limits) or 60.0
            twin.advance(data.draw(st.floats(0, 1.1)) * data.draw(st.sampled_from((0.001, 0.1, period / 59, period))))
        elif twin.held:
            name = data.draw(st.sampled_from(sorted(twin.held)))
            twin.settle(name, data.draw(_PART), released=step == "release")
        twin.compare()


def _claims(data: st.DataObject, twin: Twin) -> list[Claim]:
    chosen = data.draw(st.lists(st.sampled_from(twin.limits), min_size=1, unique_by=lambda limit: limit.stem))
    return [_claim(data, twin, limit) for limit in chosen]


def _claim(data: st.DataObject, twin: Twin, limit: Limit) -> Claim:
    amount = 1 if limit.shape is Shape.UNDER_WAY else int(_whole(limit) * data.draw(_PART)) + data.draw(st.integers(0, 2))
    least = data.draw(st.one_of(st.just(-1), st.integers(0, amount))) if limit.shape is not Shape.RATE else -1
    return twin.claim(limit, amount, least)


def _whole(limit: Limit) -> int:
    """The most there can be of it."""
    return limit.amount + (limit.rollover.most if limit.rollover is not None else 0)


_VARIED = (
    _limit(Unit.COST, 3 * 10**18 + 7, 0.0),
    _limit(Unit.COST, 10**10, 59.0),
    _limit(Unit.TOKENS, 10_007, 60.0),
    _limit(Unit.REQUESTS, 7, 1.0),
    _limit(Unit.TOKENS, 997, 86_400.0),
    _limit(Unit.CONCURRENT, 5, 0.0),
    _rolls(10**10 + 3, 7 * 10**9),
    _rolls(999, 5000),
)


@pytest.mark.parametrize("seed", range(6))
def test_they_agree_on_long_histories_too(asked: tuple[Plain, str], seed: int) -> None:
    """Three hundred steps on eight limits, with pauses about as long as slots and periods are."""
    chance = random.Random(seed)  # noqa: S311 - the same histories each time
    twin = Twin(*asked, list(_VARIED))
    for number in range(300):
        step = chance.random()
        if step < 0.45:
            twin.reserve(
                f"call-{number}", [_drawn(chance, twin, limit) for limit in chance.sample(_VARIED, chance.randint(1, 8))]
            )
        elif step < 0.85 and twin.held:
            twin.settle(chance.choice(sorted(twin.held)), chance.choice((0.0, 0.3, 1.0, 1.2)), released=chance.random() < 0.2)
        elif step < 0.88:
            twin.period += 1
        else:
            twin.advance(chance.choice((1e-6, 0.01, 0.5, 1.0, 58.7, 29.3, 60.0, 1464.0)))
        twin.compare()


def _drawn(chance: random.Random, twin: Twin, limit: Limit) -> Claim:
    amount = 1 if limit.shape is Shape.UNDER_WAY else chance.randrange(_whole(limit) // 3 + 1)
    return twin.claim(limit, amount, -1 if limit.shape is Shape.RATE else chance.choice((-1, 0, amount // 2)))
