"""Counters that several gateways share, on a Valkey or Redis server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import islice

import msgspec

from headworks.domain.gauges import SharedGauges
from headworks.domain.limits import Claim
from headworks.ports.clock import Chance, Clock
from headworks.ports.stores import Hold, Spent, SpentSource
from headworks.stores.valkey.acts import Act, Verb, entry_of, pairs
from headworks.stores.valkey.address import Address
from headworks.stores.valkey.allowance import Allowance
from headworks.stores.valkey.courier import LINGER, Courier
from headworks.stores.valkey.generation import Disputed, Generations
from headworks.stores.valkey.hold import Answer, ValkeyHold
from headworks.stores.valkey.link import Identity, Link
from headworks.stores.valkey.recent import Recent, spent
from headworks.stores.valkey.scripts import read_scripts
from headworks.stores.valkey.wire import Denied, Severed

FAREWELL = 1.0
"""Seconds for telling the server what it has to know before this process goes."""
ROOT = "hw:"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How to work with the server. `process` is the journal's name for this process, with its birth: no two are the same."""

    address: Address
    process: str
    patience: float = 0.02
    """Seconds that a request waits for the server."""
    share: float = 0.05
    """Of each limit that fails closed, what this process may admit by itself while the server can't be asked."""
    root: str = ROOT
    """What all keys on the server begin with."""


class World(msgspec.Struct, frozen=True, kw_only=True):
    """What is outside."""

    clock: Clock
    chance: Chance
    say: Callable[[str], None]
    spent: SpentSource | None = None
    """The ledger's sums, where there is a ledger."""


class ValkeyCounters:
    """`ports.stores.Counters` for a fleet. `open` before the first request, `close` after the last."""

    def __init__(self, settings: Settings, world: World) -> None:
        self._world = world
        self._clock = world.clock
        self._restored: dict[str, int] = {}
        scripts = read_scripts()
        self._courier = Courier(scripts.batch, settings.root, settings.patience)
        generations = Generations(scripts, settings.root, world.spent or self._restored_only, world.chance)
        self._link = Link(settings.address, scripts, generations, self._courier, Identity(settings.process), world.clock)
        self._courier.gone = self._link.reconnect
        self._allowance = Allowance(world.clock, settings.share, self._spent_alone)
        self._holds: dict[str, ValkeyHold] = {}
        self._recent = Recent()
        self._corrections: dict[str, Mapping[str, int]] = {}
        self._life: asyncio.Task[None] | None = None

    async def open(self, seconds: float = 5.0) -> bool:
        """Begin to look for the server; whether it was found in time. It is looked for on and on."""
        self._life = asyncio.create_task(self._link.run(self, self._world.say), name="shared counters")
        try:
            async with asyncio.timeout(seconds):
                await self._link.opened.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Tell the server what is still to be told, and leave."""
        if self._life is not None:
            with suppress(OSError, Severed, Denied):  # what can't be told now, others will find out
                async with asyncio.timeout(FAREWELL):
                    while not self._courier.quiet:
                        await self._clock.sleep(LINGER)
                    await self._link.leave()
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)

    # ── ports.stores.Counters ────────────────────────────────────────────────────────────────────────────────────────────

    def grant(self, call_id: str, claims: tuple[Claim, ...]) -> Hold | None:  # noqa: ARG002 - the port's signature
        """Nothing is known here without asking."""
        return None

    async def reserve(self, call_id: str, claims: tuple[Claim, ...]) -> Hold:
        """All or nothing, in one round trip; or by this process's own allowance, if there is no answer in time."""
        courier = self._courier
        answer = None
        if courier.ready:
            try:
                answer = await self.ask(call_id, claims)
            except asyncio.CancelledError:
                courier.tell((Verb.RELEASE, call_id))
                raise
            if answer is None:
                courier.tell((Verb.RELEASE, call_id))
        if answer is None:
            return await self._allowance.reserve(call_id, claims)
        if not answer.granted:
            raise answer.refusal(claims, self.wall_ns())
        hold = self._holds[call_id] = ValkeyHold(self, call_id, claims, answer)
        return hold

    def release(self, call_id: str) -> None:
        """What was still on its way when its caller was cancelled has been released then."""
        if self._holds.pop(call_id, None) is not None:
            self._courier.tell((Verb.RELEASE, call_id))

    def correct(self, call_id: str, actual: Mapping[str, int]) -> None:
        """Told within a second, or when the server is back."""
        self._corrections[call_id] = actual

    async def disputed(self, process: str, most: int = 1000) -> list[Disputed]:
        """Calls of dead processes, whose names begin so, of which `correct` has not been told."""
        return await self._link.disputed(process, most)

    def restore(self, spent: Mapping[str, int]) -> None:
        """Where no ledger can be asked later: used if the server has no counters."""
        self._restored.update(spent)

    # ── Holds call these ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def ask(self, call_id: str, claims: tuple[Claim, ...]) -> Answer | None:
        """Have the claims judged; None where there is no answer in time."""
        if not self._courier.ready:
            return None
        answer = await self._courier.reserve((Verb.RESERVE, call_id, [entry_of(claim) for claim in claims]))
        return answer and Answer(answer[0], answer[1][0], answer[1][1:])

    def settled(self, hold: ValkeyHold, used: tuple[int, ...]) -> None:
        """Of each claim what was used."""
        self._holds.pop(hold.call_id, None)
        self._recent.add(self._clock.wall_ns(), hold.call_id, hold.claims, used)
        self._courier.tell((Verb.SETTLE, hold.call_id, pairs(used)))

    def wall_ns(self) -> int:
        """Nanoseconds since the epoch."""
        return self._clock.wall_ns()

    # ── The link calls these ─────────────────────────────────────────────────────────────────────────────────────────────

    def lost(self) -> None:
        """The server is away."""
        self._recent.lose(self._clock.wall_ns())

    def found(self) -> None:
        """It is back, and knows everything."""
        self._recent.recover()
        self._allowance.begin_anew()

    def declarations(self) -> Sequence[Act]:
        """All that is held."""
        return [(Verb.DECLARE, hold.call_id, [entry_of(claim) for claim in hold.claims]) for hold in self._holds.values()]

    def settled_since(self, through: int | None) -> Sequence[Act]:
        """What was spent after that instant."""
        return self._recent.since(through)

    def take_corrections(self, most: int) -> dict[str, Mapping[str, int]]:
        """Some that are still to be told: `correct` them again if they could not be."""
        ids = list(islice(self._corrections, most))
        return {call_id: self._corrections.pop(call_id) for call_id in ids}

    # ── ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def status(self) -> SharedGauges:
        """How it goes."""
        courier, link, allowance = self._courier, self._link, self._allowance
        return SharedGauges(
            reachable=link.opened.is_set() and courier.ready,
            trouble=link.trouble,
            skew=link.skew,
            holds=len(self._holds),
            timeouts=courier.timeouts,
            losses=link.losses,
            unchecked=allowance.admitted,
            refused=allowance.refused,
            dropped=courier.dropped,
            batches=courier.batches,
        )

    def _spent_alone(self, call_id: str, claims: tuple[Claim, ...], used: tuple[int, ...]) -> None:
        self._recent.add(self._clock.wall_ns(), call_id, claims, used)
        acts = spent(call_id, claims, used)
        if acts:
            self._courier.tell(acts)

    async def _restored_only(self) -> Spent:
        return Spent(units=dict(self._restored))

    def __repr__(self) -> str:
        return f"<ValkeyCounters {'open' if self._courier.ready else 'alone'} · {len(self._holds)} holds>"
