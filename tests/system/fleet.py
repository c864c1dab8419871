"""Three installations that serve one team: a database, a server of counters, and three data directories with a journal each."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import pytest
from sqlalchemy import func, select

from headworks.domain.exchange import Exchange
from headworks.domain.limits import Limit, Unit
from headworks.domain.records import Bounds, BudgetRule, KeyRecord, LimitRule, Party, PartyKind
from headworks.identity import Digests, Pepper, make_key, prefix_of
from headworks.ports.records import EVERYWHERE
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.migrations import upgrade
from headworks.stores.sql.records.store import SqlRecords
from headworks.stores.sql.schema import COUNTER_SPEND, POSTINGS
from headworks.stores.valkey.acts import BASE, counter_of, decode
from headworks.testing.emulator import EmulatorProcess, Pace, Personality
from headworks.testing.valkey import Server, find_server
from headworks.wiring.clock import SystemClock
from headworks.wiring.seals import seals_of
from tests.sql import postgres
from tests.valkey.plain import Plain
from tests.valkey.rig import Road

from .house import RunningHouse

PEPPER = "0123456789abcdef" * 4
MEMBERS = 3
KEYS = 6
TEAM = "team_fleet"
AUDIT = {"actor": "test", "operation": "test"}
TROUBLES = ("error status=500 share=0.08", "reset share=0.04", "cut after=3 share=0.04")
PROVE = 60.0


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the team may use. Money in nano-dollars."""

    budget: int = 40_000_000
    requests: int = 400
    tokens: int = 40_000
    seconds: float = 60.0
    at_once: int = 12

    def bounds(self) -> Bounds:
        """As an administrator writes it."""
        return Bounds(
            models=("*",),
            limits={
                "rpm": LimitRule(unit=Unit.REQUESTS, amount=self.requests, seconds=self.seconds),
                "tpm": LimitRule(unit=Unit.TOKENS, amount=self.tokens, seconds=self.seconds),
                "at-once": LimitRule(unit=Unit.CONCURRENT, amount=self.at_once),
            },
            budgets={"all": BudgetRule(amount=self.budget)},
        )

    @property
    def money(self) -> Limit:
        """The budget as gateways count it."""
        return Limit(id="", owner=TEAM, rule="all", unit=Unit.COST, amount=self.budget, budget=True)

    @property
    def slots(self) -> Limit:
        """The limit of what is under way as gateways count it."""
        return Limit(id="", owner=TEAM, rule="at-once", unit=Unit.CONCURRENT, amount=self.at_once)


class Books(msgspec.Struct, frozen=True):
    """What the budget came to, in nano-dollars, by everyone who keeps it."""

    journals: int
    postings: int
    counter_spend: int
    shared: tuple[int, int]
    """On the server: spent, held."""
    under_way: int
    """On the server: slots that are taken."""

    @property
    def agree(self) -> bool:
        """To the nano-unit, and nothing is held."""
        return self.postings == self.counter_spend == self.journals and (self.shared, self.under_way) == ((self.journals, 0), 0)


class Outside:
    """The road to the server of counters, on a loop of its own."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._road = Road(server)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    @property
    def url(self) -> str:
        return f"valkey://127.0.0.1:{self._road.port}"

    def delay(self, seconds: float) -> None:
        """Hold every answer back for so long."""
        self._loop.call_soon_threadsafe(setattr, self._road, "delay", seconds)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._road.__aenter__(), self._loop).result(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._road.__aexit__(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Fleet:
    """Made by `fleet`."""

    def __init__(self, terms: Terms, road: Outside, database: str, keys: list[str], houses: list[RunningHouse]) -> None:
        self.terms = terms
        self.road = road
        self.server = road.server
        self.database = database
        self.keys = keys
        self.houses = houses

    @property
    def ports(self) -> list[int]:
        return [house.port for house in self.houses]

    def records(self) -> list[Exchange]:
        """All end-records of the team's, of all journals."""
        return [exchange for house in self.houses for exchange in house.ended() if TEAM in exchange.lineage]

    def books(self) -> Books:
        """As they stand."""
        journals = sum(exchange.price for exchange in self.records())
        postings, counted = asyncio.run(self._booked())
        return Books(journals, postings, counted, self._count(self.terms.money), self._count(self.terms.slots)[1])

    def wait_for_books(self, seconds: float) -> Books:
        """Once they agree, or what they came to in that time."""
        last = self.books()

        def agreed() -> bool:
            nonlocal last
            last = self.books()
            return last.agree

        with suppress(TimeoutError):
            self.houses[0].wait_for(agreed, "the books to agree", seconds)
        return last

    def disputed(self) -> dict[str, int]:
        """Nano-dollars that the server counts as spent for each call of a dead gateway, until that one's journal is read."""
        with closing(Plain(self.server.path)) as ask:
            root = f"hw:{ask('HGET', 'hw:generation', 'id').decode()}:"
            calls: list[bytes] = ask("HKEYS", f"{root}disputed")
            return {call.decode(): self._money_of(decode(ask("GET", f"{root}r:{call.decode()}"))) for call in calls}

    def _money_of(self, entries: list[list[int | str]]) -> int:
        (held,) = (entry for entry in entries if entry[0] == self.terms.money.stem)
        high, low = held[6:8]
        return int(high) * BASE + int(low)

    def prove(self) -> list[str]:
        """What `headworks audit ledger` finds unsound, directory by directory."""
        environment = {**os.environ, "HEADWORKS_PEPPER": PEPPER, "SYSTEM_TEST_KEY": "hw-system-test"}

        def prove(house: RunningHouse) -> str:
            command = [sys.executable, "-m", "headworks", "audit", "ledger", f"--config={house.path}"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=PROVE, env=environment, check=False)
            return done.stdout + done.stderr if done.returncode else ""

        with ThreadPoolExecutor() as pool:
            return [found for found in pool.map(prove, self.houses) if found]

    def kill_amid_calls(self, number: int) -> None:
        """All processes of one installation, the supervisor first, as a machine's death does: while calls are under way."""
        house = self.houses[number]
        gateway = house.gateway_pid()

        def caught() -> bool:
            os.kill(gateway, signal.SIGSTOP)
            if house.under_way():
                return True
            os.kill(gateway, signal.SIGCONT)
            return False

        house.wait_for(caught, "a call to be under way")
        facts = house.facts
        house.signal(signal.SIGKILL)
        for name in ("gateway", "control"):
            with suppress(ProcessLookupError):
                os.kill(int(facts[name]), signal.SIGKILL)
        house.stop()

    def start_again(self, number: int) -> None:
        """What was killed, in its directory and on its ports."""
        house = self.houses[number]
        house.output.unlink()
        house.__enter__()

    def money_on(self, counter: str) -> tuple[int, int]:
        """What the server has of one of the budget's counters: spent, held."""
        return self._count(self.terms.money, counter)

    async def booked_on(self, counter: str) -> int:
        """What the database has of one."""
        database = Database(self.database)
        async with database.reading() as connection:
            units = await connection.scalar(select(COUNTER_SPEND.c.units).where(COUNTER_SPEND.c.counter == counter))
        await database.close()
        return int(units or 0)

    async def _booked(self) -> tuple[int, int]:
        database = Database(self.database)
        async with database.reading() as connection:
            price = await connection.scalar(select(func.coalesce(func.sum(POSTINGS.c.price), 0)))
            units = await connection.scalar(
                select(func.coalesce(func.sum(COUNTER_SPEND.c.units), 0)).where(
                    COUNTER_SPEND.c.counter == self.terms.money.stem
                )
            )
        await database.close()
        return int(price or 0), int(units or 0)

    def _count(self, limit: Limit, counter: str = "") -> tuple[int, int]:
        with closing(Plain(self.server.path)) as ask:
            generation = ask("HGET", "hw:generation", "id")
            packed = ask("GET", f"hw:{generation.decode()}:c:{counter or limit.stem}") if generation else None
        if packed is None:
            return 0, 0
        stands = counter_of(limit, decode(packed))
        return stands.spent, stands.held


