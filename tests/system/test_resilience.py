"""A replica is killed, stalls, turns slow, answers garbage with 200: it soon gets no more traffic, and nobody loses an answer that had not begun."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headworks.testing.emulator import EmulatorProcess

from .house import RunningHouse
from .replicas import ILLS, Ill, config, mortal, providers, turn_bad

SHORT = tuple(ill for ill in ILLS if ill.name in ("killed", "garbage"))
KILLED = next(ill for ill in ILLS if not ill.trouble)


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess(*(one for ill in ILLS for one in providers(ill))) as running:
        yield running


@pytest.fixture(scope="module")
def doomed() -> Iterator[EmulatorProcess]:
    with EmulatorProcess(mortal(KILLED)) as running:
        yield running


@pytest.fixture(scope="module")
def house(
    emulator: EmulatorProcess, doomed: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningHouse]:
    directory: Path = tmp_path_factory.mktemp("house")
    with RunningHouse(directory, config(ILLS, {**emulator.urls, **doomed.urls})) as running:
        yield running


def check(
    ill: Ill, house: RunningHouse, emulator: EmulatorProcess, doomed: EmulatorProcess, seconds: float, clients: int
) -> None:
    seen = turn_bad(ill, house, emulator, doomed, seconds, clients)
    print(
        f"\n{ill.name}: no more traffic after {seen.quiet_after:.2f} s and {seen.asked} attempts, {seen.probes} probes later; "
        f"{seen.lost} of {seen.requests} requests lost, {seen.broken} broken after they had begun"
    )
    assert seen.requests > clients
    assert seen.asked > 0
    assert seen.quiet_after < ill.quiet_within < seconds + 1.0
    assert seen.probes <= seconds / 10.0
    assert seen.lost == 0
    assert seen.broken <= (seen.asked if ill.lost_midway else 0)


@pytest.mark.parametrize("ill", SHORT, ids=lambda ill: ill.name)
def test_a_replica_that_turned_bad_soon_gets_no_more_traffic(
    ill: Ill, house: RunningHouse, emulator: EmulatorProcess, doomed: EmulatorProcess
) -> None:
    check(ill, house, emulator, doomed, 4.0, clients=4)


@pytest.mark.long
@pytest.mark.timeout(120)
@pytest.mark.parametrize("ill", ILLS, ids=lambda ill: ill.name)
def test_every_way_to_turn_bad_with_its_figures(
    ill: Ill, house: RunningHouse, emulator: EmulatorProcess, doomed: EmulatorProcess
) -> None:
    check(ill, house, emulator, doomed, 22.0, clients=8)
