"""One run: a trace through gateways to engines, event by event."""

from __future__ import annotations

import random
from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

import msgspec

from headworks.balancing.concurrency import Permits
from headworks.balancing.gossip import Gossip
from headworks.balancing.health import HealthBook
from headworks.balancing.latency import PRIOR_BASE, PRIOR_PER_TOKEN, Latency
from headworks.balancing.load import LoadBook
from headworks.balancing.prefix import PrefixIndex
from headworks.balancing.queue.place import Place
from headworks.balancing.queue.queues import Queues
from headworks.balancing.queue.room import KnownLoads
from headworks.balancing.queue.ticket import ticket_of
from headworks.domain.dispatch import Choice, Dispatch
from headworks.domain.envelope import Envelope
from headworks.domain.errors import Fault
from headworks.domain.queue_rules import QueueRules
from headworks.domain.target import Origin, SentModel, Target
from headworks.domain.usage import Usage
from headworks.ports.clock import Clock
from headworks.simulation.baselines import CHOOSERS
from headworks.simulation.trace import MOONCAKE_BLOCK, Arrival
from headworks.testing.engine import Engine, EngineModel, Job

ATTEMPTS = 3
TICK = 0.05
"""Seconds between two looks at whether engines have room again."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A fleet, and what is wrong with it."""

    speeds: tuple[float, ...] = (1.0,) * 8
    """Of each replica."""
    engine: EngineModel = EngineModel()
    gateways: int = 1
    poll: float = 0.5
    """Seconds between two looks at an engine's metrics."""
    gossip: float = 0.1
    """Seconds between two words of what gateways tell each other."""
    prior: float = 1.0
    """What the gateways think that a token takes, by what it takes at speed 1."""
    dies_at: float | None = None
    """When the first replica is lost, as a share of the trace."""
    flood: float = 0.0
    """The share of requests that is one tenant's."""
    queue: QueueRules | None = None
    """Requests wait in the gateways by these."""


class Served(NamedTuple):
    """One request, at the end."""

    tenant: str
    first_token: float
    """Seconds from its arrival."""
    attempts: int


class Outcome(msgspec.Struct, frozen=True):
    """Of one run."""

    served: tuple[Served, ...]
    lost: int
    hit_rate: float
    imbalance: float
    """The prompt tokens read by the busiest replica, by the mean."""


