"""Three gateways on one database and one server of counters pass no limit, and all who keep books agree to the nano-unit."""

from __future__ import annotations

import time
from collections.abc import Iterable
from math import ceil
from pathlib import Path

import pytest

from headworks.domain.exchange import Exchange

from .fleet import MEMBERS, Fleet, Terms, fleet
from .hammer import Hammer, Said, tally

EXACT = {"timeout_ms": 1000, "local_allowance": 0}
"""Nothing passes by a gateway's own word, and a busy machine is no outage."""
SHORT = Terms(budget=24_000_000, requests=140, tokens=8_000)
LONG = Terms(budget=48_000_000, requests=320, tokens=15_000)
"""Some 47 tokens a request: fewer than all kinds of requests use on average, more than the small ones that still pass once tokens run short."""
CODES = frozenset(
    f"429 {code}"
    for code in ("concurrency_limit_exceeded", "rate_limit_exceeded", "token_limit_exceeded", "project_spend_limit_exceeded")
)
"""Of each of the team's four limits, told by the gateway that refuses."""
ONE = frozenset({"429 concurrency_limit_exceeded"})
PATIENCE = 150.0
"""Seconds until each code was seen. Nothing is judged by them: a slow machine only takes longer."""
QUIET = 120.0
LARGEST = 2_000_000
"""Nano-dollars that the largest request sets aside."""
MS = 1_000_000
LAST = 2


def admitted(records: Iterable[Exchange]) -> list[Exchange]:
    """Those that limits let pass, and of which it is known how long they were under way."""
    return [record for record in records if "guard" in record.stages]


def most_at_once(records: Iterable[Exchange]) -> int:
    """The most that were under way at one instant, from when their limits had let them pass to their end-record."""
    steps: list[tuple[int, int]] = []
    for record in admitted(records):
        steps += [(record.at + int(record.stages["guard"] * MS), 1), (record.at + int(record.duration * MS), -1)]
    now = most = 0
    for _, step in sorted(steps):
        now += step
        most = max(most, now)
    return most


def beyond(used: list[tuple[int, int]], amount: int, seconds: float) -> float:
    """By how much, at the worst, what was used within any stretch passes what the rate admits: `amount + elapsed · rate`."""
    level = worst = 0.0
    at = 0
    for when, units in sorted(used):  # a bucket that leaks at the rate: its highest level is the worst stretch
        level = max(0.0, level - (when - at) / 1e9 * amount / seconds) + units
        at, worst = when, max(worst, level)
    return worst - amount


def beyond_rates(records: Iterable[Exchange], terms: Terms) -> tuple[float, float]:
    """Requests and tokens that should not have passed."""
    passed = [
        (record.at + int(record.stages["guard"] * MS), record)
        for record in admitted(records)
        if record.usage.input and record.price
    ]
    requests = beyond([(at, 1) for at, _ in passed], terms.requests, terms.seconds)
    tokens = beyond([(at, record.usage.input + record.usage.output) for at, record in passed], terms.tokens, terms.seconds)
    return requests, tokens


def longest_wait(records: Iterable[Exchange]) -> list[float]:
    """Milliseconds that requests stood before their limits, shortest first: until they passed, or were refused."""
    return sorted(
        record.stages.get("guard", record.duration) - record.stages["limits"] for record in records if "limits" in record.stages
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("answers", "clients", "terms", "codes", "kills"),
    [
        pytest.param(60, 60, SHORT, ONE, False, id="short"),
        pytest.param(400, 200, LONG, CODES, False, id="full", marks=pytest.mark.long),
        pytest.param(400, 200, LONG, CODES, True, id="full-one-killed", marks=pytest.mark.long),
    ],
)
def test_a_fleet_passes_no_limit_and_its_books_agree(
    tmp_path: Path, answers: int, clients: int, terms: Terms, codes: frozenset[str], *, kills: bool
) -> None:
    """Also where one of three is killed with all its processes, and only later comes back."""
    with fleet(tmp_path, terms, EXACT) as three:
        with Hammer(three.ports, three.keys, clients) as hammer:
            hammer.go_on_until(lambda: hammer.statuses["200"] >= answers / 4, PATIENCE)
            if kills:
                three.kill_amid_calls(LAST)
            hammer.go_on_until(lambda: hammer.statuses["200"] >= answers and codes <= set(hammer.statuses), PATIENCE)
        if kills:
            explain_spent_out(three)
            three.start_again(LAST)
        books = three.wait_for_books(QUIET)
        report(three, hammer, str(books))

        records = three.records()
        assert books.agree
        assert three.prove() == []
        assert any(record.ending == "killed" for record in records) is kills
        assert books.journals <= terms.budget + sum(record.overrun for record in records)
        assert most_at_once(records) <= terms.at_once
        requests, tokens = beyond_rates(records, terms)
        delay = longest_wait(records)[-1] / 1000  # a place in the server's order is told that much later, at most
        assert requests <= terms.requests / terms.seconds * delay + 1
        assert tokens <= terms.tokens / terms.seconds * delay + 1
        assert hammer.statuses["200"] >= answers
        assert codes <= set(hammer.statuses)


