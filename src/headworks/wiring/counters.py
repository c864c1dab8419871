"""Counting on a server that several gateways share. Importing it loads what speaks to one."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from pathlib import Path

from headworks.domain.snapshot import ClusterSettings, Snapshot
from headworks.ports.clock import Clock
from headworks.ports.stores import Spent
from headworks.stores.journal.instance import instance_of
from headworks.stores.journal.segment import Epoch
from headworks.stores.sql.address import DatabaseUnusable
from headworks.stores.valkey import Settings, ValkeyCounters, World, read_address
from headworks.wiring.books import standing_of
from headworks.wiring.disputes import Disputes
from headworks.wiring.voice import say

PATIENCE = 3.0
"""Seconds at start for a server to be found: requests are served without it too, by what may pass unchecked."""


async def open_counters(
    snapshot: Snapshot, journal_dir: Path, epoch: Epoch, clock: Clock, stack: AsyncExitStack
) -> ValkeyCounters:
    """Closed with the stack."""

    async def spent() -> Spent:
        try:
            booked = await standing_of(snapshot.database, journal_dir, clock)
        except DatabaseUnusable as trouble:  # who has been serving for long goes on
            raise OSError(str(trouble)) from None
        return Spent(units=booked.spent, through=booked.through)

    chance = random.Random()  # noqa: S311 - it makes names of generations, which nobody guesses at
    process = f"{instance_of(journal_dir)}/{epoch.stem}"
    shared = ValkeyCounters(_settings(snapshot.cluster, process), World(clock=clock, chance=chance, say=say, spent=spent))
    stack.push_async_callback(shared.close)
    disputes = Disputes(journal_dir, instance_of(journal_dir), shared, clock)
    task = asyncio.create_task(disputes.run(), name="settle disputes")
    stack.push_async_callback(_cancel, task)
    if not await shared.open(PATIENCE):
        say("shared counters: not there yet. Until they are, requests are limited by what cluster.local_allowance lets pass")
    return shared


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _settings(cluster: ClusterSettings, process: str) -> Settings:
    return Settings(
        address=read_address(cluster.url),
        process=process,
        patience=cluster.timeout_ms / 1000,
        share=cluster.local_allowance,
    )
