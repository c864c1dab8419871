"""All credentials that a gateway keeps: they outlive the configurations that want them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from headworks.domain.config import AuthRule
from headworks.domain.gauges import CredentialGauges
from headworks.ports.clock import Chance, Clock
from headworks.providers.credentials.aside import aside
from headworks.providers.credentials.held import Held, Lease, Unobtainable
from headworks.providers.credentials.keeper import Keeper, State
from headworks.providers.credentials.sources import obtain

PATIENCE = 60.0
"""Seconds: whoever was asked and has not answered by then has failed."""

Ask = Callable[[AuthRule], Awaitable[Lease]]


async def ask(rule: AuthRule, wall_ns: Callable[[], int]) -> Lease:
    """Obtain it in a thread. Raises `Unobtainable`."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await aside(lambda: obtain(rule, wall_ns))
    except TimeoutError:
        raise Unobtainable(f"there was no answer in {PATIENCE:.0f} s") from None


class Book:
    """One per gateway process. `hold` may be called in any thread, all else belongs to the loop."""

    def __init__(self, clock: Clock, chance: Chance, say: Callable[[str], None], obtaining: Ask | None = None) -> None:
        self._clock = clock
        self._chance = chance
        self._say = say
        self._ask = obtaining or partial(ask, wall_ns=clock.wall_ns)
        self._held: dict[AuthRule, Held] = {}
        self._keepers: dict[AuthRule, Keeper] = {}
        self._tasks: dict[AuthRule, asyncio.Task[None]] = {}
        self._wanted: dict[str, AuthRule] = {}

    def hold(self, rule: AuthRule) -> Held:
        """Where it will be found: the same place for the same rule, as long as a configuration in force wants it."""
        return self._held.setdefault(rule, Held(self._clock.wall_ns))

    def keep(self, wanted: Mapping[str, AuthRule]) -> None:
        """Keep those that providers want from now on, by the providers' names, and no others."""
        self._wanted = dict(wanted)
        named: dict[AuthRule, list[str]] = {}
        for name, rule in wanted.items():
            named.setdefault(rule, []).append(name)
        for rule in self._held.keys() - named.keys():
            del self._held[rule]
        for rule in self._tasks.keys() - named.keys():
            self._tasks.pop(rule).cancel()
            del self._keepers[rule]
        for rule, names in named.items():
            if rule not in self._tasks:
                self._begin(rule, ", ".join(names))

    async def warm(self, seconds: float) -> None:
        """Wait until each has been asked for once, and no longer than that."""
        until = self._clock.now() + seconds
        while self._clock.now() < until and any(keeper.state is State.NEW for keeper in self._keepers.values()):
            await self._clock.sleep(0.02)

    async def close(self) -> None:
        """Keep nothing any more."""
        tasks = list(self._tasks.values())
        self.keep({})
        await asyncio.gather(*tasks, return_exceptions=True)

    def gauges(self) -> dict[str, CredentialGauges]:
        """How they stand, by provider."""
        found = ((name, self._keepers.get(rule)) for name, rule in self._wanted.items())
        return {
            name: CredentialGauges(ends_in=keeper.ends_in(), failures=keeper.failures)
            for name, keeper in found
            if keeper is not None
        }

    def _begin(self, rule: AuthRule, name: str) -> None:
        keeper = Keeper(name, self.hold(rule), lambda: self._ask(rule), self._clock, self._chance, self._say)
        self._keepers[rule] = keeper
        self._tasks[rule] = asyncio.get_running_loop().create_task(keeper.run(), name=f"credential of {name}")
