"""Killed, stopped and replaced under load: every exchange is accounted for exactly once, and nobody is turned away."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headworks.stores.journal import audit
from headworks.testing.emulator import EmulatorProcess, Pace, Personality

from .house import RunningHouse
from .load import Load

UNHURRIED = Pace(first_token=0.02, tokens_per_second=400.0)


@pytest.fixture
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess(Personality(name="steady", pace=UNHURRIED)) as running:
        yield running


def config(emulator: EmulatorProcess) -> dict[str, Any]:
    return {
        "providers": {"steady": {"type": "openai-compatible", "api_key": "sk", "base_url": f"{emulator.url}/v1"}},
        "models": {"guarded": {"targets": [{"model": "steady/model"}]}},
        "prices": {"steady/*": {"input": 1, "output": 2}},
        "server": {"drain": 10},
    }


PATIENCE = 60.0
"""Seconds: after several deaths in a row the next start waits for five, and the machine may be busy."""


def kill_and_count(house: RunningHouse, times: int) -> Load:
    """Kill the gateway process so many times under load; afterwards books, emulator and clients must agree."""
    with Load(house.port) as load:
        for _ in range(times):
            enough = len(load.answered) + 40
            house.wait_for(lambda enough=enough: len(load.answered) >= enough, "forty more answers", PATIENCE)
            killed = house.gateway_pid()
            os.kill(killed, signal.SIGKILL)
            house.wait_for(lambda killed=killed: house.gateway_pid() not in (0, killed), "a new gateway")
        enough = len(load.answered) + 40
        house.wait_for(lambda: len(load.answered) >= enough, "forty more answers", PATIENCE)
    house.wait_for(lambda: closed(house), "the last exchanges to end, and the dead ones' to be recovered")
    house.stop()
    return load


def closed(house: RunningHouse) -> bool:
    """Nothing is under way and nothing is left open by the dead."""
    books = audit(house.journal)
    return books.sound and books.inflight == 0


def check_books(house: RunningHouse, emulator: EmulatorProcess, load: Load, times: int) -> None:
    books = audit(house.journal)
    assert books.sound, books
    assert books.begun == books.ended - books.unbegun
    assert books.inflight == 0
    records = {record.id: record for record in house.ended()}
    seen_upstream: dict[str, int] = emulator.counts()["ids"]
    assert set(seen_upstream) <= set(records)
    assert all(seen_upstream.get(name, 0) <= len(record.tried) or record.ending == "killed" for name, record in records.items())
    assert {records[name].ending for name in load.answered} == {"finished"}
    assert load.broken <= set(records)
    assert load.refused == 0
    if times:
        assert books.killed > 0
        assert {record.certainty for record in records.values() if record.ending == "killed"} == {"estimated"}


def test_killed_under_load_every_exchange_is_accounted_for_once(emulator: EmulatorProcess, tmp_path: Path) -> None:
    with RunningHouse(tmp_path, config(emulator)) as house:
        load = kill_and_count(house, 3)
        check_books(house, emulator, load, 3)


@pytest.mark.long
def test_killed_twenty_times_under_load(emulator: EmulatorProcess, tmp_path: Path) -> None:
    with RunningHouse(tmp_path, config(emulator)) as house:
        load = kill_and_count(house, 20)
        check_books(house, emulator, load, 20)
        books = audit(house.journal)
        print(f"\n20 kills: {load}; journal: {books.begun} begun, {books.ended} ended, {books.killed} of them killed, ", end="")
        print(f"{len(emulator.counts()['ids'])} ids seen upstream, none twice in the books")


def test_replacing_the_gateway_under_load_loses_no_request(emulator: EmulatorProcess, tmp_path: Path) -> None:
    with RunningHouse(tmp_path, config(emulator)) as house:
        with Load(house.port, kept=4) as load:
            for _ in range(3):
                enough = len(load.answered) + 40
                house.wait_for(lambda enough=enough: len(load.answered) >= enough, "forty more answers")
                before = house.gateway_pid()
                house.signal(signal.SIGUSR2)
                house.wait_for(lambda before=before: house.gateway_pid() not in (0, before), "the new gateway")
        assert (load.refused, dict(load.lost), load.broken) == (0, {}, set())
        assert set(load.statuses) == {200}
        house.wait_for(lambda: audit(house.journal).inflight == 0, "the last exchanges to end")
        assert house.stop() == 0
        check_books(house, emulator, load, 0)


def test_stopped_under_load_answers_under_way_are_finished(emulator: EmulatorProcess, tmp_path: Path) -> None:
    with RunningHouse(tmp_path, config(emulator)) as house:
        with Load(house.port) as load:
            house.wait_for(lambda: len(load.answered) >= 60, "sixty answers")
            assert house.stop() == 0
        # What came after the door had closed was refused by the system; of what got in, nothing broke.
        assert load.broken == set()
        books = audit(house.journal)
        assert books.sound
        assert (books.inflight, books.killed) == (0, 0)
