"""The journey put together from the classes that serve one gateway process."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec

from headworks.balancing.concurrency import Permits
from headworks.balancing.headroom import Headroom
from headworks.balancing.health import HealthBook
from headworks.balancing.queue.queues import Queues
from headworks.balancing.queue.room import KnownLoads
from headworks.balancing.retry_budget import RetryBucket
from headworks.balancing.spill import InFlight, Spilling
from headworks.balancing.strategies import Strategies
from headworks.domain.snapshot import Snapshot
from headworks.guards.pattern import PatternGuards
from headworks.journey import Attempt, Authorise, Cache, Guard, Identify, Journey, Limits, Meter, Observe, Route
from headworks.journey.admission import Admission
from headworks.journey.foreign import Foreign
from headworks.journey.permission import Permission
from headworks.journey.planner import Planner
from headworks.journey.route import Ways
from headworks.journey.shadows import Shadows
from headworks.journey.versioning import Versioning
from headworks.policies import PolicyBook
from headworks.ports.clock import Clock
from headworks.ports.foreign import ForeignIds
from headworks.ports.interpreter import Interpreter
from headworks.ports.references import References
from headworks.ports.responses import Responses
from headworks.ports.rollouts import Positions
from headworks.ports.stores import Counters, Journal, Keys
from headworks.ports.upstream import Upstream
from headworks.providers.rate_headers import RATE_HEADERS
from headworks.stores.memory import MemoryAnswers, MemoryReplays


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """What the journey stands on: the ports with a world behind them."""

    clock: Clock
    journal: Journal
    upstream: Upstream
    interpreter: Interpreter
    counters: Counters
    keys: Keys
    references: References
    ids: ForeignIds
    responses: Responses
    positions: Positions
    shadows: Shadows


class Balancing(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of targets, and who goes by it."""

    health: HealthBook
    strategies: Strategies
    queues: Queues


def balancing_of(health: HealthBook, clock: Clock) -> Balancing:
    """Of one gateway process."""
    chance = random.Random()  # noqa: S311 - it draws targets, and whom to shed: no secrets
    strategies = Strategies(chance, health, clock, Headroom(RATE_HEADERS))
    room = KnownLoads(strategies.loads)
    permits = Permits(clock, room.said, room.expected)
    return Balancing(health=health, strategies=strategies, queues=Queues(permits, health, chance, room))


def compose(outside: Outside, snapshots: Callable[[], Snapshot], balancing: Balancing) -> Journey:
    """All nine stages, in the order of `JOURNEY`. `snapshots` gives the one in force: at start for sizes that are fixed from then
    on, later for what belongs to no call.
    """
    health = balancing.health
    clock, journal, interpreter = outside.clock, outside.journal, outside.interpreter
    chance = random.Random()  # noqa: S311 - it draws targets and pauses, no secrets
    permission = Permission(Planner(), PolicyBook())
    versioning = Versioning(outside.positions, permission, interpreter, outside.shadows, chance)
    guards = PatternGuards()
    health = balancing.health
    strategies = Spilling(balancing.strategies, InFlight(health), clock)
    admission = Admission(balancing.queues, strategies, clock)
    ways = Ways(permission, strategies, health, RetryBucket(clock, lambda: snapshots().retry_budget), admission)
    stages = (
        Observe(journal, clock),
        Identify(outside.keys),
        Authorise(
            interpreter,
            permission,
            outside.references,
            Foreign(outside.ids, outside.responses, permission),
            versioning,
        ),
        Limits(outside.counters),
        Guard(lambda now: guards.of(now.guards), interpreter),
        Cache(MemoryAnswers(clock, snapshots().cache.max_bytes), MemoryReplays(clock), interpreter),
        Meter(journal, clock),
        Route(ways, clock, chance, interpreter, outside.responses),
        Attempt(outside.upstream, interpreter, health, clock, outside.ids, outside.responses),
    )
    journey = Journey(stages, clock)
    outside.shadows.serve_with(journey)
    return journey
