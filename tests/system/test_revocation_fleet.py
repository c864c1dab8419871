"""A key that is revoked by the admin API of one gateway is refused by all three, also around an outage of their database."""

from __future__ import annotations

import asyncio
import http.client
import os
import re
import signal
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from headworks.client import Client, Refused, Unreachable
from headworks.identity import Pepper
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.migrations import upgrade
from headworks.stores.sql.records.loading import load
from headworks.wiring.clock import SystemClock
from headworks.wiring.seals import seals_of
from tests.admin.test_whole import first_owner
from tests.identity.test_revocation import key_text, keys, parties
from tests.sql import postgres
from tests.sql.postgres import Postgres

from .fleet import AUDIT, MEMBERS, PEPPER
from .house import RunningHouse

STALE_FOR = 8.0
"""Seconds, as the configuration says them."""
PATIENCE = 60.0
POLL = 0.02
BAR = 1.0
NOWHERE = "http://127.0.0.1:9/v1"
"""No request goes upstream."""


class Gateways:
    """Three of them, the database that they share, and an administrator at the first."""

    def __init__(self, houses: list[RunningHouse], database: Postgres, admin: Client) -> None:
        self.houses, self.database, self.admin = houses, database, admin

    def everywhere(self, number: int, status: int) -> list[float]:
        """When each gateway, asked with the key every 20 ms over one connection, first answered `status`. Monotonic clock."""

        def until(house: RunningHouse) -> float:
            deadline, never = time.monotonic() + PATIENCE, threading.Event()
            with asking(house) as connection:
                while (said := ask(connection, number)[0]) != status:
                    assert time.monotonic() < deadline, f"key {number} is answered with {said} for {PATIENCE} s"
                    never.wait(POLL)
                return time.monotonic()

        with ThreadPoolExecutor(MEMBERS) as pool:
            return list(pool.map(until, self.houses))

    def revoke(self, number: int) -> list[float]:
        """Seconds from the call of the admin API until each gateway refused the key, which all of them knew."""
        self.everywhere(number, 200)
        with ThreadPoolExecutor(1) as pool:
            asked = time.monotonic()
            refused = pool.submit(self.everywhere, number, 401)  # it is in use while it is revoked
            self.admin.keys.revoke(f"key_{number:032x}")
            return [at - asked for at in refused.result()]

    def resident(self) -> list[float]:
        """Megabytes of each gateway process."""
        pages = [int(Path(f"/proc/{house.gateway_pid()}/statm").read_text().split()[1]) for house in self.houses]
        return [number * os.sysconf("SC_PAGE_SIZE") / 1e6 for number in pages]


def asking(house: RunningHouse) -> closing[http.client.HTTPConnection]:
    return closing(http.client.HTTPConnection("127.0.0.1", house.port, timeout=PATIENCE))


def ask(connection: http.client.HTTPConnection, number: int) -> tuple[int, str]:
    """Status, and how long to wait before the next try."""
    connection.request("GET", "/v1/models", headers={"api-key": key_text(number).decode()})
    answer = connection.getresponse()
    answer.read()
    return answer.status, answer.getheader("retry-after", "")


@contextmanager
def gateways(directory: Path, number: int) -> Generator[Gateways]:
    """Running, with so many keys in their database."""
    with ExitStack() as stack:
        database = stack.enter_context(postgres.running())
        address = database.database()
        asyncio.run(fill(address, number))
        houses = [_house(directory / f"member-{member}", address) for member in range(MEMBERS)]
        for house in houses:
            stack.enter_context(house)
        yield Gateways(houses, database, stack.enter_context(Client(houses[0].control, owner(houses[0]))))


async def fill(address: str, number: int) -> None:
    database, clock = Database(address), SystemClock()
    await upgrade(database)
    acts = Acts(database, clock, seals_of({}, (Pepper(bytes.fromhex(PEPPER)),))[0])
    await load(acts, parties(), keys(number), audit=AUDIT)
    await database.close()


