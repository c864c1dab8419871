"""Three processes on one budget, one rate of requests, one of tokens and one bound on what is under way, one of them killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter as Tally
from pathlib import Path

import msgspec
import pytest

from headworks.domain.limits import Limit
from headworks.testing.valkey import Server
from tests.valkey.client import AT_ONCE, BUDGET, RPM, TPM, Fact
from tests.valkey.rig import counters, look, run, until

ROOT = Path(__file__).parents[2]


class Member(msgspec.Struct):
    """One process of the fleet, and what it said."""

    process: subprocess.Popen[bytes]
    facts: list[Fact] = []
    killed_at: float = 0.0

    def begun(self) -> dict[str, Fact]:
        return {fact.call: fact for fact in self.facts if fact.kind == "begin"}

    def ended(self) -> dict[str, Fact]:
        return {fact.call: fact for fact in self.facts if fact.kind == "end"}

    def stretches(self) -> list[tuple[float, float]]:
        """When each call was under way."""
        ends = self.ended()
        return [
            (fact.at, ends[call].at if call in ends else self.killed_at or float("inf")) for call, fact in self.begun().items()
        ]


def hammer(server: Server, seconds: float, seed: int) -> list[Member]:
    """Run three processes, kill the last in the middle, and read what they said."""
    fleet = [_member(server, number, seconds, seed + number) for number in range(3)]
    journals = [Path(server.path).parent / f"{number}.journal" for number in range(3)]
    deadline = time.monotonic() + 60
    while min(journal.stat().st_size for journal in journals) < 5_000:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    fleet[2].process.kill()
    fleet[2].killed_at = time.monotonic()
    for number, member in enumerate(fleet):
        member.process.wait(60 + seconds)
        text = (Path(server.path).parent / f"{number}.journal").read_bytes()
        member.facts = [msgspec.json.decode(line, type=Fact) for line in text.splitlines()]
    return fleet


def _member(server: Server, number: int, seconds: float, seed: int) -> Member:
    command = (sys.executable, "-m", "tests.valkey.client", server.url, f"member-{number}", str(seconds), str(seed))
    with (Path(server.path).parent / f"{number}.journal").open("wb") as journal:
        return Member(subprocess.Popen(command, cwd=ROOT, stdout=journal))


def most_at_once(fleet: list[Member]) -> int:
    """The most calls that were under way at one instant."""
    steps = sorted((at, step) for member in fleet for begin, end in member.stretches() for at, step in ((begin, 1), (end, -1)))
    now = most = 0
    for _, step in steps:
        now += step
        most = max(most, now)
    return most


def most_in(fleet: list[Member], limit: Limit, weight: str) -> float:
    """By how much, at the worst, what was used within any stretch passes what the rate admits: `amount + elapsed · rate`."""
    used = sorted(
        (begin.at, getattr(member.ended()[call], weight))
        for member in fleet
        for call, begin in member.begun().items()
        if call in member.ended()
    )
    level = at = worst = 0.0
    for when, units in used:  # a bucket that leaks at the rate: its highest level is the worst stretch
        level = max(0.0, level - (when - at) * limit.amount / limit.seconds) + units
        at, worst = when, max(worst, level)
    return worst - limit.amount


@pytest.mark.parametrize("seconds", [2.0, pytest.param(20.0, marks=[pytest.mark.long, pytest.mark.timeout(300)])])
def test_three_processes_one_of_them_killed_pass_no_limit_and_lose_nothing(server: Server, seconds: float) -> None:
    """After quiet nothing is held, and the budget's counter is the sum of the journals to the nano-unit."""
    fleet = hammer(server, seconds, seed=7)
    used = sum(fact.cost for member in fleet for fact in member.ended().values())
    torn = {call: fact for call, fact in fleet[2].begun().items() if call not in fleet[2].ended()}

    async def correct() -> None:
        async with counters(server, "recovery") as recovery:
            await until(lambda: look(server, AT_ONCE) == (0, 0))
            await until(lambda: look(server, BUDGET)[1] == 0)
            charged = look(server, BUDGET)[0]
            assert charged <= BUDGET.amount
            assert charged >= used + sum(
                fact.cost for fact in torn.values()
            )  # it may have died before it could settle, or begin
            for call, fact in fleet[2].ended().items():
                recovery.correct(call, {BUDGET.stem: fact.cost})
            for call in torn:
                recovery.correct(call, {BUDGET.stem: 0})
            await until(lambda: not recovery._corrections)

    run(correct())
    passed, saw = sum(len(member.begun()) for member in fleet), Tally(fact.code for member in fleet for fact in member.facts)
    unbegun = look(server, BUDGET)[0] - used
    at_once, tokens, requests = most_at_once(fleet), most_in(fleet, TPM, "tokens"), most_in(fleet, RPM, "requests")
    print(f"{passed} passed, {len(torn)} torn, {at_once} at once, {used} spent, unbegun {unbegun}, {dict(saw)}")
    print(f"beyond the rates: tokens {tokens:.1f}, requests {requests:.1f}")
    assert passed > 100  # until it is found dead, the killed one may hold all there may be at once
    assert at_once == AT_ONCE.amount
    assert tokens <= 0
    assert requests <= 0
    assert look(server, BUDGET)[0] <= BUDGET.amount
    assert 0 <= unbegun <= AT_ONCE.amount * 4 * 10**6  # what was granted and had no time to begin before the kill
