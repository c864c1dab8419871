"""What all pickers keep to, and what each goes by."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.balancing.pickers.hashed import BOUND
from headworks.balancing.recent import FORGOTTEN, Recent
from headworks.domain.envelope import Envelope
from headworks.domain.money import PriceCard, Rate, Tier
from headworks.domain.target import Target
from headworks.testing import FixedPulse, FrozenClock, sample_target

from .asking import ENVELOPES, NAMES, named, picker, pools

ANY = Envelope()
CALM = FixedPulse()


@pytest.mark.parametrize("name", NAMES)
@given(pool=pools(), envelope=ENVELOPES, seed=st.integers(0, 9))
def test_the_pick_is_of_the_lowest_order_that_is_available_and_no_last_resort_beside_others(
    name: str, pool: tuple[list[Target], FixedPulse], envelope: Envelope, seed: int
) -> None:
    targets, pulse = pool
    picked = picker(name, seed).pick(envelope, targets, pulse)
    fit = [target for target in targets if pulse.available(target)] or targets
    tier = [target for target in fit if target.order == min(each.order for each in fit)]
    assert any(picked is target for target in tier)
    assert picked.weight or not any(target.weight for target in tier)


def test_ordered_takes_the_first_as_written_until_it_is_down() -> None:
    targets = [*named("a/m", "b/m", "c/m"), sample_target("zero/m", order=-1)]
    ordered = picker("ordered")
    assert ordered.pick(ANY, targets, CALM).name == "zero/m"
    assert ordered.pick(ANY, targets, FixedPulse(down=frozenset({"zero/m", "a/m"}))).name == "b/m"


def test_least_busy_takes_who_has_least_to_do_for_its_weight_and_draws_among_equals() -> None:
    small, large = sample_target("small/m", weight=1), sample_target("large/m", weight=4)
    least = picker("least_busy")
    assert least.pick(ANY, [small, large], FixedPulse({"small/m": 1, "large/m": 5})) is large
    assert least.pick(ANY, [small, large], FixedPulse({"small/m": 0, "large/m": 5})) is small
    drawn = Counter(least.pick(ANY, named("a/m", "b/m"), CALM).name for _ in range(200))
    assert min(drawn["a/m"], drawn["b/m"]) > 50


def test_of_two_the_one_that_is_soon_done_is_taken() -> None:
    recent = Recent(FrozenClock())
    slow, quick = named("slow/m", "quick/m")
    recent.hear(slow, 2.0, streamed=True)
    recent.hear(quick, 0.2, streamed=True)
    two = picker("power_of_two", recent=recent)
    streamed = Envelope(streamed=True)
    assert {two.pick(streamed, [slow, quick], FixedPulse({"quick/m": 8})).name for _ in range(20)} == {"quick/m"}
    assert {two.pick(streamed, [slow, quick], FixedPulse({"quick/m": 30})).name for _ in range(20)} == {"slow/m"}


def test_of_two_attempts_alone_decide_where_one_is_not_known() -> None:
    recent = Recent(FrozenClock())
    known, unknown = named("known/m", "unknown/m")
    recent.hear(known, 0.001, streamed=True)
    two = picker("power_of_two", recent=recent)
    picked = {two.pick(Envelope(streamed=True), [known, unknown], FixedPulse({"known/m": 2})).name for _ in range(20)}
    assert picked == {"unknown/m"}


def test_of_many_every_pair_may_be_compared() -> None:
    targets = named("a/m", "b/m", "c/m", "d/m")
    two = picker("power_of_two", seed=3)
    drawn = Counter(two.pick(ANY, targets, FixedPulse({"d/m": 1})).name for _ in range(600))
    assert drawn["d/m"] == 0  # loses to whomever it is drawn with
    assert all(drawn[name] > 120 for name in ("a/m", "b/m", "c/m"))


def test_cheapest_goes_by_the_price_of_this_very_request() -> None:
    reads = sample_target("reads/m", price=PriceCard(input=Rate(1_000), output=Rate(90_000)))
    writes = sample_target("writes/m", price=PriceCard(input=Rate(9_000), output=Rate(10_000)))
    tiered = sample_target("tiered/m", price=PriceCard(input=Rate(500, (Tier(10_000, 50_000),)), output=Rate(80_000)))
    cheapest = picker("cheapest")
    long, short = Envelope(prompt_tokens=50_000, output_tokens=10), Envelope(prompt_tokens=10, output_tokens=5_000)
    assert cheapest.pick(long, [reads, writes, tiered], CALM) is reads
    assert cheapest.pick(short, [reads, writes, tiered], CALM) is writes
    assert cheapest.pick(Envelope(prompt_tokens=9_000), [reads, writes, tiered], CALM) is tiered


def test_what_has_no_price_costs_nothing_and_equals_share_by_weight() -> None:
    free, own, dear = sample_target("free/m", price=None), sample_target("own/m", price=PriceCard(), weight=3), sample_target()
    cheapest = picker("cheapest")
    drawn = Counter(cheapest.pick(Envelope(prompt_tokens=9), [free, own, dear], CALM).name for _ in range(400))
    assert set(drawn) == {"free/m", "own/m"}
    assert 2.0 < drawn["own/m"] / drawn["free/m"] < 4.5


def test_fastest_tries_the_unknown_first_one_request_at_a_time() -> None:
    recent = Recent(FrozenClock())
    known, unknown = named("known/m", "unknown/m")
    recent.hear(known, 0.1, streamed=False)
    fastest = picker("fastest", recent=recent)
    assert fastest.pick(ANY, [known, unknown], CALM) is unknown
    assert fastest.pick(ANY, [known, unknown], FixedPulse({"unknown/m": 1})) is known
    assert fastest.pick(ANY, [unknown, *named("other/m")], FixedPulse({"unknown/m": 1})).name == "other/m"


def test_fastest_starves_nobody_and_finds_who_became_fast() -> None:
    clock = FrozenClock()
    recent = Recent(clock)
    seconds = {"a/m": 0.1, "b/m": 0.5, "c/m": 2.0}
    fastest, targets = picker("fastest", recent=recent), named(*seconds)

    def asked(times: int) -> Counter[str]:
        drawn: Counter[str] = Counter()
        for _ in range(times):
            picked = fastest.pick(ANY, targets, CALM)
            recent.hear(picked, seconds[picked.name], streamed=False)
            drawn[picked.name] += 1
            clock.advance(0.05)
        return drawn

    before = asked(1000)
    assert before["a/m"] > 900
    assert min(before.values()) > 10
    seconds["c/m"] = 0.01
    assert asked(1000)["c/m"] > 500


def test_fastest_forgets_what_it_has_not_heard_of_for_long() -> None:
    clock = FrozenClock()
    recent = Recent(clock)
    slow, quick = named("slow/m", "quick/m")
    recent.hear(slow, 9.0, streamed=False)
    clock.advance(FORGOTTEN + 1)
    recent.hear(quick, 0.1, streamed=False)
    assert picker("fastest", recent=recent).pick(ANY, [slow, quick], CALM) is slow


@pytest.mark.parametrize("name", ["sticky", "hashed"])
@given(keys=st.lists(st.text(max_size=6), min_size=1, max_size=30, unique=True))
def test_who_comes_back_is_served_where_it_was_and_others_leaving_moves_nobody_else(name: str, keys: list[str]) -> None:
    targets = named("a/m", "b/m", "c/m", "d/m")
    homes = {key: picker(name).pick(Envelope(affinity=key), targets, CALM).name for key in keys}
    assert homes == {key: picker(name).pick(Envelope(affinity=key), targets[::-1], CALM).name for key in keys}
    without = FixedPulse(down=frozenset({"b/m"}))
    moved = {key: picker(name).pick(Envelope(affinity=key), targets, without).name for key in keys}
    assert all(moved[key] == home for key, home in homes.items() if home != "b/m")
    assert "b/m" not in moved.values()


def test_sticky_shares_follow_the_weights_and_tenants_are_apart() -> None:
    one, three = sample_target("one/m", weight=1), sample_target("three/m", weight=3)
    homes = [[_home(tenant, str(key), [one, three]) for key in range(1000)] for tenant in "xy"]
    assert 690 < homes[0].count("three/m") < 810
    assert homes[0] != homes[1]


def _home(tenant: str, key: str, targets: list[Target]) -> str:
    return picker("sticky").pick(Envelope(tenant=tenant, affinity=key), targets, CALM).name


@given(loads=st.lists(st.integers(0, 40), min_size=2, max_size=6), key=st.text(max_size=6))
def test_hashed_gives_nobody_more_than_its_bounded_share(loads: list[int], key: str) -> None:
    targets = named(*(f"t{number}/m" for number in range(len(loads))))
    inflight = {target.name: load for target, load in zip(targets, loads, strict=True)}
    picked = picker("hashed").pick(Envelope(affinity=key), targets, FixedPulse(inflight))
    assert inflight[picked.name] < BOUND * (sum(loads) + 1) / len(loads) + 1


def test_hashed_spreads_a_beginning_that_all_share() -> None:
    inflight: Counter[str] = Counter()
    targets = named("a/m", "b/m", "c/m", "d/m")
    for _ in range(400):
        inflight[picker("hashed").pick(Envelope(affinity="the same"), targets, FixedPulse(dict(inflight))).name] += 1
    assert max(inflight.values()) <= BOUND * 401 / 4 + 1
