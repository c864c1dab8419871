"""Two hundred clients at one gateway that counts in its own memory: no limit is passed, and all who keep books agree to the nano-unit."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from headworks.testing.emulator import EmulatorProcess

from .fleet import PROVE, Terms, provider
from .hammer import Hammer
from .house import KEY, RunningHouse
from .test_budgets import booked, spent
from .test_fleet import CODES, PATIENCE, QUIET, beyond_rates, longest_wait, most_at_once

TERMS = Terms(budget=24_000_000, requests=160, tokens=7_500)
CLIENTS, ANSWERS = 200, 200


def config(emulator: EmulatorProcess) -> dict[str, Any]:
    limits = {
        "requests_per_minute": TERMS.requests,
        "tokens_per_minute": TERMS.tokens,
        "concurrent": TERMS.at_once,
        "budget": f"{TERMS.budget / 10**9} USD",
    }
    return {
        "providers": {"steady": {"type": "openai-compatible", "api_key": "sk", "base_url": f"{emulator.url}/v1"}},
        "models": {"guarded": {"targets": [{"model": "steady/model"}]}},
        "prices": {"steady/*": {"input": 1, "output": 2}},
        "keys": {"tester": {"key": KEY, "limits": limits}},
        "retries": {"attempts": 2, "base": 0.02},
        "breaker": {"failures": 10_000, "samples": 10_000, "slower": 0, "cooldown": 0, "cooldown_cap": 0},
    }


@pytest.mark.long
@pytest.mark.timeout(400)
def test_one_gateway_passes_no_limit_and_its_books_agree(tmp_path: Path) -> None:
    """Some clients hang up, and the provider fails one call in six."""
    with EmulatorProcess(provider()) as emulator, RunningHouse(tmp_path, config(emulator)) as house:
        with Hammer([house.port], [KEY], CLIENTS) as hammer:
            hammer.go_on_until(lambda: hammer.statuses["200"] >= ANSWERS and set(hammer.statuses) >= CODES, PATIENCE)
        with suppress(TimeoutError):
            house.wait_for(lambda: booked(house) == (spent(house), spent(house)), "the books to agree", QUIET)
        records = house.ended()
        requests, tokens = beyond_rates(records, TERMS)
        print(
            f"\n{dict(hammer.statuses)}; {most_at_once(records)} at once; beyond {requests:.1f}, {tokens:.0f}; spent {spent(house)}"
        )

        assert booked(house) == (spent(house), spent(house))
        assert spent(house) <= TERMS.budget + sum(record.overrun for record in records)
        assert most_at_once(records) <= TERMS.at_once
        delay = longest_wait(records)[-1] / 1000
        assert requests <= TERMS.requests / TERMS.seconds * delay + 1
        assert tokens <= TERMS.tokens / TERMS.seconds * delay + 1
        assert house.under_way() == 0
        assert set(hammer.statuses) >= CODES
        command = [sys.executable, "-m", "headworks", "audit", "ledger", f"--config={house.path}"]
        proof = subprocess.run(command, capture_output=True, text=True, timeout=PROVE, check=False)
        assert proof.returncode == 0, proof.stdout + proof.stderr