@contextmanager
def fleet(directory: Path, terms: Terms, cluster: dict[str, Any]) -> Generator[Fleet]:
    """Running, on servers of its own, with a road to that of the counters. Skips without the servers."""
    program = find_server()
    if program is None:
        pytest.skip("redis-server is not installed")
    with ExitStack() as stack:
        emulator = stack.enter_context(EmulatorProcess(provider()))
        database = stack.enter_context(postgres.running()).database()
        server = Server(program, directory)
        server.start()
        stack.callback(server.stop)
        keys = asyncio.run(_keep_records(database, terms))
        road = stack.enter_context(Outside(server))
        config = _config(emulator, database, {"url": road.url, **cluster})
        houses = [_house(directory / f"member-{number}", config) for number in range(MEMBERS)]
        with ThreadPoolExecutor() as pool:
            for house in houses:
                stack.push(house)
            list(pool.map(RunningHouse.__enter__, houses))
        yield Fleet(terms, road, database, keys, houses)


def provider() -> Personality:
    pace = Pace(first_token=0.03, tokens_per_second=400.0)
    return Personality(name="steady", pace=pace, troubles=TROUBLES)


def _house(directory: Path, config: dict[str, Any]) -> RunningHouse:
    directory.mkdir()
    return RunningHouse(directory, config, {"HEADWORKS_PEPPER": PEPPER})


def _config(emulator: EmulatorProcess, database: str, cluster: dict[str, Any]) -> dict[str, Any]:
    return {
        "providers": {"steady": {"type": "openai-compatible", "api_key": "sk", "base_url": f"{emulator.url}/v1"}},
        "models": {"guarded": {"targets": [{"model": "steady/model"}]}},
        "prices": {"steady/*": {"input": 1, "output": 2}},
        "retries": {"attempts": 2, "base": 0.02},
        "breaker": {"failures": 10_000, "samples": 10_000, "slower": 0, "cooldown": 0, "cooldown_cap": 0},
        "database": database,
        "cluster": cluster,
    }


async def _keep_records(address: str, terms: Terms) -> list[str]:
    """An organisation, its team, and the team's keys."""
    database, clock, pepper = Database(address), SystemClock(), Pepper(bytes.fromhex(PEPPER))
    await upgrade(database)
    records = SqlRecords(database, clock, Acts(database, clock, seals_of({}, (pepper,))[0]))
    for party in (
        Party(id="org_fleet", kind=PartyKind.ORGANISATION, name="fleet", bounds=Bounds(models=("*",))),
        Party(id=TEAM, kind=PartyKind.TEAM, name="team", parent="org_fleet", bounds=terms.bounds()),
    ):
        await records.add_party(party, reach=EVERYWHERE, audit=AUDIT)
    keys = [make_key() for _ in range(KEYS)]
    for number, key in enumerate(keys):
        digest, fingerprint = Digests((pepper,)).of_new(key)
        record = KeyRecord(
            id=f"key_{number:032x}", owner=TEAM, name=f"key {number}", prefix=prefix_of(key), digest=digest, pepper=fingerprint
        )
        await records.add_key(record, reach=EVERYWHERE, audit=AUDIT)
    await database.close()
    return keys
