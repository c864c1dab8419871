"""Keeps one credential fresh, beside the requests that need it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum

from headworks.ports.clock import Chance, Clock
from headworks.providers.credentials.held import Held, Lease, Unobtainable

_NANOSECONDS = 10**9
RENEWED_AT = 0.8
"""Of a credential's life."""
LOOK_AGAIN = 900.0
"""Seconds until a credential without an end is looked for anew: files are rotated."""
LONGEST_TRUST = 86_400.0
"""Seconds for which the longest life is believed."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds after a failure; they double."""

Obtain = Callable[[], Awaitable[Lease]]


class State(StrEnum):
    """How it stands."""

    NEW = "new"
    FRESH = "fresh"
    AGEING = "ageing"
    """It cannot be renewed, but counts still."""
    LACKING = "lacking"


class Keeper:
    """Fills `held` by what `obtain` gives, until cancelled. Each change for worse or better is said once."""

    def __init__(self, name: str, held: Held, obtain: Obtain, clock: Clock, chance: Chance, say: Callable[[str], None]) -> None:
        self.name = name
        self.held = held
        self.state = State.NEW
        self.failures = 0
        """Since it began."""
        self._in_a_row = 0
        self._obtain = obtain
        self._clock = clock
        self._chance = chance
        self._say = say

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._clock.sleep(await self.renew())

    async def renew(self) -> float:
        """Try once. Returns the seconds until it is to be tried again."""
        try:
            lease = await self._obtain()
            life = self._life(lease)
        except Unobtainable as trouble:
            return self._failed(str(trouble))
        self.held.lease = lease
        if self.state in (State.AGEING, State.LACKING):
            self._say(f"credential of {self.name}: had again")
        self.state, self._in_a_row = State.FRESH, 0
        return LOOK_AGAIN if life is None else min(max(life * RENEWED_AT, FIRST_PAUSE), LONGEST_TRUST)

    def ends_in(self) -> float | None:
        """Seconds until the credential that there is ends; None where it never does, 0 where there is none."""
        lease = self.held.lease
        if lease is None or self.held.value is None:
            return 0.0
        return None if lease.ends is None else lease.ends - self._clock.wall_ns() / _NANOSECONDS

    def _life(self, lease: Lease) -> float | None:
        life = None if lease.ends is None else lease.ends - self._clock.wall_ns() / _NANOSECONDS
        if life is not None and life <= 0:
            raise Unobtainable("what was given has ended already: is the clock of this machine right?")
        return life

    def _failed(self, why: str) -> float:
        self.failures += 1
        self._in_a_row += 1
        pause = min(FIRST_PAUSE * 2 ** min(self._in_a_row - 1, 10), LONGEST_PAUSE) * (0.5 + self._chance.random() / 2)
        state = State.LACKING if self.held.value is None else State.AGEING
        if state is not self.state:
            left = self.ends_in()
            while_it_lasts = f"; the one there is ends in {left:.0f} s" if state is State.AGEING and left is not None else ""
            self._say(f"credential of {self.name}: cannot be had{while_it_lasts}. Trying on. {why}")
        self.state = state
        return pause
