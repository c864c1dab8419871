"""A budget holds across deaths and replacements of the gateway: memory alone counts, and the journal remembers."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from headworks.stores.sql.address import default_url
from headworks.stores.sql.engine import Database
from headworks.stores.sql.schema import COUNTER_SPEND, POSTINGS
from headworks.testing.emulator import EmulatorProcess, Pace, Personality

from .house import KEY, RunningHouse
from .load import Load

BUDGET = 35_000_000
"""Nano-dollars: some 350 requests."""
LARGEST_HOLD = 1_500_000
PATIENCE = 60.0


@pytest.fixture
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess(Personality(name="steady", pace=Pace(first_token=0.02, tokens_per_second=400.0))) as running:
        yield running


def config(emulator: EmulatorProcess) -> dict[str, Any]:
    return {
        "providers": {"steady": {"type": "openai-compatible", "api_key": "sk", "base_url": f"{emulator.url}/v1"}},
        "models": {"guarded": {"targets": [{"model": "steady/model"}]}},
        "prices": {"steady/*": {"input": 1, "output": 2}},
        "keys": {"tester": {"key": KEY, "limits": {"budget": "0.035 USD"}}},
        "server": {"drain": 10},
    }


def kill(house: RunningHouse) -> None:
    """And wait for the next."""
    killed = house.gateway_pid()
    os.kill(killed, signal.SIGKILL)
    house.wait_for(lambda: house.gateway_pid() not in (0, killed), "a new gateway")


def replace(house: RunningHouse) -> None:
    """And wait until the old one has left."""
    former = house.gateway_pid()
    house.signal(signal.SIGUSR2)
    house.wait_for(lambda: house.gateway_pid() not in (0, former), "the new gateway")
    house.wait_for(lambda: f"gateway {former} has left".encode() in house.output.read_bytes(), "the old gateway to leave")


def spent(house: RunningHouse) -> int:
    """By the journal."""
    return sum(exchange.price for exchange in house.ended())


def booked(house: RunningHouse) -> tuple[int, int]:
    """What postings say was spent, and what the counters are restored from."""

    async def ask() -> tuple[int, int]:
        database = Database(default_url(house.journal))
        async with database.reading() as connection:
            price = await connection.scalar(select(func.coalesce(func.sum(POSTINGS.c.price), 0)))
            units = await connection.scalar(select(func.coalesce(func.sum(COUNTER_SPEND.c.units), 0)))
        await database.close()
        return int(price or 0), int(units or 0)

    return asyncio.run(ask())


def test_a_budget_is_not_passed_by_killing_and_replacing_the_gateway(tmp_path: Path, emulator: EmulatorProcess) -> None:
    with RunningHouse(tmp_path, config(emulator)) as house:
        with Load(house.port, clients=6) as load:
            for disturb in (kill, replace, kill):
                enough = len(load.answered) + 15
                house.wait_for(lambda enough=enough: len(load.answered) >= enough, "more answers", PATIENCE)
                disturb(house)
            house.wait_for(lambda: load.statuses[429] > 20, "the budget to be spent", PATIENCE)
            kill(house)
            replace(house)
            house.wait_for(lambda: BUDGET - spent(house) < LARGEST_HOLD, "all of it to be given out", PATIENCE)
        house.wait_for(lambda: booked(house) == (spent(house), spent(house)), "the ledger to have all", PATIENCE)
        print(f"{load!r} · spent {spent(house)} of {BUDGET}")

        assert 0 <= BUDGET - spent(house) < LARGEST_HOLD
        assert sum(exchange.overrun for exchange in house.ended()) == 0
        command = [sys.executable, "-m", "headworks", "audit", "ledger", f"--config={house.path}"]
        proof = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        print(proof.stdout, proof.stderr)
        assert proof.returncode == 0
