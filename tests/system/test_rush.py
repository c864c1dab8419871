"""Eight replicas with queues and prefix caches behind a real gateway, over real HTTP: which strategy lets people wait least."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import msgspec
import pytest

from headworks.simulation.table import UNEQUAL
from headworks.simulation.trace import Arrival, at_rate, read_trace
from headworks.testing.emulator import EmulatorProcess, Personality

from .house import RunningHouse
from .rush import REPLICAS, STRATEGIES, Figures, config, engines, moment, rush

TRACE = Path(os.environ.get("HEADWORKS_SHARED") or Path(__file__).parents[3] / "shared") / "traces/mooncake_conversation.jsonl"
pytestmark = pytest.mark.skipif(not TRACE.exists(), reason="no trace of real load lies beside this clone (../shared/traces)")
EQUAL = (1.0,) * REPLICAS
LATE = 0.1
"""Seconds by which the load may be late: else it says nothing."""
TRIES = 4
SEEDS = (1, 2, 3)


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """A fleet, its load, and what befalls it."""

    name: str
    speeds: tuple[float, ...] = EQUAL
    rate: float = 9.0
    dies_at: float | None = None
    """When the first replica is killed, as a share of the trace."""


SCENES = (
    Scene(name="equal"),
    Scene(name="equal, calmer", rate=6.0),
    Scene(name="unequal", speeds=UNEQUAL, rate=6.5),
    Scene(name="one dies", rate=8.0, dies_at=0.3),
)


@contextmanager
def house(directory: Path, fleet: Sequence[Personality]) -> Generator[tuple[RunningHouse, EmulatorProcess]]:
    """A gateway before these; the first lives in a process of its own, to be killed."""
    with ExitStack() as stack:
        doomed = stack.enter_context(EmulatorProcess(fleet[0]))
        others = stack.enter_context(EmulatorProcess(*fleet[1:]))
        running = stack.enter_context(RunningHouse(directory, config({**doomed.urls, **others.urls})))
        yield running, doomed


def arrivals(seed: int, number: int, rate: float) -> list[Arrival]:
    return at_rate(read_trace(TRACE, seed=seed, most=number), rate)


async def played(
    running: RunningHouse, doomed: EmulatorProcess, scene: Scene, strategy: str, load: list[Arrival], faster: float
) -> Figures:
    playing = asyncio.create_task(rush(running, strategy, load, faster, f"{scene.name} {strategy}"))
    if scene.dies_at is not None:
        await moment(asyncio.get_running_loop().time() + 0.5 + scene.dies_at * load[-1].at / faster)
        await asyncio.to_thread(doomed.__exit__, None, None, None)
    return await playing


def in_time(directory: Path, scene: Scene, strategy: str, load: list[Arrival]) -> Figures:
    """Of a run whose load was sent when it was due: one that the machine held up is made again."""
    for again in range(TRIES):
        with house(directory / str(again), engines(scene.speeds, 8.0)) as (running, doomed):
            figures = asyncio.run(played(running, doomed, scene, strategy, load, 8.0))
        print(f"{scene.name:14} {figures}", flush=True)
        if figures.late < LATE:
            return figures
    raise AssertionError(f"the machine is too busy: of {TRIES} runs none was in time")


def test_balanced_waits_less_than_the_fewest_requests_and_remembers_more(tmp_path: Path) -> None:
    load = arrivals(1, 300, 9.0)
    with house(tmp_path, engines(EQUAL, 10.0)) as (running, doomed):
        others, ours = (
            asyncio.run(played(running, doomed, SCENES[0], strategy, load, 10.0)) for strategy in ("least_busy", "balanced")
        )
    print(f"\n{others}\n{ours}")

    assert max(others.late, ours.late) < LATE
    assert ours.p90 < 0.8 * others.p90
    assert ours.hits > others.hits
    assert (ours.lost, ours.broken) == (0, 0)


@pytest.mark.long
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_balanced_waits_least_over_real_http(scene: Scene, tmp_path: Path) -> None:
    found = defaultdict[str, list[Figures]](list)
    for seed in SEEDS:
        load = arrivals(seed, 1200, scene.rate)
        for strategy in STRATEGIES:
            found[strategy].append(in_time(tmp_path / f"{seed}-{strategy}", scene, strategy, load))
    ours = found.pop("balanced")
    for what in ("p90", "p99"):
        best = min(median(getattr(each, what) for each in others) for others in found.values())
        assert median(getattr(each, what) for each in ours) < best
    assert sum(each.lost for each in ours) == 0
