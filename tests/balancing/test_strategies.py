"""The choice by the model's strategy: what it learns, what it keeps away from, and what it says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headworks.balancing.headroom import Headroom
from headworks.balancing.strategies import Strategies
from headworks.domain.call import Ask, Call
from headworks.domain.dispatch import Choice
from headworks.domain.errors import Fault
from headworks.domain.money import PriceCard, Rate
from headworks.domain.plan import Plan, plan_for
from headworks.domain.principal import Principal
from headworks.domain.snapshot import Model
from headworks.domain.target import AskedModel, Target
from headworks.providers.rate_headers import RATE_HEADERS
from headworks.testing import FixedPulse, FrozenClock, sample_call, sample_snapshot, sample_target, seeded

from .asking import NAMES, named

HEEDFUL = ("least_busy", "power_of_two", "cheapest", "fastest", "balanced")
USED_UP = [
    (b"x-ratelimit-limit-requests", b"60"),
    (b"x-ratelimit-remaining-requests", b"0"),
    (b"x-ratelimit-reset-requests", b"60s"),
]


class Desk:
    """A gateway's strategies over one model's targets."""

    def __init__(self, *targets: Target, pulse: FixedPulse | None = None, **model: Any) -> None:
        self.clock = FrozenClock()
        self.strategies = Strategies(seeded(2), pulse or FixedPulse(), self.clock, Headroom(RATE_HEADERS))
        self.model = Model(name=AskedModel("m"), targets=targets, **model)
        self.snapshot = msgspec.structs.replace(sample_snapshot(), models={self.model.name: self.model})

    def choose(self, *, headers: dict[bytes, bytes] | None = None, principal: Principal | None = None, **ask: Any) -> Choice:
        fields: dict[str, Any] = {"model": self.model.name, "prompt_tokens": 100, "max_tokens": 100, **ask}
        changes: dict[str, Any] = {"principal": principal} if principal else {}
        call = sample_call(snapshot=self.snapshot, ask=Ask(**fields), headers=headers or {}, **changes)
        plan = self.plan(call)
        return self.strategies.choose(call, plan, plan.targets)

    def plan(self, call: Call) -> Plan:
        return plan_for(self.snapshot, self.model, call.kind, call.front)

    def served(self, seconds: float, times: int = 1, **ask: Any) -> list[str]:
        """Attempts, one after the other, each of them answered after so long."""
        return [self._served(seconds, **ask) for _ in range(times)]

    def _served(self, seconds: float, **ask: Any) -> str:
        choice = self.choose(**ask)
        assert choice.dispatch is not None
        choice.dispatch.sent()
        self.clock.advance(seconds)
        choice.dispatch.headed(200, [])
        if ask.get("stream"):
            choice.dispatch.began()
        choice.dispatch.ended(None, None)
        return choice.target.name


def dear(name: str, dollars: int) -> Target:
    """A target at so many dollars a million tokens."""
    return sample_target(name, price=PriceCard(input=Rate(dollars * 10**9), output=Rate(dollars * 10**9)))


@pytest.mark.parametrize("strategy", NAMES)
def test_every_strategy_chooses_and_only_the_heedful_follow_what_they_chose(strategy: str) -> None:
    choice = Desk(*named("a/m", "b/m"), strategy=strategy).choose()
    assert choice.target.name in {"a/m", "b/m"}
    assert (choice.dispatch is not None) == (strategy in HEEDFUL)
    assert choice.why == ""


SHARED = msgspec.Raw(b'[{"role": "user", "content": "' + b"a" * 8_192 + b'"}]')


def test_what_goes_to_the_last_that_is_left_is_remembered_when_the_others_are_back() -> None:
    desk = Desk(*named("well/m", "ill/m"), strategy="balanced")
    call = sample_call(snapshot=desk.snapshot, ask=Ask(model=desk.model.name, prompt_tokens=2_000, fields={"messages": SHARED}))
    plan = desk.plan(call)
    alone = desk.strategies.choose(call, plan, plan.targets[:1])
    assert alone.dispatch is not None
    alone.dispatch.sent()
    alone.dispatch.began()
    alone.dispatch.ended(None, None)

    assert {desk.strategies.choose(call, plan, plan.targets).target.name for _ in range(20)} == {"well/m"}


@pytest.mark.parametrize("strategy", [*NAMES, "balanced"])
def test_a_target_that_is_the_only_one_is_taken_without_a_thought(strategy: str) -> None:
    assert Desk(*named("a/m"), strategy=strategy).choose().dispatch is None


@pytest.mark.parametrize("strategy", HEEDFUL)
def test_a_target_whose_limit_is_used_up_is_kept_away_from_while_another_is_free(strategy: str) -> None:
    cheap, other = dear("cheap/m", 1), dear("other/m", 9)
    desk = Desk(cheap, other, strategy=strategy, pulse=FixedPulse({"other/m": 3}))
    picked = desk.choose()
    assert picked.target is cheap
    assert picked.dispatch is not None
    picked.dispatch.sent()
    picked.dispatch.headed(200, USED_UP)
    picked.dispatch.ended(None, None)
    desk.clock.advance(0.05)
    assert {desk.choose().target.name for _ in range(20)} == {"other/m"}
    desk.clock.advance(70.0)
    assert "cheap/m" in {desk.choose().target.name for _ in range(20)}


def test_the_next_order_takes_over_while_the_limits_of_the_first_are_used_up() -> None:
    desk = Desk(sample_target("first/m"), sample_target("second/m", order=1), strategy="least_busy")
    choice = desk.choose()
    assert choice.dispatch is not None
    choice.dispatch.sent()
    choice.dispatch.headed(429, USED_UP)
    choice.dispatch.ended(Fault("upstream_throttled", "x"), None)
    assert desk.choose().target.name == "second/m"


def test_a_target_that_fails_at_once_is_not_the_fastest() -> None:
    desk = Desk(*named("fails/m", "works/m"), strategy="fastest")
    first = desk.choose(stream=True)
    assert first.dispatch is not None
    first.dispatch.sent()
    first.dispatch.ended(Fault("upstream_error", "x"), None)
    desk.served(1.0, stream=True)
    assert desk.served(1.0, times=10, stream=True).count("works/m") >= 9


def test_a_fault_of_the_callers_teaches_nothing() -> None:
    desk = Desk(*named("a/m", "b/m"), strategy="fastest")
    for _ in range(5):
        choice = desk.choose(stream=True)
        assert choice.target.name == "a/m"  # as unknown as before
        assert choice.dispatch is not None
        choice.dispatch.sent()
        choice.dispatch.ended(Fault("upstream_rejected", "x"), None)


def test_the_cheapest_that_keeps_to_the_time_is_taken() -> None:
    pulse = FixedPulse()
    desk = Desk(dear("slow/m", 1), dear("quick/m", 5), dear("quickest/m", 9), strategy="cheapest", within=1.0, pulse=pulse)
    assert desk.served(3.0, stream=True) == ["slow/m"]
    assert desk.served(0.5, times=3, stream=True) == ["quick/m"] * 3
    desk.clock.advance(61.0)
    assert desk.choose(stream=True).target.name == "slow/m"  # a minute later it is given another chance


def test_where_none_keeps_to_the_time_the_fastest_is_taken_and_it_is_said() -> None:
    desk = Desk(dear("slow/m", 1), dear("slower/m", 5), strategy="cheapest", within=1.0)
    desk.served(2.0, stream=True)
    desk.served(4.0, stream=True)
    choice = desk.choose(stream=True)
    assert choice.target.name == "slow/m"
    assert choice.why == "none within 1 s, the fastest takes 2.00 s"


def test_a_price_is_kept_to_by_any_strategy_and_where_none_does_the_cheapest_is_taken() -> None:
    dollars = [dear("cheap/m", 10), dear("dear/m", 90)]
    bounded = Desk(*dollars, strategy="weighted", below=5_000_000)  # 200 tokens are 2 and 18 thousandths of a dollar
    assert {bounded.choose().target.name for _ in range(20)} == {"cheap/m"}
    assert bounded.choose().why == ""
    tight = Desk(*dollars, strategy="weighted", below=1_000_000)
    assert tight.choose().target.name == "cheap/m"
    assert tight.choose().why == "none below 0.001 USD, the cheapest takes up to 0.002 USD"


def test_bounds_never_lead_to_a_target_that_is_down_or_to_the_last_resort() -> None:
    cheap, last, fine = dear("cheap/m", 1), dear("last/m", 1), dear("fine/m", 9)
    last = msgspec.structs.replace(last, weight=0)
    desk = Desk(cheap, last, fine, strategy="cheapest", below=10**6, pulse=FixedPulse(down=frozenset({"cheap/m"})))
    assert desk.choose().target.name == "fine/m"


def test_a_session_stays_and_without_one_the_key_does() -> None:
    desk = Desk(*named("a/m", "b/m", "c/m", "d/m"), strategy="sticky")
    assert len({desk.choose().target.name for _ in range(10)}) == 1
    homes = {desk.choose(principal=Principal(id=f"k{number}")).target.name for number in range(40)}
    assert homes == {"a/m", "b/m", "c/m", "d/m"}


def test_equal_beginnings_meet_whatever_follows() -> None:
    desk = Desk(*named("a/m", "b/m", "c/m", "d/m"), strategy="hashed")
    long = "You are a helpful assistant. " * 200

    def home(text: str) -> str:
        content = [{"role": "system", "content": text}]
        return desk.choose(fields={"messages": msgspec.Raw(msgspec.json.encode(content))}).target.name

    assert len({home(f"{long}{number}") for number in range(20)}) == 1
    assert len({home(f"{number}{long}") for number in range(40)}) == 4


def test_hashing_by_a_fact_looks_at_nothing_else() -> None:
    desk = Desk(*named("a/m", "b/m", "c/m", "d/m"), strategy="hashed", hash_by="tag:document")

    def home(document: str, prompt: str) -> str:
        fields = {"messages": msgspec.Raw(msgspec.json.encode(prompt))}
        return desk.choose(headers={b"x-headworks-tags": f"document={document}".encode()}, fields=fields).target.name

    assert len({home("one", str(number)) for number in range(10)}) == 1
    assert len({home(str(number), "same") for number in range(40)}) == 4
