"""Making counters anew: after the server has lost them, and the first time ever.

One process does it, the others wait: what is spent is loaded from the ledger; then for a moment every process declares what it holds
and what it has settled since the ledger's last look; then the new generation opens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import msgspec

from headworks.ports.clock import Chance
from headworks.ports.stores import Spent, SpentSource
from headworks.stores.valkey.acts import BASE, decode, encode
from headworks.stores.valkey.scripts import Scripts
from headworks.stores.valkey.wire import Wire

LOADED_AT_ONCE = 500
GATHERING = 1.0
"""Seconds in which living processes come back and declare what they hold. They look every `LOOK_AGAIN`."""
LOOK_AGAIN = 0.05


class Lost(Exception):
    """Somebody else is making the generation."""


class Standpoint(msgspec.Struct, array_like=True, frozen=True):
    """How things stand, as the server tells a process that joins."""

    phase: str
    generation: str
    seq: int
    through: str

    def through_of(self, process: str) -> int | None:
        """Up to when (wall clock, ns) what the process settled is in the ledger's sums; None where the ledger does not say."""
        told: Mapping[str, int] = msgspec.json.decode(self.through, type=dict[str, int]) if self.through else {}
        return told.get(process)


class Disputed(msgspec.Struct, array_like=True, frozen=True):
    """A call whose process died, charged with what it had set aside until the journal says what it used."""

    call_id: str
    epoch: str
    taken_at: int
    """Microseconds since 1970, by the server's clock."""


class Generations:
    """Joins the one there is, or makes one. `spent` is asked once each time."""

    def __init__(self, scripts: Scripts, root: str, spent: SpentSource, chance: Chance) -> None:
        self._scripts = scripts
        self._root = root
        self._spent = spent
        self._chance = chance

    async def join(self, wire: Wire, run: str, epoch: str, known: str) -> Standpoint:
        """Make the epoch known; `known` is the generation it worked with before."""
        answer = await wire.call("EVALSHA", self._scripts.join.sha, 1, self._root, run, epoch, known)
        return decode(answer, type=Standpoint)

    async def give_up(self, wire: Wire, epoch: str, most: int) -> int:
        """Have what an epoch still holds charged, as if its process were dead. How many calls were seen to: at `most`, there are more."""
        answer = await wire.call("EVALSHA", self._scripts.reap.sha, 1, self._root, 0, most, epoch)
        return decode(answer, type=tuple[int, int])[0]

    async def reap(self, wire: Wire, silence: float, most: int) -> int:
        """See to processes that have given no sign of life for so many seconds. As `give_up`."""
        answer = await wire.call("EVALSHA", self._scripts.reap.sha, 1, self._root, int(silence * 1e6), most, "")
        return decode(answer, type=tuple[int, int])[0]

    async def correct(self, wire: Wire, corrections: Mapping[str, Mapping[str, int]]) -> None:
        """Have calls of dead processes charged with what they really used."""
        told = [
            (call_id, {counter: divmod(units, BASE) for counter, units in actual.items()})
            for call_id, actual in corrections.items()
        ]
        await wire.call("EVALSHA", self._scripts.correct.sha, 1, self._root, encode(told))

    async def disputed(self, wire: Wire, beginning: str, most: int) -> list[Disputed]:
        """Calls of dead processes, whose epochs begin so, that are charged with what they had set aside."""
        answer = await wire.call("EVALSHA", self._scripts.disputed.sha, 1, self._root, beginning, most)
        return decode(answer, type=list[Disputed])

    async def make(self, wire: Wire, run: str, epoch: str) -> str:
        """A new generation, up to where processes gather. Its id. Raises `Lost`."""
        generation = f"{self._chance.getrandbits(64):016x}"
        await self._step(wire, epoch, "claim", run, generation)
        spent = await self._spent()
        for chunk in _chunks(spent):
            await self._step(wire, epoch, "load", generation, encode(chunk))
        await self._step(wire, epoch, "gather", generation, msgspec.json.encode(spent.through))
        return generation

    async def open(self, wire: Wire, epoch: str, generation: str) -> None:
        """Everybody has had time to declare. Raises `Lost`."""
        await self._step(wire, epoch, "open", generation)

    async def _step(self, wire: Wire, epoch: str, *step: str | bytes) -> None:
        if not await wire.call("EVALSHA", self._scripts.rebuild.sha, 1, self._root, epoch, *step):
            raise Lost


def _chunks(spent: Spent) -> Iterator[Sequence[tuple[str, int, int]]]:
    rows = ((counter, *divmod(units, BASE)) for counter, units in spent.units.items())
    while chunk := tuple(islice(rows, LOADED_AT_ONCE)):
        yield chunk