def owner(house: RunningHouse) -> str:
    """A token of the first owner, by the link that is printed at the start."""
    house.wait_for(lambda: b"/admin/setup#" in house.output.read_bytes(), "the link")
    found = re.search(r"/admin/setup#(\S+)", house.output.read_text())
    assert found is not None
    return asyncio.run(first_owner(house.control, found[1]))


def _house(directory: Path, database: str) -> RunningHouse:
    directory.mkdir()
    config = {
        "providers": {"nowhere": {"type": "openai-compatible", "api_key": "sk", "base_url": NOWHERE}},
        "models": {"chat": {"targets": [{"model": "nowhere/model"}]}},
        "prices": {"nowhere/*": {"input": 1, "output": 2}},
        "identity": {"on_database_loss": "stale", "stale_for": STALE_FOR},
        "database": database,
    }
    return RunningHouse(directory, config, {"HEADWORKS_PEPPER": PEPPER})


def report(times: list[float], number: int, resident: list[float]) -> float:
    """The figures; answers the 99th percentile in seconds."""
    times = sorted(times)
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    print(f"\n{number:,} keys, {len(times)} refusals: p50 {p50:.3f} s, p99 {p99:.3f} s, longest {times[-1]:.3f} s; ", end="")
    print(f"gateways' resident memory {', '.join(f'{each:.0f}' for each in resident)} MB")
    return p99


def outlast(three: Gateways, known: int, unknown: int, revoked: int) -> None:
    """Nothing is served that should not be, from the moment that the database is gone until no known key is served any more."""
    three.everywhere(known, 200)
    three.database.stop(signal.SIGINT)
    gone = time.monotonic()

    def go_on(house: RunningHouse) -> float:
        return go_stale(house, gone, known, revoked)

    with ThreadPoolExecutor(MEMBERS) as pool:
        served = list(pool.map(go_on, three.houses))
    print(f"known keys served for {', '.join(f'{each:.2f}' for each in served)} s after the database's end, of {STALE_FOR} s")
    assert min(served) > 0
    assert max(served) <= STALE_FOR
    for house in three.houses:
        with asking(house) as connection:
            status, again = ask(connection, unknown)
            assert (status, again.isdigit()) == (503, True)
            assert ask(connection, revoked)[0] in {401, 503}


def go_stale(house: RunningHouse, gone: float, known: int, revoked: int) -> float:
    """Ask until the known key is refused; seconds from `gone` to the last request that was served."""
    last, never = gone, threading.Event()
    with asking(house) as connection:
        while True:
            sent = time.monotonic()
            status, again = ask(connection, known)
            if status != 200:
                assert (status, again.isdigit()) == (503, True)
                return last - gone
            last = sent
            assert sent < gone + STALE_FOR + PATIENCE
            assert ask(connection, revoked)[0] in {401, 503}
            never.wait(POLL)


def recover(three: Gateways, known: int) -> None:
    """The database comes back: the key works everywhere again, and can be revoked."""
    three.database.start()
    three.everywhere(known, 200)

    def back() -> bool:
        try:
            return three.admin.keys.read(f"key_{known:032x}").id != ""
        except (Refused, Unreachable):
            return False

    three.houses[0].wait_for(back, "the admin API to find its database again")
    print(f"after the outage: refused everywhere {max(three.revoke(known)):.3f} s after the call")


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("number", "rounds", "bar"),
    [
        pytest.param(2_000, 5, PATIENCE, id="short"),
        pytest.param(1_000_000, 100, BAR, id="a-million-keys", marks=pytest.mark.long),
    ],
)
def test_a_revoked_key_is_refused_by_three_gateways_also_around_an_outage(
    tmp_path: Path, number: int, rounds: int, bar: float
) -> None:
    """The long one holds the promise of a second; the short one only that the refusal comes."""
    with gateways(tmp_path, number) as three:
        chosen = [at * (number // (rounds + 3)) for at in range(rounds + 3)]
        *revoked, known, unknown, _ = chosen
        times = [time for key in revoked for time in three.revoke(key)]
        p99 = report(times, number, three.resident())
        assert p99 <= bar
        outlast(three, known, unknown, revoked[-1])
        recover(three, known)
