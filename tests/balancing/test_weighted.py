"""Targets are drawn in proportion to their weights."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from headworks.balancing.pickers import Weighted
from headworks.domain.envelope import Envelope
from headworks.testing import FixedPulse, sample_target, seeded

ANY = Envelope()


@given(st.lists(st.integers(1, 9), min_size=2, max_size=6), st.integers())
def test_shares_follow_the_weights(weights: list[int], seed: int) -> None:
    targets = [sample_target(f"t{number}/m", weight=weight) for number, weight in enumerate(weights)]
    picker = Weighted(seeded(seed))
    drawn = Counter(picker.pick(ANY, targets, FixedPulse()).name for _ in range(2000))
    for target in targets:
        expected = target.weight / sum(weights)
        # Six standard deviations: it fails by chance about once in 10⁸ draws.
        allowed = 6 * (expected * (1 - expected) / 2000) ** 0.5
        assert abs(drawn[target.name] / 2000 - expected) <= allowed


def test_a_target_that_is_down_is_picked_only_when_all_are() -> None:
    up, down = sample_target("up/m"), sample_target("down/m")
    picker = Weighted(seeded(0))
    pulse = FixedPulse(down=frozenset({"down/m"}))
    assert {picker.pick(ANY, [up, down], pulse).name for _ in range(50)} == {"up/m"}
    assert picker.pick(ANY, [down, down], pulse) is down


def test_a_weight_of_zero_is_never_drawn_beside_others() -> None:
    idle, busy = sample_target("idle/m", weight=0), sample_target("busy/m", weight=1)
    picker = Weighted(seeded(0))
    assert {picker.pick(ANY, [idle, busy], FixedPulse()).name for _ in range(50)} == {"busy/m"}
    assert picker.pick(ANY, [idle], FixedPulse()) is idle


def test_a_target_that_comes_back_gets_a_part_of_its_share() -> None:
    old, back = sample_target("old/m"), sample_target("back/m")
    picker = Weighted(seeded(0))
    pulse = FixedPulse(shares={"back/m": 0.25})
    drawn = Counter(picker.pick(ANY, [old, back], pulse).name for _ in range(5000))
    assert 0.17 < drawn["back/m"] / 5000 < 0.23
