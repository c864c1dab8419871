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
from tests.valkey.rig import AT_ONCE, BUDGET, CLOCK, RATE, counters, look, run, until
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


def test_a_killed_conversation_is_charged_once_however_often_it_claimed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each answer it claims as much again: told before its process is found dead, and after."""
    monkeypatch.setattr(link, "SILENCE", 0.4)
    monkeypatch.setattr(link, "BEAT", 0.1)

    async def scene() -> None:
        async with counters(server, "volume/other-1") as other, counters(server, "volume/one-1") as one:
            for call in ("early", "late"):
                hold = await one.reserve(call, (claim(BUDGET, 100), claim(AT_ONCE)))
                for used in range(10, 60, 10):
                    await hold.extend((claim(BUDGET, 100 + used),))
            assert look(server, BUDGET) == (0, 300)
            other.correct("early", {BUDGET.stem: 47})
            await until(lambda: not other._corrections)
            await die(one)
            await until(lambda: look(server, BUDGET) == (47 + 150, 0))
            other.correct("late", {BUDGET.stem: 53})
            await until(lambda: look(server, BUDGET) == (47 + 53, 0))
            assert look(server, AT_ONCE) == (0, 0)

    run(scene())


def test_a_conversation_that_ends_is_charged_once_however_often_it_claimed(server: Server) -> None:
    async def scene() -> None:
        async with counters(server) as one:
            hold = await one.reserve("a", (claim(BUDGET, 100), claim(AT_ONCE), claim(RATE)))
            for used in range(10, 60, 10):
                await hold.extend((claim(BUDGET, 100 + used), claim(AT_ONCE), claim(RATE)))
            hold.settle(Usage(), 57, counts=True)
            await until(lambda: look(server, BUDGET) == (57, 0))
            assert look(server, AT_ONCE) == (0, 0)

    run(scene())
