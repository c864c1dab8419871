"""A directory over fake records and a clock that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from headworks.domain.errors import Fault
from headworks.domain.issuer import IdentitySettings, Issuer
from headworks.domain.principal import Principal
from headworks.domain.snapshot import Snapshot
from headworks.identity import Directory
from headworks.identity.keys import looks_like_token
from headworks.testing import FrozenClock
from tests.identity.records import DIGESTS, FakeLookups, key_of, organisation

Result = TypeVar("Result")


async def nothing_published(url: str) -> bytes:
    raise OSError(url)


class House:
    """One organisation with one key, known to the records."""

    def __init__(self, most: int = 10_000, fetch: Callable[[str], Awaitable[bytes]] = nothing_published) -> None:
        self.clock = FrozenClock()
        self.records = FakeLookups()
        self.org = self.records.put_party(organisation())
        self.key, self.record = key_of(self.org)
        self.records.put_key(self.record)
        self.directory = Directory(self.records, DIGESTS, fetch, self.clock, most)
        self.snapshot = snapshot()

    def peek(self) -> Principal | None:
        return self.directory.peek(self.key, self.snapshot)

    async def find(self, key: bytes | None = None, peer: str = "") -> Principal | None:
        """The holder; None where it is not known as a key, or no longer good as one."""
        try:
            return await self.directory.find(key or self.key, self.snapshot, peer)
        except Fault as refused:
            if refused.code != "invalid_api_key" or looks_like_token(key or self.key):
                raise
            return None

    async def look(self) -> None:
        """One look at the change log, a quarter of a second after the last."""
        self.clock.advance(0.25)
        await self.directory.feed.look()


def snapshot(stale_for: float = 0.0, issuers: Mapping[str, Issuer] | None = None, revision: str = "r1") -> Snapshot:
    return Snapshot(revision=revision, identity=IdentitySettings(issuers=dict(issuers or {}), stale_for=stale_for))


def in_house(act: Callable[[House], Awaitable[Result]], most: int = 10_000) -> Result:
    """Run one test's act in a new house, with the change log read once."""

    async def whole() -> Result:
        house = House(most)
        await house.directory.feed.look()
        return await act(house)

    return asyncio.run(asyncio.wait_for(whole(), 60))


async def turns(number: int = 20) -> None:
    """Let others run."""
    for _ in range(number):
        await asyncio.sleep(0)
