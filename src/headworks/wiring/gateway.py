"""The gateway process: every concrete class of the data plane, made and taken down in order."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from headworks import __version__
from headworks.balancing.health import HealthBook
from headworks.balancing.load import LoadBook
from headworks.balancing.positions import PositionBook
from headworks.dialects.anthropic import Anthropic
from headworks.dialects.bedrock import Bedrock
from headworks.dialects.cohere import Cohere
from headworks.dialects.gemini import Gemini
from headworks.dialects.hub import Hub
from headworks.dialects.ollama import Ollama
from headworks.dialects.openai_chat import OpenAIChat
from headworks.dialects.openai_responses import OpenAIResponses
from headworks.dialects.passthrough import PassThroughDialect
from headworks.domain.gauges import DirectoryGauges, EngineGauges, Gauges, RolloutGauges, ShadowGauges, SharedGauges
from headworks.domain.snapshot import KEPT, Snapshot
from headworks.edge import Door, Edge
from headworks.edge.ids import exchange_id
from headworks.exporters.sockets import TellingSocket, names_path, socket_path
from headworks.identity import Introductions, PepperedForeignIds, PepperedReferences
from headworks.journey.shadows import Shadows
from headworks.ports.clock import Clock
from headworks.ports.stores import Counters
from headworks.stores.journal import SegmentedJournal, Upkeep
from headworks.stores.journal.instance import instance_of
from headworks.stores.memory import MemoryCounters
from headworks.transport import PooledUpstream
from headworks.wiring.books import standing_of
from headworks.wiring.engines import EnginePolls
from headworks.wiring.engines.poll import Asking
from headworks.wiring.handover import Handover
from headworks.wiring.identity import open_directory, peppers_for
from headworks.wiring.live_config import LiveConfig
from headworks.wiring.memory import settle
from headworks.wiring.process_life import Life
from headworks.wiring.responses import open_responses
from headworks.wiring.rollouts import follow_rollouts
from headworks.wiring.stages import Outside, balancing_of, compose
from headworks.wiring.voice import say

_CREDENTIALS_WITHIN = 2.0
"""Seconds that a start waits for credentials: what comes later is refused so long, or served elsewhere."""


async def run_gateway(live: LiveConfig, clock: Clock, life: Life) -> None:
    """Serve until told to stop, then drain. Raises `Fault` where nothing can be recorded."""
    async with AsyncExitStack() as stack:
        house = await _open(live, life.orders.journal, clock, stack)
        await live.credentials.warm(_CREDENTIALS_WITHIN)
        following = asyncio.create_task(live.follow(life.reload), name="follow configuration")
        stack.push_async_callback(_cancel, following)
        replacing = not house.handover.alone
        if replacing:
            life.ready()  # so that the predecessor is told to leave: two who count apart must not serve at once
            await house.handover.take_over()
        await house.edge.serve(life.sockets)
        settle()
        if not replacing:
            life.ready()
        await life.stop.wait()
        house.draining = True
        await house.edge.drain(live.snapshot.edge.drain)


def complain(trouble: BaseException) -> None:
    """Of what should not have happened: the loop goes on. Only the place of the trouble is told, for its words could hold a secret."""
    say(f"internal error: {type(trouble).__name__} at {_place(trouble)}")


def _place(trouble: BaseException) -> str:
    trace = trouble.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "an unknown place"


class _House:
    """The data plane, made."""

    def __init__(
        self,
        live: LiveConfig,
        edge: Edge,
        upstream: PooledUpstream,
        journal: SegmentedJournal,
        health: HealthBook,
        handover: Handover,
    ) -> None:
        self.live = live
        self.edge = edge
        self.upstream = upstream
        self.journal = journal
        self.health = health
        self.handover = handover
        self.shared: Callable[[], SharedGauges] | None = None
        """How counting together goes."""
        self.directory: Callable[[], DirectoryGauges] = DirectoryGauges
        """What is remembered of callers."""
        self.rollouts: Callable[[], dict[str, RolloutGauges]] = dict
        """How rollouts go here, and their shadows."""
        self.shadows: Callable[[], ShadowGauges] = ShadowGauges
        self.queues: Callable[[], dict[str, dict[str, int]]] = dict
        """How many wait for models."""
        self.engines: Callable[[], dict[str, EngineGauges]] = dict
        """What engines say of themselves."""
        self.draining = False

    def gauges(self) -> Gauges:
        """What the journal can't tell."""
        door = self.edge.gauges()
        return Gauges(
            process=f"gateway-{os.getpid()}",
            pid=os.getpid(),
            version=__version__,
            revision=self.live.snapshot.revision,
            ready=not self.draining,
            draining=self.draining,
            config_revision=self.live.revision,
            config_rejected=self.live.rejected,
            inflight=door.inflight,
            connections={"client": door.connections, "upstream": sum(row.open for row in self.upstream.stats())},
            health=self._health(),
            panics=self.health.panics(),
            journal=self.journal.gauges(),
            shared=self.shared() if self.shared is not None else None,
            directory=self.directory(),
            credentials=self.live.credentials.gauges(),
            replicas=self.live.replicas,
            engines=self.engines(),
            rollouts=self.rollouts(),
            shadows=self.shadows(),
            queues=self.queues(),
        )

    def _health(self) -> dict[str, float]:
        """Of the targets that the configuration names: names that callers make up would be endless."""
        named = {target.name for model in self.live.snapshot.models.values() for target in model.every_target}
        return {name: self.health.gauge(condition) for name, condition in self.health.conditions() if name in named}


