"""What is compared: fleets and what is wrong with them, strategies, seeds; and the figures of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from headworks.simulation.run import Outcome, Run, Served, Setting
from headworks.simulation.trace import at_rate, read_trace

UNEQUAL = (1.6,) * 4 + (0.4,) * 4
"""Speeds of replicas, four times apart."""

SETTINGS: dict[str, Setting] = {
    "equal": Setting(),
    "wrong prior": Setting(prior=4.0),
    "stale metrics": Setting(poll=4.0),
    "unequal": Setting(speeds=UNEQUAL, prior=0.25),
    "one dies": Setting(dies_at=0.3),
    "four gateways": Setting(gateways=4),
}
"""Eight replicas each. The unequal are thought four times too fast at first."""
STRENGTH: dict[str, float] = {"unequal": 0.72, "one dies": 0.9}
"""The part of the load that a weaker fleet is given."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy in one setting at one load: seconds to the first token, each the median over the seeds."""

    trace: str
    rate: float
    setting: str
    strategy: str
    mean: float
    p90: float
    p99: float
    hit_rate: float
    imbalance: float
    unfairness: float
    """The 90th percentile of the tenant that waits longest, by that of the median tenant."""
    lost: int


def compare(
    path: Path,
    rates: Sequence[float],
    settings: Iterable[str],
    strategies: Sequence[str],
    seeds: Sequence[int],
    most: int | None,
) -> Iterator[Row]:
    """Row by row. Raises `UnreadableTrace`."""
    traces = {seed: read_trace(path, seed=seed, most=most) for seed in seeds}
    for setting in settings:
        for rate in rates:
            given = rate * STRENGTH.get(setting, 1.0)
            arrivals = {seed: at_rate(trace, given) for seed, trace in traces.items()}
            for strategy in strategies:
                outcomes = [Run(strategy, SETTINGS[setting], seed).outcome(arrivals[seed]) for seed in seeds]
                yield _row(outcomes, trace=path.stem, rate=given, setting=setting, strategy=strategy)


def _row(outcomes: Sequence[Outcome], *, trace: str, rate: float, setting: str, strategy: str) -> Row:
    waits = [sorted([served.first_token for served in outcome.served]) for outcome in outcomes]
    return Row(
        trace=trace,
        rate=rate,
        setting=setting,
        strategy=strategy,
        mean=median([sum(each) / len(each) for each in waits]),
        p90=median([quantile(each, 0.9) for each in waits]),
        p99=median([quantile(each, 0.99) for each in waits]),
        hit_rate=median([outcome.hit_rate for outcome in outcomes]),
        imbalance=median([outcome.imbalance for outcome in outcomes]),
        unfairness=median([_unfairness(outcome.served) for outcome in outcomes]),
        lost=sum(outcome.lost for outcome in outcomes),
    )


def _unfairness(served: Sequence[Served]) -> float:
    by_tenant: defaultdict[str, list[float]] = defaultdict(list)
    for each in served:
        by_tenant[each.tenant].append(each.first_token)
    waits = [quantile(sorted(each), 0.9) for each in by_tenant.values()]
    return max(waits) / median(waits)


def quantile(ordered: Sequence[float], share: float) -> float:
    """Of values in order."""
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def median(values: Sequence[float]) -> float:
    """The upper one of an even number."""
    return quantile(sorted(values), 0.5)
