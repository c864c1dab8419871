"""A wire language simple enough to see through, and the whole journey put together around it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from headworks.balancing.concurrency import Permits
from headworks.balancing.headroom import Headroom
from headworks.balancing.health import HealthBook
from headworks.balancing.positions import PositionBook
from headworks.balancing.queue.queues import Queues
from headworks.balancing.queue.room import KnownLoads
from headworks.balancing.retry_budget import RetryBucket
from headworks.balancing.spill import InFlight, Spilling
from headworks.balancing.strategies import Strategies
from headworks.domain.call import Ask, Call, Kind
from headworks.domain.errors import Fault, UpstreamSaid
from headworks.domain.limits import Limit, Unit
from headworks.domain.principal import Principal
from headworks.domain.reply import Reply
from headworks.domain.shape import Shape, Shaped
from headworks.domain.snapshot import Listed, Snapshot
from headworks.domain.target import AskedModel, Target
from headworks.domain.usage import Usage
from headworks.domain.where import NOWHERE, Where
from headworks.identity import Pepper, PepperedForeignIds, PepperedReferences
from headworks.journey import Attempt, Authorise, Cache, Guard, Identify, Journey, Limits, Meter, Observe, Route
from headworks.journey.admission import Admission
from headworks.journey.foreign import Foreign
from headworks.journey.permission import Permission
from headworks.journey.planner import Planner
from headworks.journey.route import Ways
from headworks.journey.shadows import Shadows
from headworks.journey.versioning import Versioning
from headworks.policies import PolicyBook
from headworks.ports.conversation import Judge, Opening
from headworks.ports.extension import Guard as Judging
from headworks.ports.interpreter import Interpreter, Prepared
from headworks.ports.stage import Proceed, Stage
from headworks.providers.rate_headers import RATE_HEADERS
from headworks.stores.memory import MemoryAnswers, MemoryCounters, MemoryReplays, MemoryShelf
from headworks.stores.responses import SealedResponses
from headworks.testing import FrozenClock, MemoryJournal, MemoryKeys, ScriptedUpstream, seeded
from tests.journey.following import Following

KEY = b"hw-test"


class _Asked(msgspec.Struct):
    model: str
    stream: bool = False
    max_tokens: int | None = None


class PlainRelay:
    """Passes bytes on. `[DONE]` ends a stream, `ERR` is an error inside it, `usage:IN,OUT` is a report, `tier:` what served it."""

    def __init__(self) -> None:
        self.began = False
        self.ended = False
        self.fault: Fault | None = None
        self.usage: Usage | None = None
        self.usage_final = False
        self.pieces = 0
        self.content_bytes = 0
        self.served_model = "served"
        self.service_tier = ""
        self.upstream_id = "up-1"

    def feed(self, data: bytes) -> bytes:
        if b"ERR" in data:
            self.fault = Fault("severed", "The upstream said ERR.")
            return b""
        if b"tier:" in data:
            self.service_tier = data.partition(b"tier:")[2].split()[0].decode()
        if b"usage:" in data:
            counts = data.partition(b"usage:")[2].split(b"\n")[0].strip(b'"}').split(b",")
            self.usage = Usage(input=int(counts[0]), output=int(counts[1]))
            self.usage_final = True
        if b"[DONE]" in data:
            self.ended = True
        else:
            self.began = True
            self.pieces += 1
            self.content_bytes += len(data)
        return data

    def close(self) -> bytes:
        if not self.ended and self.fault is None:
            self.fault = Fault("severed", "The stream stopped before its end.")
        return b""

    def fail(self, fault: Fault, request_id: str) -> bytes:
        del request_id
        return f"error:{fault.code}: {fault.message}".encode()

    def estimated_output(self) -> int:
        return self.pieces


class WholeRelay(PlainRelay):
    """The same for an answer in one piece."""

    def close(self) -> bytes:
        self.ended = True
        return b""


class PlainInterpreter:
    """`ports.interpreter.Interpreter` of one dialect that is JSON going out and anything coming in."""

    secrets_seen: tuple[bytes, ...] = ()
    mute: frozenset[str] = frozenset()
    """Names of targets that can't express anything."""

    def read_ask(self, front: str, kind: Kind, body: bytes, where: Where = NOWHERE) -> Ask:
        del front, kind, where
        try:
            asked = msgspec.json.decode(body, type=_Asked)
        except msgspec.DecodeError as error:
            raise Fault("invalid_json", str(error)) from error
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        return Ask(
            model=AskedModel(asked.model), stream=asked.stream, max_tokens=asked.max_tokens, prompt_tokens=7, fields=fields
        )

    def shape(self, front: str, kind: Kind, ask: Ask, shape: Shape) -> Shaped:
        raise NotImplementedError

    def prepare(self, front: str, kind: Kind, ask: Ask, body: bytes, target: Target, cap: int | None) -> Prepared:
        del front, kind, cap
        if target.name in self.mute:
            raise Fault("inexpressible", "This target cannot say it.")
        return Prepared(body, PlainRelay() if ask.stream else WholeRelay())

    def converse(self, front: str, call_id: str, model: str, judge: Judge, cap: int | None) -> Opening:
        raise NotImplementedError

    def prompt_text(self, front: str, kind: Kind, ask: Ask) -> str:
        del front, kind, ask
        return "the question"

    def answer_text(self, front: str, answer: bytes, *, stream: bool) -> str | None:
        raise NotImplementedError

    def read_fault(
        self,
        dialect: str,
        status: int,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        secrets: tuple[bytes, ...] = (),
    ) -> Fault:
        self.secrets_seen = secrets
        retry_after = next((float(value) for name, value in headers if name == b"retry-after"), None)
        if status == 429:
            return Fault("upstream_throttled", "throttled", retry_after=retry_after)
        if status >= 500:
            return Fault("upstream_error", "broken")
        said = UpstreamSaid(status, dialect, b"application/json", body)
        return Fault("upstream_rejected", "rejected", status=status, said=said)

    def request_id(self, headers: Sequence[tuple[bytes, bytes]], secrets: tuple[bytes, ...] = ()) -> str:
        del secrets
        return dict(headers).get(b"x-request-id", b"").decode()

    def write_fault(self, front: str, fault: Fault, request_id: str) -> bytes:
        del front, request_id
        return fault.code.encode()

    def write_models(self, front: str, models: Sequence[Listed]) -> bytes:
        del front
        return msgspec.json.encode([model.name for model in models])

    def write_model(self, front: str, model: Listed) -> bytes:
        del front
        return msgspec.json.encode(model.name)

    def forwarded(self, front: str, target: Target) -> frozenset[bytes]:
        del front, target
        return frozenset((b"traceparent",))

    def returned(self, front: str, target: Target) -> frozenset[bytes]:
        del front, target
        return frozenset((b"x-upstream",))


