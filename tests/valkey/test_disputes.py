"""What a killed gateway's calls really used comes from its journal, once somebody has recovered that."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from headworks.domain.exchange import Charge
from headworks.domain.usage import Usage
from headworks.stores.journal import recover
from headworks.stores.valkey import link
from headworks.testing.valkey import Server
from headworks.wiring.disputes import Disputes
from tests.journal.writing import abandon, begin, end, journal_in, name, recoverer
from tests.valkey.plain import claim
from tests.valkey.rig import AT_ONCE, BUDGET, CLOCK, counters, look, run, until
from tests.valkey.test_holds import die

CLAIMS = (claim(BUDGET, 10**9), claim(AT_ONCE))
SET_ASIDE = (Charge(BUDGET.stem, 10**9, "cost"),)


def test_calls_of_a_killed_gateway_are_charged_with_what_its_journal_says(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One had ended and could not say so, one was under way, one was granted and had not begun."""
    monkeypatch.setattr(link, "SILENCE", 0.4)
    monkeypatch.setattr(link, "BEAT", 0.1)
    journal = journal_in(tmp_path / "journal")
    now = time.time_ns()

    async def scene() -> None:
        process = f"volume/{journal.chain.epoch.stem}"
        async with counters(server, "volume/other-1") as other, counters(server, process) as one:
            for number in (1, 2, 3):
                await one.reserve(name(number), CLAIMS)
            for number in (1, 2):
                journal.begin(begin(number, at=now, counters=SET_ASIDE, prompt_exact=5 * 10**6, reserved=Usage(input=1)))
            journal.end(end(1, at=now, counters=(Charge(BUDGET.stem, 77, "cost"),)))
            disputes = Disputes(tmp_path / "journal", "volume", other, CLOCK)
            await die(one)
            await until(lambda: look(server, BUDGET) == (3 * 10**9, 0))
            await disputes.settle()
            assert not other._corrections, "its process may be alive"

            abandon(journal)
            (killed,) = recover(tmp_path / "journal", recoverer())
            assert killed.counters
            assert killed.counters[0].units == killed.price == 5
            await disputes.settle()
            await until(lambda: look(server, BUDGET) == (82, 0))
            assert await other.disputed("volume/") == []

    run(scene())
