"""Rollouts on a real house under load: a broken candidate is taken back within seconds, an equal one goes live, whoever is killed meanwhile."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headworks.client import Client
from headworks.client.wire import Refused, Unreachable
from headworks.domain.administration.wire.rollouts import RolloutAsked, RolloutDetail, StepBody, Wished
from headworks.testing.emulator import EmulatorProcess, Pace, Personality

from .house import RunningHouse
from .load import Load
from .test_revisions import PEPPER, TOKEN, with_owner

BOUND = 60.0
PACE = Pace(first_token=0.01, tokens_per_second=2_000.0)


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    steady, equal = (Personality(name=name, prefix=f"/{name}", pace=PACE) for name in ("steady", "equal"))
    broken = Personality(name="broken", prefix="/broken", troubles=("error status=500",))
    with EmulatorProcess(steady, equal, broken) as running:
        yield running


@pytest.fixture
def house(emulator: EmulatorProcess, tmp_path: Path) -> Iterator[RunningHouse]:
    names = ("steady", "equal", "broken")
    config: dict[str, Any] = {
        "database": with_owner(f"sqlite:///{tmp_path / 'headworks.db'}"),
        "providers": {
            name: {"type": "openai-compatible", "api_key": "sk", "base_url": f"{emulator.urls[name]}/v1"} for name in names
        },
        "prices": {f"{name}/*": {"input": 1, "output": 2} for name in names},
        "models": {
            "guarded": {
                "live": 1,
                "versions": {str(number): {"targets": [f"{name}/model"]} for number, name in enumerate(names, 1)},
            }
        },
    }
    with RunningHouse(tmp_path, config, {"HEADWORKS_PEPPER": PEPPER}) as running:
        yield running


def begin(house: RunningHouse, admin: Client, candidate: str) -> str:
    """A rollout of two short steps, as soon as the control plane has read the configuration."""
    steps = tuple(StepBody(share=share, least=60, seconds=1.0, most=50.0) for share in (0.3, 1.0))
    asked = RolloutAsked(model="guarded", candidate=candidate, steps=steps, gates={"errors": 0.0}, unit="request")
    made: list[str] = []

    def started() -> bool:
        try:
            made.append(admin.rollouts.start(asked).id)
        except (Refused, Unreachable):
            return False
        return True

    house.wait_for(started, "the control plane", BOUND)
    return made[0]


def wait_for_state(house: RunningHouse, admin: Client, id_: str, *states: str) -> RolloutDetail:
    """Also while nobody answers."""
    seen: list[RolloutDetail] = []

    def met() -> bool:
        try:
            seen.append(admin.rollouts.read(id_))
        except (Refused, Unreachable):
            return False
        return seen[-1].rollout.state in states

    house.wait_for(met, f"the rollout to be {states}", BOUND)
    return seen[-1]


def served_by(house: RunningHouse, id_: str) -> dict[str, int]:
    """Of the last hundred that the rollout assigned, by version."""
    versions = [each.version for each in house.ended() if each.rollout == id_][:100]
    return {version: versions.count(version) for version in sorted(set(versions))}


def test_a_broken_candidate_is_taken_back_within_seconds(house: RunningHouse) -> None:
    with Client(house.control, TOKEN) as admin, Load(house.port, clients=4) as load:
        id_ = begin(house, admin, "3")
        wait_for_state(house, admin, id_, "canary")
        began = time.monotonic()
        found = wait_for_state(house, admin, id_, "rolling_back")
        seconds = time.monotonic() - began
        house.wait_for(lambda: served_by(house, id_) == {"1": 100}, "everybody to be served by the baseline", BOUND)
    hurt = sum(count for status, count in load.statuses.items() if status != 200)
    print(f"\n{hurt} of {load.sent} requests hurt, taken back after {seconds:.1f} s: {found.events[-1].reason}")
    assert 0 < hurt <= 40
    assert seconds < 10.0
    assert "have failed" in found.events[-1].reason


def test_an_equal_candidate_goes_live_though_both_processes_are_killed_and_is_taken_back_by_hand(house: RunningHouse) -> None:
    with Client(house.control, TOKEN) as admin, Load(house.port, clients=2) as load:
        id_ = begin(house, admin, "2")
        wait_for_state(house, admin, id_, "canary")
        for name in ("control", "gateway"):
            os.kill(int(house.facts[name]), signal.SIGKILL)
        found = wait_for_state(house, admin, id_, "promoted")
        house.wait_for(lambda: served_by(house, id_) == {"2": 100}, "everybody to be served by the candidate", BOUND)
        assert [each.after for each in found.events] == ["warming", "canary", "bake", "promoted"]
        assert [each.number for each in found.events] == [1, 2, 3, 4]
        assert found.gates[0].candidate >= 120
        admin.rollouts.rollback(id_, Wished(comment="to see"), number=None)
        taken_back = time.monotonic()
        house.wait_for(lambda: served_by(house, id_).get("1", 0) > 20, "the baseline to serve again", BOUND)
        print(f"\nthe baseline served again {time.monotonic() - taken_back:.1f} s after the command")
    assert set(load.statuses) == {200}
    assert any("SIGKILL" in line or "killed" in line for line in house.output.read_text().splitlines())