def explain_spent_out(three: Fleet) -> None:
    """While a dead gateway's journal is out of reach, what its calls had set aside counts as spent: to the nano-unit that, and what was
    really spent, is what the server knows. Who is told that the budget is spent is told by that sum.
    """
    three.houses[0].wait_for(
        lambda: three.books().shared[1] == 0 == three.books().under_way, "the dead gateway's calls to be seen to"
    )
    disputed = three.disputed()
    records = three.records()
    ended = sorted((record.at + int(record.duration * MS), record.price) for record in records if record.id not in disputed)
    spent = sum(price for _, price in ended)
    set_aside = sum(disputed.values())
    print(
        f"\nspent {spent}, and {set_aside} were set aside for {len(disputed)} calls of the dead gateway, of {three.terms.budget}"
    )
    assert three.books().shared == (spent + set_aside, 0)
    for refused in (record for record in records if record.fault == "project_spend_limit_exceeded"):
        told = refused.at + int(refused.duration * MS)
        spent_by_then = sum(price for at, price in ended if at <= told)
        assert spent_by_then + set_aside + LARGEST > three.terms.budget


def report(three: Fleet, hammer: Hammer, *more: str) -> None:
    """The figures."""
    records = three.records()
    endings = tally([Said(0, 0, record.ending, 0) for record in records])
    requests, tokens = beyond_rates(records, three.terms)
    waits = longest_wait(records)
    print(f"\nclients saw {dict(hammer.statuses)}; journals {dict(endings)}")
    print(
        f"{most_at_once(records)} of {three.terms.at_once} at once; beyond the rates: {requests:.1f} requests, {tokens:.0f} tokens; ",
        end="",
    )
    print(f"overrun {sum(record.overrun for record in records)}; waits p50 {waits[len(waits) // 2]:.1f} ms, ", end="")
    print(f"p99 {waits[len(waits) * 99 // 100]:.1f} ms, longest {waits[-1]:.1f} ms")
    print(*more, sep="\n")


PATIENCE_MS = 50
SHARE = 0.05
SLOW = 15.0
ROOM_MS = 5_000
"""What a busy machine may need beyond the patience: far less than a slow server takes for one answer."""
SCARCE = Terms(budget=10**9, requests=60, tokens=200_000)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_server_that_is_stopped_emptied_or_slow_lets_little_pass_and_nobody_wait(tmp_path: Path) -> None:
    """What passes beyond a limit is the allowance of each gateway at each outage, and nobody waits for a slow server."""
    with fleet(tmp_path, SCARCE, {"timeout_ms": PATIENCE_MS, "local_allowance": SHARE}) as three:
        marks: list[tuple[str, float]] = []

        def begin(what: str, seconds: float) -> None:
            marks.append((what, time.monotonic()))
            hammer.go_on(seconds)

        with Hammer(three.ports, three.keys, 30) as hammer:
            begin("in order", 4)
            three.server.stop()
            begin("stopped", 3)
            three.server.start()
            begin("started, empty", 4)
            three.road.delay(SLOW)
            begin("slow", 4)
            three.road.delay(0)
            begin("in order again", 2)
        books = three.wait_for_books(QUIET)
        report(three, hammer, *phases(hammer.said, marks), str(books))

        records = three.records()
        requests, _ = beyond_rates(records, SCARCE)
        allowed = 2 * MEMBERS * ceil(SHARE * SCARCE.requests)
        waits = longest_wait(records)
        print(f"beyond: {requests:.1f} requests of at most {allowed}")
        assert requests <= allowed
        assert most_at_once(records) <= SCARCE.at_once + MEMBERS * ceil(SHARE * SCARCE.at_once)
        print(f"longest wait {waits[-1]:.0f} ms, of which the patience is {PATIENCE_MS} ms and {ROOM_MS} ms are the machine's")
        assert waits[-1] <= PATIENCE_MS + ROOM_MS
        assert {said.status for said in hammer.said} <= {0, 200, 429, 502, 503}
        assert books.agree
        assert three.prove() == []


def phases(said: list[Said], marks: list[tuple[str, float]]) -> list[str]:
    """What clients saw in each."""
    ends = [at for _, at in marks[1:]] + [float("inf")]
    return [
        f"{what}: {dict(tally([each for each in said if at <= each.at < end]))}, "
        f"longest until a head {max(each.waited for each in said if at <= each.at < end) * 1000:.0f} ms"
        for (what, at), end in zip(marks, ends, strict=True)
    ]