REFERENCES = PepperedReferences([Pepper(bytes(32))])
IDS = PepperedForeignIds([Pepper(bytes(32))])


class House:
    """All nine stages over fakes. `between` puts a stage of the test's own between every two of them; `others` are callers by their keys."""

    def __init__(
        self,
        snapshot: Snapshot,
        upstream: ScriptedUpstream,
        *,
        principal: Principal | None = None,
        between: Callable[[int], Stage] | None = None,
        interpreter: Interpreter | None = None,
        others: Mapping[bytes, Principal] | None = None,
    ) -> None:
        self.clock = FrozenClock()
        self.journal = MemoryJournal()
        self.upstream = upstream
        self.counters = MemoryCounters(self.clock)
        self.health = HealthBook(self.clock)
        self.principal = principal or Principal(id="p1", name="tester")
        self.interpreter = PlainInterpreter()
        self.replays = MemoryReplays(self.clock)
        self.responses = SealedResponses(MemoryShelf(self.clock), [bytes(32)])
        self.snapshot = snapshot
        self.complaints: list[BaseException] = []
        self.judges: list[Judging] = []
        self.others = {KEY: self.principal, **(others or {})}
        keys = MemoryKeys()
        keys.holders = self.others
        chance, spoken = seeded(1), interpreter or self.interpreter
        permission = Permission(Planner(), PolicyBook())
        self.positions = PositionBook()
        self.shadows = Shadows(spoken, self.clock, lambda: f"{len(self.journal.begun):032x}", self.complaints.append)
        versioning = Versioning(self.positions, permission, spoken, self.shadows, chance)
        strategies = Strategies(chance, self.health, self.clock, Headroom(RATE_HEADERS))
        self.following = Following(Spilling(strategies, InFlight(self.health), self.clock))
        self.permits = Permits(self.clock)
        self.queues = Queues(self.permits, self.health, chance, KnownLoads(strategies.loads))
        admission = Admission(self.queues, self.following, self.clock)
        ways = Ways(permission, self.following, self.health, RetryBucket(self.clock), admission)
        stages: list[Stage] = [
            Observe(self.journal, self.clock),
            Identify(keys),
            Authorise(spoken, permission, REFERENCES, Foreign(IDS, self.responses, permission), versioning),
            Limits(self.counters),
            Guard(lambda _: self.judges, spoken),
            Cache(MemoryAnswers(self.clock, 1_000_000), self.replays, spoken),
            Meter(self.journal, self.clock),
            Route(ways, self.clock, chance, spoken, self.responses),
            Attempt(upstream, spoken, self.health, self.clock, IDS, self.responses),
        ]
        if between is not None:
            stages = [stage for place, real in enumerate(stages) for stage in (between(place), real)]
        self.journey = Journey(stages, self.clock)
        self.shadows.serve_with(self.journey)

    async def serve(self, call: Call) -> Reply:
        """One call up to its head."""
        return await self.journey(call)

    def account(self) -> tuple[int, int, int]:
        """Calls that hold something, what is held, and attempts in flight: all zero when nothing is owed."""
        held = sum(account.held for account in self.counters.accounts())
        inflight = sum(condition.inflight for _, condition in self.health.conditions())
        inflight += self.permits.out + sum(sum(classes.values()) for classes in self.queues.waiting().values())
        return self.counters.open_holds, held, inflight + sum(heard.open for heard in self.following.attempts)


