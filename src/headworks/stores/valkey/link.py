"""Keeps one connection to the server, and finds out each time whether the counters there are still those that were left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from headworks.ports.clock import Clock
from headworks.stores.valkey.acts import Act, encode
from headworks.stores.valkey.address import Address
from headworks.stores.valkey.courier import MOST_ACTS, Courier, Route
from headworks.stores.valkey.generation import GATHERING, LOOK_AGAIN, Disputed, Generations, Lost, Standpoint
from headworks.stores.valkey.scripts import Scripts
from headworks.stores.valkey.server import Unfit, prepare, skew
from headworks.stores.valkey.wire import Denied, Severed, Wire, dial

CONNECT = 1.0
BEAT = 1.0
SILENCE = 5.0
"""Seconds without a sign of life after which a process is taken for dead, and what it held is charged."""
NOTABLE_SKEW = 1.0
REAPED_AT_ONCE = 200
_PAUSES = (0.0, 0.05, 0.1, 0.25, 0.5, 1.0)


class Book(Protocol):
    """What this process knows of its own calls."""

    def declarations(self) -> Sequence[Act]:
        """All that is held."""
        ...

    def settled_since(self, through: int | None) -> Sequence[Act]:
        """What was spent after that instant (wall clock, ns); None: what the ledger can't be sure to know yet."""
        ...

    def take_corrections(self, most: int) -> Mapping[str, Mapping[str, int]]:
        """Call → counter → what the journal says that it used."""
        ...

    def correct(self, call_id: str, actual: Mapping[str, int]) -> None:
        """It could not be told."""
        ...

    def lost(self) -> None:
        """The server is away."""
        ...

    def found(self) -> None:
        """It is back, and knows everything."""
        ...


class Identity(msgspec.Struct):
    """As whom this process is known: `process` is the journal's name for it. Each life on the server has an epoch of its own."""

    process: str
    lives: int = 1
    known: str = ""
    """The generation that it last worked with."""
    declared: str = ""
    """Which generation has been told, or is being told, what is held, and in which life."""
    untold: Sequence[Act] = ()
    """What it is still being told. Batches are numbered from one: where that was interrupted, it goes on."""
    carried_out: int = 0
    """The last batch of the life before this one that was carried out."""

    @property
    def epoch(self) -> str:
        """The current life."""
        return f"{self.process}/{self.lives}"


