"""Three processes on one budget, one rate of requests, one of tokens and one bound on what is under way, one of them killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter as Tally
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from headworks.domain.limits import Limit
from headworks.testing.valkey import Server
from tests.valkey.client import AT_ONCE, BUDGET, RPM, TPM, Fact
from tests.valkey.rig import counters, look, run, until

ROOT = Path(__file__).parents[2]
CALLS_EACH = 10
"""Before one is killed."""


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


def hammer(server: Server, calls: int, seed: int) -> list[Member]:
    """Run three processes, kill the last, let the others begin so many calls more and be refused a slot, and read what they said."""
    fleet = [_member(server, number, seed + number) for number in range(3)]
    journals = [Path(server.path).parent / f"{number}.journal" for number in range(3)]
    _wait_for(lambda: min(map(_begun, journals)) >= CALLS_EACH)
    fleet[2].process.kill()
    fleet[2].killed_at = time.monotonic()
    before = [_begun(journal) for journal in journals]
    _wait_for(lambda: min(_begun(journal) - so_far for journal, so_far in zip(journals[:2], before, strict=False)) >= calls)
    _wait_for(lambda: any(b"concurrency_limit_exceeded" in journal.read_bytes() for journal in journals[:2]))
    for number, member in enumerate(fleet):
        assert member.process.stdin is not None
        member.process.stdin.close()
        member.process.wait(60)
        text = (Path(server.path).parent / f"{number}.journal").read_bytes()
        member.facts = [msgspec.json.decode(line, type=Fact) for line in text.splitlines()]
    return fleet


def _begun(journal: Path) -> int:
    return journal.read_bytes().count(b'"kind":"begin"')


def _wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _member(server: Server, number: int, seed: int) -> Member:
    command = (sys.executable, "-m", "tests.valkey.client", server.url, f"member-{number}", str(seed))
    with (Path(server.path).parent / f"{number}.journal").open("wb") as journal:
        return Member(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=journal))


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


@pytest.mark.timeout(300)
@pytest.mark.parametrize("calls", [100, pytest.param(1_500, marks=pytest.mark.long)])
def test_three_processes_one_of_them_killed_pass_no_limit_and_lose_nothing(server: Server, calls: int) -> None:
    """After quiet nothing is held, and the budget's counter is the sum of the journals to the nano-unit."""
    fleet = hammer(server, calls, seed=7)
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
    assert saw["concurrency_limit_exceeded"] > 0
    assert at_once <= AT_ONCE.amount
    assert tokens <= 0
    assert requests <= 0
    assert look(server, BUDGET)[0] <= BUDGET.amount
    assert 0 <= unbegun <= AT_ONCE.amount * 4 * 10**6  # what was granted and had no time to begin before the kill
