"""The next order of targets is used while the first is full, and no longer when that has had room for a while."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from headworks.balancing.headroom import Headroom
from headworks.balancing.spill import InFlight, Spilling
from headworks.balancing.strategies import Strategies
from headworks.domain.plan import Plan
from headworks.domain.snapshot import Model
from headworks.domain.spill import Spill
from headworks.domain.target import AskedModel
from headworks.testing import FixedPulse, FrozenClock, sample_call, sample_target, seeded

INSIDE = [sample_target(f"in{number}/m") for number in range(2)]
OUTSIDE = sample_target("out/m", order=1)
PLAN = Plan(
    Model(name=AskedModel("m"), targets=(*INSIDE, OUTSIDE), spill=Spill(concurrency=5, hold=30.0)), (*INSIDE, OUTSIDE), ()
)


class Pool:
    """Two targets inside, one outside, and as many attempts under way inside as a test says."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.busy: dict[str, int] = {"out/m": 0}
        pulse = FixedPulse(inflight=self.busy)
        self.balancer = Spilling(Strategies(seeded(1), pulse, FrozenClock(), Headroom()), InFlight(pulse), self.clock)

    def goes_out(self, busy: int, plan: Plan = PLAN) -> bool:
        """Whether a request goes outside while so many are under way inside."""
        self.busy.update({target.name: busy // 2 for target in INSIDE})
        return self.balancer.choose(sample_call(), plan, plan.targets).target is OUTSIDE


def test_the_next_order_is_used_while_the_first_is_full_and_until_it_has_had_room_for_half_a_minute() -> None:
    pool = Pool()
    assert not pool.goes_out(8)
    assert pool.goes_out(10)
    assert pool.goes_out(8)
    pool.clock.advance(60.0)
    assert pool.goes_out(6)
    pool.clock.advance(29.0)
    assert pool.goes_out(6)
    pool.clock.advance(1.0)
    assert not pool.goes_out(6)
    assert not pool.goes_out(8)


def test_a_short_lull_does_not_bring_traffic_back() -> None:
    pool = Pool()
    assert pool.goes_out(10)
    for _ in range(10):
        pool.clock.advance(10.0)
        assert pool.goes_out(4)
        pool.clock.advance(10.0)
        assert pool.goes_out(8)


def test_where_none_inside_is_available_the_next_order_is_used() -> None:
    pulse = FixedPulse(down=frozenset(target.name for target in INSIDE))
    balancer = Spilling(Strategies(seeded(1), pulse, FrozenClock(), Headroom()), InFlight(pulse), FrozenClock())
    choice = balancer.choose(sample_call(), PLAN, PLAN.targets)
    assert choice.target is OUTSIDE
    assert choice.why == "order 0 is full"


def test_where_all_orders_are_full_the_first_takes_it() -> None:
    pool = Pool()
    pool.busy["out/m"] = 5
    assert not pool.goes_out(10)


@given(st.lists(st.tuples(st.integers(0, 15), st.floats(0.0, 40.0)), max_size=60))
def test_without_a_rule_nothing_spills_and_with_one_it_ends(steps: list[tuple[int, float]]) -> None:
    pool = Pool()
    plain = Plan(structs.replace(PLAN.model, spill=None), PLAN.targets, ())
    for busy, seconds in steps:
        assert not pool.goes_out(busy, plain)
        assert pool.goes_out(busy) or busy // 2 * 2 < 10
        pool.clock.advance(seconds)
    pool.goes_out(0)
    pool.clock.advance(30.1)
    assert not pool.goes_out(0)
