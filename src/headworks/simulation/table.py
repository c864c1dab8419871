"""What is compared: fleets and what is wrong with them, strategies, seeds; and the figures of each."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from headworks.domain.queue_rules import QueueRules
from headworks.simulation.run import Outcome, Run, Served, Setting
from headworks.simulation.trace import Arrival, at_rate, read_trace

UNEQUAL = (1.6,) * 4 + (0.4,) * 4
"""Speeds of replicas, four times apart."""

SETTINGS: dict[str, Setting] = {
    "equal": Setting(),
    "wrong prior": Setting(prior=4.0),
    "stale metrics": Setting(poll=4.0),
    "unequal": Setting(speeds=UNEQUAL, prior=0.25),
    "one dies": Setting(dies_at=0.3),
    "four gateways": Setting(gateways=4),
    "flooded": Setting(flood=0.6),
    "flooded, queued": Setting(flood=0.6, queue=QueueRules(name="m", waits=(1e6,) * 5, shed=0.0, size=10**6)),
}
"""Eight replicas each. The unequal are thought four times too fast at first."""
STRENGTH: dict[str, float] = {"unequal": 0.72, "one dies": 0.9, "flooded": 1.5, "flooded, queued": 1.5}
"""The part of the load that a weaker fleet is given, and how much more a flood is."""


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
    median_tenant: float
    """The 90th percentile of the tenant in the middle."""
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
        chosen = SETTINGS[setting]
        for rate in rates:
            given = rate * STRENGTH.get(setting, 1.0)
            arrivals = {seed: at_rate(trace, given) for seed, trace in traces.items()}
            for strategy in strategies:
                outcomes = [Run(strategy, chosen, seed).outcome(_flooded(arrivals[seed], chosen.flood)) for seed in seeds]
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
        median_tenant=median([median(_by_tenant(outcome.served)) for outcome in outcomes]),
        unfairness=median([_unfairness(outcome.served) for outcome in outcomes]),
        lost=sum(outcome.lost for outcome in outcomes),
    )


def _unfairness(served: Sequence[Served]) -> float:
    waits = _by_tenant(served)
    return max(waits) / median(waits)


def _by_tenant(served: Sequence[Served]) -> list[float]:
    by_tenant: defaultdict[str, list[float]] = defaultdict(list)
    for each in served:
        by_tenant[each.tenant].append(each.first_token)
    return [quantile(sorted(each), 0.9) for each in by_tenant.values()]


def _flooded(arrivals: Sequence[Arrival], share: float) -> Sequence[Arrival]:
    """Of whom so many requests are one tenant's: drawn by what they ask for, so that all strategies are asked the same."""
    if not share:
        return arrivals
    chance = random.Random(1)  # noqa: S311 - it draws whose requests are whose
    return [msgspec.structs.replace(each, tenant="flood") if chance.random() < share else each for each in arrivals]


def quantile(ordered: Sequence[float], share: float) -> float:
    """Of values in order."""
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def median(values: Sequence[float]) -> float:
    """The upper one of an even number."""
    return quantile(sorted(values), 0.5)
