"""Gateways that share a server tell each other of what they have sent where. Importing it loads what speaks to one."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from headworks.balancing.gossip import Gossip
from headworks.balancing.load import LoadBook
from headworks.domain.snapshot import ClusterSettings
from headworks.ports.clock import Clock
from headworks.stores.valkey import ROOT, Broadcast, read_address
from headworks.wiring.voice import say

EVERY = 0.1
"""Seconds between two words of one gateway: what others send in between is not seen."""
_CHANNEL = f"{ROOT}sent:"


def start_gossip(cluster: ClusterSettings, process: str, loads: LoadBook, clock: Clock, stack: AsyncExitStack) -> None:
    """`process` is another one for each gateway. Ends with the stack."""
    gossip = Gossip(process, loads)
    address = read_address(cluster.url)
    broadcast = Broadcast(address, f"{_CHANNEL}{address.database}", clock, EVERY)  # a server's databases share its channels
    task = asyncio.create_task(broadcast.run(gossip.word, gossip.hear, say), name="gossip")

    async def stop() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(stop)
