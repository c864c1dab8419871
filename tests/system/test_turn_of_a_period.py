"""A budget of three gateways whose period turns under load: each call counts in one period, and all carry on what that one left."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

import msgspec
import pytest

from headworks.domain.exchange import Exchange
from headworks.domain.limits import Calendar, Periods, Rollover
from headworks.domain.money import Money
from headworks.domain.records import Bounds

from .fleet import Fleet, Terms, fleet
from .hammer import Hammer
from .house import RunningHouse
from .test_fleet import EXACT, LARGEST, MS

MINUTE = 60
CLIENTS = 30
LEAD = 5.0
"""Seconds of load before the turn."""
PATIENCE = 150.0
QUIET = 60.0
SPENT_OUT = "429 project_spend_limit_exceeded"
MOST_OUTPUT = 19_000
"""Tokens of a question that is within the budget and all it may carry on, and above what is left of them once anything is spent."""


class ByTheMinute(Terms, frozen=True, kw_only=True):
    """The shortest period there is; all that it leaves over is carried on."""

    budget: int = 20_000_000
    requests: int = 100_000
    tokens: int = 100_000_000
    at_once: int = 6

    def bounds(self) -> Bounds:
        """With the rollover."""
        bounds = super().bounds()
        rollover = Rollover(most=self.budget, since=1)
        rolling = msgspec.structs.replace(bounds.budgets["all"], calendar=Calendar.MINUTE, rollover=rollover)
        return msgspec.structs.replace(bounds, budgets={"all": rolling})


def minute_of(at_ns: int) -> int:
    return at_ns // (MINUTE * 10**9)


def seconds_left() -> float:
    """Of the minute under way."""
    return MINUTE - time.time_ns() / 1e9 % MINUTE


class Minutes:
    """What the fleet spent in each, by the journals, and may have spent."""

    def __init__(self, three: Fleet) -> None:
        self._three = three
        self._periods = Periods()
        self.spent: dict[int, int] = {}
        for record in three.records():
            minute = minute_of(record.at)
            self.spent[minute] = self.spent.get(minute, 0) + record.price

    def carried(self, minute: int) -> int:
        """Into that one. The fleet has been there for a minute at least."""
        return max(0, self._three.terms.budget - self.spent.get(minute - 1, 0))

    def agree(self) -> bool:
        """With the server of counters, where nothing is held, and with the ledger: to the nano-unit, minute by minute."""
        return all(
            self._three.money_on(name) == (spent, 0) and asyncio.run(self._three.booked_on(name)) == spent
            for minute, spent in self.spent.items()
            for name in (self._name(minute),)
        )

    def _name(self, minute: int) -> str:
        return self._periods.counter(self._three.terms.money.stem, Calendar.MINUTE, "UTC", minute * MINUTE * 10**9)[0]


def turned_and_spent_out(hammer: Hammer, began: int) -> bool:
    """Whether somebody was refused in a minute after that one because it was spent."""
    said_at = (
        time.time_ns() - int((time.monotonic() - said.at) * 1e9)
        for said in hammer.said
        if f"{said.status} {said.code}" == SPENT_OUT
    )
    return any(minute_of(at) > began for at in said_at)


def crossing(records: Iterable[Exchange]) -> int:
    """How many were under way while a minute turned, and cost something."""
    return sum(
        record.price > 0 and minute_of(record.at) < minute_of(record.at + int(record.duration * MS)) for record in records
    )


def refused(house: RunningHouse, key: str) -> str:
    """What the gateway says to one who asks for more than there is."""
    question = {"model": "guarded", "max_tokens": MOST_OUTPUT, "messages": [{"role": "user", "content": "?"}]}
    with closing(http.client.HTTPConnection("127.0.0.1", house.port, timeout=PATIENCE)) as connection:
        connection.request("POST", "/v1/chat/completions", json.dumps(question), {"authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        said = answer.read().decode()
    assert answer.status == http.HTTPStatus.TOO_MANY_REQUESTS, said
    return str(json.loads(said)["error"]["message"])


def told_by_all(three: Fleet) -> tuple[int, list[str]]:
    """What each gateway says, all within one minute."""
    while True:
        minute = minute_of(time.time_ns())
        words = [refused(house, three.keys[0]) for house in three.houses]
        if minute == minute_of(time.time_ns()):
            return minute, words


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_turn_of_a_period_is_one_for_all_gateways(tmp_path: Path) -> None:
    """Calls under way at the turn count in the period they began in, on the server and in the ledger; what all of them left is carried on."""
    terms = ByTheMinute()
    with fleet(tmp_path, terms, EXACT) as three:
        three.houses[0].wait_for(lambda: LEAD - 1 < seconds_left() <= LEAD, "the end of a minute", 2 * MINUTE)
        began = minute_of(time.time_ns())
        with Hammer(three.ports, three.keys, CLIENTS) as hammer:
            hammer.go_on_until(lambda: turned_and_spent_out(hammer, began), PATIENCE)
        with suppress(TimeoutError):
            three.houses[0].wait_for(lambda: Minutes(three).agree(), "the books to agree", QUIET)

        records, minutes = three.records(), Minutes(three)
        print(f"\n{crossing(records)} calls under way at a turn; spent {minutes.spent}; clients saw {dict(hammer.statuses)}")
        assert minutes.agree()
        assert crossing(records)
        for minute, spent in minutes.spent.items():
            assert spent <= terms.budget + minutes.carried(minute)
        after = min(minutes.spent) + 1
        assert minutes.spent[after] > terms.budget + minutes.carried(after) - LARGEST

        now, words = told_by_all(three)
        carried = Minutes(three).carried(now)
        assert all(f"with the {Money(carried)} carried over" in said for said in words), words
