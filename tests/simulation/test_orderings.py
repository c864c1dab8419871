"""The strategy `balanced` against all others, over traces of real load, in every fleet that something is wrong with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from headworks.simulation.baselines import CHOOSERS
from headworks.simulation.table import SETTINGS, Row, compare

TRACES = Path(os.environ.get("HEADWORKS_SHARED") or Path(__file__).parents[3] / "shared") / "traces"
pytestmark = pytest.mark.skipif(not TRACES.exists(), reason="no traces of real load lie beside this clone (../shared/traces)")
OTHERS = tuple(name for name in CHOOSERS if name != "balanced")
PLAIN = tuple(name for name, setting in SETTINGS.items() if not setting.flood)
SLACK = 0.02
"""Seconds that say nothing: less than two steps of an engine."""


class Case(NamedTuple):
    """A trace, three loads up to its knee, and how much worse than the best other one of ours may be: p90 and p99."""

    trace: str
    rates: tuple[float, ...]
    p90: float
    p99: float


CASES = (
    Case("mooncake_conversation.jsonl", (6.0, 8.0, 9.5), 0.95, 1.0),
    Case("mooncake_synthetic.jsonl", (5.0, 8.0, 11.0), 1.02, 1.02),
    Case("azure_llm_2023_code.csv", (15.0, 30.0, 45.0), 1.03, 1.03),
    Case("azure_llm_2023_conv.csv", (25.0, 40.0, 50.0), 1.03, 1.03),
)
"""Prompts of Azure's traces have nothing in common: there ours can only be as good as the fewest tokens."""


def broken(rows: Sequence[Row], case: Case) -> list[str]:
    """Where ours is not as good as it has to be."""
    by_place: dict[tuple[str, float], dict[str, Row]] = {}
    for row in rows:
        by_place.setdefault((row.setting, row.rate), {})[row.strategy] = row
    return [
        f"{setting} at {rate:.1f}/s: {what} {ours:.2f}, best other {best:.2f}"
        for (setting, rate), strategies in by_place.items()
        for what, allowed in (("p90", case.p90), ("p99", case.p99))
        if (ours := getattr(strategies["balanced"], what))
        > (best := min(getattr(strategies[name], what) for name in OTHERS if name in strategies)) * allowed + SLACK
    ]


def told(rows: Sequence[Row]) -> str:
    return "\n".join(
        f"{row.trace:24.24} {row.setting:14} {row.rate:5.1f}/s {row.strategy:14} mean {row.mean:6.2f} p90 {row.p90:6.2f} "
        f"p99 {row.p99:6.2f} median tenant {row.median_tenant:.2f} hits {row.hit_rate:.3f} imbalance {row.imbalance:.2f} unfairness {row.unfairness:.2f} lost {row.lost}"
        for row in rows
    )


@pytest.mark.parametrize("setting", PLAIN)
def test_balanced_waits_least_on_conversations_that_go_on(setting: str) -> None:
    case = CASES[0]
    rows = list(compare(TRACES / case.trace, (9.0,), (setting,), ("least tokens", "blend", "balanced"), (1,), 2000))

    assert broken(rows, case) == []
    assert sum(row.lost for row in rows) == 0


def test_balanced_is_as_good_as_the_fewest_tokens_where_prompts_have_nothing_in_common() -> None:
    case = CASES[3]
    rows = list(compare(TRACES / case.trace, (40.0,), ("equal",), ("least request", "least tokens", "balanced"), (1,), 2000))

    assert broken(rows, case) == []


@pytest.mark.long
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.trace)
def test_balanced_is_best_or_equal_over_all_traces_loads_seeds_and_troubles(case: Case) -> None:
    rows = list(compare(TRACES / case.trace, case.rates, PLAIN, tuple(CHOOSERS), range(1, 6), 4000))
    print(told(rows))

    assert broken(rows, case) == []
    assert sum(row.lost for row in rows if row.strategy == "balanced") == 0


def test_beside_a_flood_tenants_wait_less_where_requests_wait_in_the_gateway() -> None:
    rows = list(compare(TRACES / CASES[0].trace, (8.0,), ("flooded", "flooded, queued"), ("balanced",), (1,), 1500))
    print(told(rows))
    as_it_comes, in_turn = rows

    assert in_turn.median_tenant < 0.5 * as_it_comes.median_tenant
    assert (as_it_comes.lost, in_turn.lost) == (0, 0)