class _Time:
    """A `Clock` that stands until it is moved."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        return self.at

    def wall_ns(self) -> int:
        return int(self.at * 1e9)

    async def sleep(self, seconds: float, /) -> None:
        raise NotImplementedError(f"nobody sleeps {seconds} s here")


class Gateway:
    """What one gateway knows, and chooses by."""

    def __init__(self, name: str, chooser: str, clock: Clock, setting: Setting, chance: random.Random) -> None:
        self.index = PrefixIndex()
        per_token = PRIOR_PER_TOKEN * setting.prior
        self.book = LoadBook(clock, self.index, lambda: Latency(PRIOR_BASE, per_token), MOONCAKE_BLOCK)
        self.gossip = Gossip(name, self.book)
        self.health = HealthBook(clock)
        self.chooser = CHOOSERS[chooser](self.book, chance)
        room = KnownLoads(self.book)
        self.queues = Queues(Permits(clock, room.said, room.expected), self.health, chance, room)


class _Asked:
    """One request under way, over its attempts."""

    def __init__(self, run: Run, arrival: Arrival, gateway: Gateway) -> None:
        self._run = run
        self._arrival = arrival
        self._gateway = gateway
        self._left = list(run.targets)
        self._choice: Choice
        self._dispatch: Dispatch
        self.attempts = 0
        self._begun = False
        self._place: Place | None = None
        self._envelope = Envelope(
            tenant=arrival.tenant,
            prompt_tokens=arrival.tokens,
            output_tokens=arrival.output,
            streamed=True,
            blocks=arrival.blocks,
        )

    def come(self) -> None:
        """It arrives: it is sent on, or waits for its turn."""
        rules = self._run.setting.queue
        if rules is None:
            self.go()
            return
        ticket = ticket_of(self._envelope, self._left, 1.0, 0)
        self._place = self._gateway.queues.enter(rules, ticket, self._hear)
        if self._place.admitted:
            self.go()

    def _hear(self, fault: Fault | None) -> None:
        if fault is not None:
            self._run.lost += 1
        elif self._place is not None:  # else it has not even waited: see `come`
            self.go()

    def go(self) -> None:
        """The next attempt."""
        run, gateway, arrival = self._run, self._gateway, self._arrival
        self.attempts += 1
        open_now = [target for target in self._left if gateway.health.reopens_in(target) <= 0.0] or self._left
        if self._place is not None:
            open_now = list(self._place.open(open_now))
        self._choice = gateway.chooser.choose(self._envelope, open_now, gateway.health)
        if self._place is not None:
            self._choice = self._place.follow(self._choice)
        assert self._choice.dispatch is not None
        self._dispatch = self._choice.dispatch
        gateway.health.began(self._choice.target)
        self._dispatch.sent()
        run.give(self._choice.target.name, Job(arrival, self._on_began, self._on_ended, self._on_lost))

    def _on_began(self, job: Job) -> None:
        del job
        self._dispatch.began()
        if not self._begun:
            self._begun = True
            self._leave()
            waited = self._run.time.at - self._arrival.at
            self._run.served.append(Served(self._arrival.tenant, waited, self.attempts))

    def _on_ended(self, job: Job) -> None:
        self._gateway.health.ended(self._choice.target, None, 0.0)
        self._dispatch.ended(None, Usage(input=self._arrival.tokens, cache_read=job.cached))

    def _on_lost(self, job: Job) -> None:
        del job
        fault = Fault("upstream_error", "The replica is gone.")
        self._gateway.health.ended(self._choice.target, fault, 0.0)
        self._dispatch.ended(fault, None)
        if not self._begun:
            self._left.remove(self._choice.target)
            if self.attempts < ATTEMPTS and self._left:
                self.go()
            else:
                self._leave()
                self._run.lost += 1

    def _leave(self) -> None:
        if self._place is not None:
            self._place.leave()


class Run:
    """`outcome` plays a trace to its end."""

    def __init__(self, chooser: str, setting: Setting, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - it draws gateways and ties
        self.time = _Time()
        self.engines = {
            f"replica-{number}/m": Engine(f"replica-{number}/m", msgspec.structs.replace(setting.engine, speed=speed))
            for number, speed in enumerate(setting.speeds)
        }
        self.targets = [_target(name) for name in self.engines]
        self.served: list[Served] = []
        self.lost = 0
        self.setting = setting
        self._chance = chance
        self._gateways = [
            Gateway(f"gateway-{number}", chooser, self.time, setting, chance) for number in range(setting.gateways)
        ]
        self._events: list[tuple[float, int, Engine | Arrival | str]] = []
        self._order = count()

    def outcome(self, arrivals: Sequence[Arrival]) -> Outcome:
        """Everything that happens to them."""
        for arrival in arrivals:
            self._at(arrival.at, arrival)
        end = arrivals[-1].at
        self._at(0.0, "poll")
        if self.setting.gateways > 1:
            self._at(self.setting.gossip, "gossip")
        if self.setting.queue is not None:
            self._at(TICK, "tick")
        if self.setting.dies_at is not None:
            self._at(self.setting.dies_at * end, "death")
        while self._events and len(self.served) + self.lost < len(arrivals):
            at, _, what = heappop(self._events)
            self.time.at = at
            match what:
                case Engine():
                    if what.due == at:  # else it was cut short, and comes again
                        what.advance()
                        self._again(what)
                case Arrival():
                    gateway = self._gateways[int(self._chance.random() * len(self._gateways))]
                    _Asked(self, what, gateway).come()
                case _:
                    self._housekeeping(what)
        return self._summed()

    def give(self, name: str, job: Job) -> None:
        """To one of the engines."""
        engine = self.engines[name]
        due = engine.due
        engine.take(job, self.time.at)
        if engine.due != due:
            self._again(engine)

    def _housekeeping(self, what: str) -> None:
        if what == "poll":
            self._poll()
            self._at(self.time.at + self.setting.poll, what)
        elif what == "gossip":
            words = [gateway.gossip.word() for gateway in self._gateways]
            for gateway in self._gateways:
                for word in words:
                    if word is not None:
                        gateway.gossip.hear(word)
            self._at(self.time.at + self.setting.gossip, what)
        elif what == "tick":
            for gateway in self._gateways:
                gateway.queues.tick()
            self._at(self.time.at + TICK, what)
        else:
            next(iter(self.engines.values())).die()

    def _poll(self) -> None:
        for gateway in self._gateways:
            for name, engine in self.engines.items():
                if engine.alive:
                    gateway.book.report(name, engine.load(self.time.at))

    def _again(self, engine: Engine) -> None:
        if engine.due is not None:
            self._at(engine.due, engine)

    def _at(self, at: float, what: Engine | Arrival | str) -> None:
        heappush(self._events, (at, next(self._order), what))

    def _summed(self) -> Outcome:
        engines = self.engines.values()
        read = [engine.asked - engine.hit for engine in engines]
        asked = sum(engine.asked for engine in engines)
        hit = sum(engine.hit for engine in engines) / max(asked, 1)
        return Outcome(tuple(self.served), self.lost, hit, max(read) * len(read) / max(sum(read), 1))


def _target(name: str) -> Target:
    origin = Origin("http", name.partition("/")[0], 80)
    return Target(
        name=name, provider=name.partition("/")[0], dialect="", model=SentModel("m"), origin=origin, heads={}, price=None
    )
