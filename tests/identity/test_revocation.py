"""From a revocation's commit to its refusal by every replica, over a real database with many keys."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import shutil
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from headworks.domain.errors import Fault
from headworks.domain.limits import Unit
from headworks.domain.records import Bounds, KeyRecord, LimitRule, Party, PartyKind
from headworks.domain.snapshot import Snapshot
from headworks.identity import Directory
from headworks.ports.records import EVERYWHERE
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.records.loading import load
from headworks.stores.sql.records.store import SqlRecords
from headworks.wiring.clock import SystemClock
from headworks.wiring.records import RecordsOnceThere
from headworks.wiring.records_in_sql import once_made
from tests.identity.house import nothing_published
from tests.identity.records import DIGESTS
from tests.sql.house import AUDIT, SEAL, migrate

REPLICAS = 3
NOW = Snapshot(revision="r")


def key_text(number: int) -> bytes:
    return f"sk-imported-{number}".encode()


def parties() -> Iterator[Party]:
    limits = {f"rule-{number}": LimitRule(unit=Unit.REQUESTS, amount=1_000 + number, seconds=60) for number in range(4)}
    yield Party(id="org_a", kind=PartyKind.ORGANISATION, name="a", bounds=Bounds(models=("*",), limits=limits))
    for team in range(100):
        yield Party(id=f"team_{team}", kind=PartyKind.TEAM, name=f"t{team}", parent="org_a", bounds=Bounds(limits=limits))


def keys(number: int) -> Iterator[KeyRecord]:
    for at in range(number):
        digest = hashlib.sha256(key_text(at)).digest()
        yield KeyRecord(
            id=f"key_{at:032x}", owner=f"team_{at % 100}", name="k", prefix="sk-", digest=digest, imported=True, version=1
        )


class Fleet:
    """Replicas of a gateway, each with its own way to the database."""

    def __init__(self, url: str) -> None:
        self.clock = SystemClock()
        self.database = Database(url)
        self.acts = Acts(self.database, self.clock, SEAL)
        self.records = SqlRecords(self.database, self.clock, self.acts)
        self.own = [Database(url) for _ in range(REPLICAS)]
        self.directories = [
            Directory(RecordsOnceThere(once_made(database, self.clock)), DIGESTS, nothing_published, self.clock)
            for database in self.own
        ]

    @asynccontextmanager
    async def following(self) -> AsyncGenerator[None]:
        said: list[str] = []
        tasks = [asyncio.create_task(directory.feed.follow(said.append)) for directory in self.directories]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for database in (self.database, *self.own):
                await database.close()

    async def known(self, number: int) -> bool:
        """Wait until all replicas know the key and need not ask: one whose feed came late looks again."""
        until = self.clock.now() + 60
        while self.clock.now() < until:
            found = [await directory.find(key_text(number), NOW) for directory in self.directories]
            if all(found) and all(directory.peek(key_text(number), NOW) for directory in self.directories):
                return True
        return False

    async def revoke(self, number: int) -> float:
        """Revoke the key; seconds from the commit until every replica has refused it."""
        key = await self.records.key(f"key_{number:032x}", reach=EVERYWHERE)
        await self.records.put_key(msgspec.structs.replace(key, revoked_at=self.clock.wall_ns()), reach=EVERYWHERE, audit=AUDIT)
        committed = self.clock.now()
        await asyncio.gather(*(self._refused(directory, number) for directory in self.directories))
        return self.clock.now() - committed

    async def _refused(self, directory: Directory, number: int) -> None:
        until = self.clock.now() + 60
        while directory.peek(key_text(number), NOW) is not None:
            assert self.clock.now() < until, "a replica goes on serving a revoked key"
            await self.clock.sleep(0.002)  # what a client that goes on asking would see
        with pytest.raises(Fault, match="was revoked"):
            await directory.find(key_text(number), NOW, peer=f"client {number}")


def revocation_times(url: str, number: int, rounds: int) -> list[float]:
    """Of `rounds` keys among `number`, begun at times that know nothing of the replicas' polls."""
    chance = random.Random(7)  # noqa: S311 - it chooses keys to revoke
    chosen = chance.sample(range(number), rounds)

    async def one(fleet: Fleet, key: int) -> float:
        await fleet.clock.sleep(chance.random() * rounds / 20)
        assert await fleet.known(key)
        return await fleet.revoke(key)

    async def whole() -> list[float]:
        fleet = Fleet(url)
        await load(fleet.acts, parties(), keys(number), audit=AUDIT)
        async with fleet.following():
            return sorted(await asyncio.gather(*(one(fleet, key) for key in chosen)))

    return asyncio.run(whole())


def empty(directory: Path) -> str:
    return migrate(f"sqlite:///{directory / 'headworks.db'}")


def report(times: list[float], number: int) -> None:
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    print(
        f"{number:,} keys, {REPLICAS} replicas, {len(times)} revocations: p50 {p50:.3f} s, p99 {p99:.3f} s, worst {times[-1]:.3f} s"
    )


def test_a_revoked_key_is_refused_by_all_replicas(tables: str) -> None:
    times = revocation_times(tables, 20_000, 20)

    report(times, 20_000)
    assert len(times) == 20


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_same_among_a_million_keys(tmp_path: Path) -> None:
    number = int(os.environ.get("HEADWORKS_PROVE_KEYS", "1000000"))
    if shutil.disk_usage(tmp_path).free < 2_000_000_000:
        pytest.skip("two gigabytes of disk are needed")
    times = revocation_times(empty(tmp_path), number, 200)

    report(times, number)
    assert times[int(len(times) * 0.99)] <= 1.0