class Link:
    """`run` is its life. While it is not `open`, reservations have to do without the server."""

    def __init__(
        self, address: Address, scripts: Scripts, generations: Generations, courier: Courier, identity: Identity, clock: Clock
    ) -> None:
        self._address = address
        self._scripts = scripts
        self._generations = generations
        self._courier = courier
        self._identity = identity
        self._clock = clock
        self._wire: Wire | None = None
        self.opened = asyncio.Event()
        self.trouble = ""
        """What keeps it from the server, in words for an operator; empty where nothing does."""
        self.skew = 0.0
        """By how many seconds this machine's clock is ahead of the server's."""
        self.losses = 0
        """How often counters were found lost that this process had worked with."""

    async def run(self, book: Book, say: Callable[[str], None]) -> None:
        """Until cancelled."""
        failures = 0
        while True:
            try:
                await self._once(book, say)
                failures = 0
            except Unfit as trouble:
                self._note(f"{self._address} can't keep counters. {trouble}", say)
                failures = len(_PAUSES)
            except (OSError, Severed, Denied) as trouble:
                self._note(f"{self._address} can't be reached: {str(trouble) or type(trouble).__name__}.", say)
                failures += 1
            except Exception as trouble:  # noqa: BLE001 - a ledger's, or a mistake of ours: without this task nobody would ever look again
                self._note(f"trouble with {self._address}: {type(trouble).__name__}.", say)
                failures += 1
            finally:
                book.lost()
                self._close()
            await self._clock.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])

    async def leave(self) -> None:
        """In good order: what is still held is charged, and nobody has to find out that this process is gone."""
        wire = self._wire
        if wire is not None and not wire.ended.done():
            await self._give_up(wire)

    async def disputed(self, beginning: str, most: int) -> list[Disputed]:
        """As `Generations.disputed`; none while the server can't be asked."""
        if self._wire is None or not self.opened.is_set():
            return []
        try:
            return await self._generations.disputed(self._wire, beginning, most)
        except (OSError, Severed, Denied):
            return []

    def reconnect(self) -> None:
        """The server knows this process no longer: begin again."""
        if self._wire is not None:
            self._wire.close()

    def _note(self, trouble: str, say: Callable[[str], None]) -> None:
        if trouble != self.trouble:
            say(f"shared counters: {trouble}")
        self.trouble = trouble

    def _settle_in(self, say: Callable[[str], None]) -> None:
        if self.trouble:
            say(f"shared counters: {self._address} is in use again.")
        self.trouble = ""
        if abs(self.skew) > NOTABLE_SKEW:
            say(
                f"shared counters: this machine's clock is {abs(self.skew):.1f} s {'ahead of' if self.skew > 0 else 'behind'} {self._address}'s: "
                "around the turn of a calendar period, requests are charged to the one next to it. Run NTP on both."
            )

    def _close(self) -> None:
        self.opened.clear()
        self._courier.detach()
        if self._wire is not None:
            self._wire.close()
        self._wire = None

    async def _once(self, book: Book, say: Callable[[str], None]) -> None:
        """One connection, from its beginning to its end."""
        wire = self._wire = await dial(self._address, CONNECT)
        run = await prepare(wire, self._scripts)
        self.skew = await skew(wire, self._clock.wall_ns())
        standpoint = await self._enter(wire, run, book)
        self._courier.attach(Route(wire, self._identity.epoch, standpoint.generation, standpoint.seq))
        book.found()
        self._settle_in(say)
        self.opened.set()
        while not wire.ended.done():
            await self._beat(wire, book)

    async def _beat(self, wire: Wire, book: Book) -> None:
        self._courier.beat()
        while corrections := book.take_corrections(REAPED_AT_ONCE):
            await self._correct(wire, book, corrections)
        while await self._generations.reap(wire, SILENCE, REAPED_AT_ONCE) >= REAPED_AT_ONCE:
            self._courier.beat()
        await asyncio.wait((wire.ended,), timeout=BEAT)

    async def _correct(self, wire: Wire, book: Book, corrections: Mapping[str, Mapping[str, int]]) -> None:
        try:
            await self._generations.correct(wire, corrections)
        except (OSError, Severed, Denied):
            for call_id, actual in corrections.items():
                book.correct(call_id, actual)
            raise

    async def _enter(self, wire: Wire, run: str, book: Book) -> Standpoint:
        """Until the counters are open to this process, and know what it holds."""
        made, identity = "", self._identity
        while True:
            standpoint = await self._generations.join(wire, run, identity.epoch, identity.known)
            phase, generation = standpoint.phase, standpoint.generation
            if phase == "fenced":
                await self._be_reborn(wire, standpoint)
            elif phase in ("gathering", "open") and self._has_to_declare(standpoint, book):
                await self._declare(wire, standpoint)
            elif phase == "open":
                identity.known = generation
                return standpoint
            elif phase == "gathering" and made == generation:
                await self._clock.sleep(GATHERING)
                await self._open(wire, made)
            else:
                made = await self._make(wire, run) or made

    async def _make(self, wire: Wire, run: str) -> str:
        try:
            return await self._generations.make(wire, run, self._identity.epoch)
        except Lost:
            await self._clock.sleep(LOOK_AGAIN)
            return ""

    async def _open(self, wire: Wire, generation: str) -> None:
        try:
            await self._generations.open(wire, self._identity.epoch, generation)
        except Lost:
            await self._clock.sleep(LOOK_AGAIN)

    def _has_to_declare(self, standpoint: Standpoint, book: Book) -> bool:
        """In this life, these counters know nothing yet of what this process holds. What is told from now on comes after it."""
        identity, courier = self._identity, self._courier
        life = f"{standpoint.generation} {identity.epoch}"
        if identity.declared != life:
            identity.declared = life
            held = book.declarations()
            if standpoint.generation == identity.known:
                identity.untold = [*held, *courier.undone(identity.carried_out)]
            else:
                self.losses += bool(identity.known)
                identity.untold = [*held, *book.settled_since(standpoint.through_of(identity.process))]
            courier.start_over()
        return bool(identity.untold)

    async def _declare(self, wire: Wire, standpoint: Standpoint) -> None:
        """Outside the courier: no reservation may travel before it."""
        identity = self._identity
        acts = identity.untold
        for seq, first in enumerate(range(0, len(acts), MOST_ACTS), 1):
            if seq > standpoint.seq:
                batch = (identity.epoch, seq, standpoint.generation, acts[first : first + MOST_ACTS])
                await wire.call("EVALSHA", self._scripts.batch.sha, 1, self._courier.root, encode(batch))
        identity.untold = ()

    async def _be_reborn(self, wire: Wire, standpoint: Standpoint) -> None:
        """It was silent for too long, and what it held has been charged, or is about to be. It will take that back under another name."""
        await self._give_up(wire)
        self._identity.lives += 1
        self._identity.carried_out = standpoint.seq

    async def _give_up(self, wire: Wire) -> None:
        while await self._generations.give_up(wire, self._identity.epoch, REAPED_AT_ONCE) >= REAPED_AT_ONCE:
            continue