def limited(
    *, requests_per_minute: int = 0, tokens_per_minute: int = 0, concurrent: int = 0, budget_nanos: int = 0
) -> tuple[Limit, ...]:
    """The limits of a key `p`, as the configuration's short form makes them."""
    return tuple(
        Limit(
            id=f"key/p/{rule}",
            owner="config:key/p",
            rule=rule,
            unit=unit,
            amount=amount,
            seconds=seconds,
            budget=unit is Unit.COST,
        )
        for rule, unit, amount, seconds in (
            ("requests-per-minute", Unit.REQUESTS, requests_per_minute, 60.0),
            ("tokens-per-minute", Unit.TOKENS, tokens_per_minute, 60.0),
            ("concurrent", Unit.CONCURRENT, concurrent, 0.0),
            ("budget", Unit.COST, budget_nanos, 0.0),
        )
        if amount
    )


class Yielding:
    """A stage that gives the loop a turn before and after everything inside it: places to be cancelled at, also with a reply in hand."""

    async def __call__(self, call: Call, proceed: Proceed) -> Reply:
        await asyncio.sleep(0)
        reply = await proceed(call)
        await asyncio.sleep(0)
        return reply


class Crashing:
    """A stage that breaks, before or after what is inside it."""

    def __init__(self, *, after: bool) -> None:
        self._after = after

    async def __call__(self, call: Call, proceed: Proceed) -> Reply:
        if not self._after:
            raise RuntimeError("crashed before")
        await proceed(call)
        raise RuntimeError("crashed after")