async def _open(live: LiveConfig, journal_dir: Path, clock: Clock, stack: AsyncExitStack) -> _House:
    """Make the house; what was opened first is closed last."""
    snapshot = live.snapshot
    live.keep_credentials()
    stack.push_async_callback(live.credentials.close)
    name = f"gateway-{os.getpid()}"
    journal = SegmentedJournal(msgspec.structs.replace(snapshot.journal, directory=str(journal_dir)), name, clock, say)
    stack.callback(journal.close)
    upkeep = asyncio.create_task(Upkeep(journal, clock, say).run(), name="journal upkeep")
    stack.push_async_callback(_cancel, upkeep)
    upstream = PooledUpstream(clock)
    stack.push_async_callback(upstream.aclose)
    spoken = {language.name: language for language in (Bedrock(),)}
    dialects = (OpenAIChat(), OpenAIResponses(), Anthropic(), Gemini(), Cohere(), Ollama(clock.now), PassThroughDialect())
    interpreter = Hub({dialect.name: dialect for dialect in dialects}, spoken)
    health = HealthBook(clock, lambda: live.snapshot.breaker, say)
    balancing = balancing_of(health, clock)
    loads = balancing.strategies.loads
    live.on_gone = lambda url: loads.forget(urlsplit(url).netloc)
    counters, shared = await _counters(snapshot, journal, journal_dir, clock, stack)
    peppers = peppers_for(snapshot, journal_dir)
    introductions = Introductions(PepperedReferences(peppers), lambda: live.snapshot.customers.names == KEPT)
    keys = await open_directory(snapshot, journal_dir, peppers, clock, stack)
    positions = PositionBook()
    await follow_rollouts(snapshot, journal_dir, clock, positions.swap, stack)
    chance = random.Random()  # noqa: S311 - it makes ids unlikely to meet, not hard to guess
    shadows = Shadows(interpreter, clock, lambda: exchange_id(clock.wall_ns(), chance), complain)
    stack.push_async_callback(shadows.aclose)
    outside = Outside(
        clock=clock,
        journal=journal,
        upstream=upstream,
        interpreter=interpreter,
        counters=counters,
        keys=keys,
        references=introductions,
        ids=PepperedForeignIds(peppers),
        responses=await open_responses(snapshot, journal_dir, peppers, clock, stack),
        positions=positions,
        shadows=shadows,
    )
    journey = compose(outside, lambda: live.snapshot, balancing)
    edge = Edge(
        Door(
            journey=journey,
            snapshots=lambda: live.snapshot,
            interpreter=interpreter,
            clock=clock,
            chance=chance,
            complain=complain,
        )
    )
    handover = Handover(journal_dir, journal.chain.epoch, counters, clock, say)
    _tell_others(snapshot, f"{instance_of(journal_dir)}/{journal.chain.epoch.stem}", loads, clock, stack)
    polls = EnginePolls(Asking(upstream, clock, chance, loads.report, say), lambda: live.snapshot, complain)
    stack.push_async_callback(_cancel, asyncio.create_task(polls.run(), name="poll engines"))
    house = _House(live, edge, upstream, journal, health, handover)
    house.shared = shared
    house.directory = keys.gauges
    house.rollouts = positions.gauges
    house.shadows = shadows.gauges
    house.queues = balancing.queues.waiting
    house.engines = polls.gauges
    if shared is None:  # shared counters outlive us by themselves
        await handover.learn(lambda: standing_of(snapshot.database, journal_dir, clock))
    stack.push_async_callback(_cancel, asyncio.create_task(handover.follow(), name="follow predecessors"))
    for path, read in (
        (socket_path(journal_dir, os.getpid()), house.gauges),
        (names_path(journal_dir, os.getpid()), introductions.take),
    ):
        telling = TellingSocket(path, read)
        await telling.open()
        stack.push_async_callback(telling.close)
    return house


async def _counters(
    snapshot: Snapshot, journal: SegmentedJournal, journal_dir: Path, clock: Clock, stack: AsyncExitStack
) -> tuple[Counters, Callable[[], SharedGauges] | None]:
    """Who counts: this process alone, or a server that several gateways share, and then how that goes."""
    if not snapshot.cluster.url:
        return MemoryCounters(clock), None
    from headworks.wiring.counters import open_counters  # noqa: PLC0415 - most gateways count alone, and need no client of a server

    shared = await open_counters(snapshot, journal_dir, journal.chain.epoch, clock, stack)
    return shared, lambda: shared.status


def _tell_others(snapshot: Snapshot, process: str, loads: LoadBook, clock: Clock, stack: AsyncExitStack) -> None:
    """Where several gateways share a server, of what each has sent where."""
    if snapshot.cluster.url:
        from headworks.wiring.gossip import start_gossip  # noqa: PLC0415 - as above

        start_gossip(snapshot.cluster, process, loads, clock, stack)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
