"""Names of customers on their way from the gateways' memory to the database: sealed here, before they touch a disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from headworks.control.sockets import ask_all
from headworks.domain.customers import Customer, Introduced, NamedCustomer
from headworks.ports.clock import Clock
from headworks.ports.customers import Customers
from headworks.secrets import MasterRefused, MasterUnavailable, NameSeals, SecretUnreadable

EVERY = 2.0
"""Seconds between two looks at who is new."""
MOST_WAITING = 10_000
"""Names held while they cannot be kept. Those that do not fit are lost until a gateway starts anew."""


class NameKeeper:
    """One per control process. `run` it as a task."""

    def __init__(
        self, directory: Path, customers: Customers, seals: NameSeals, clock: Clock, say: Callable[[str], None]
    ) -> None:
        """`directory` is the journal's."""
        self._directory = directory
        self._customers = customers
        self._seals = seals
        self._clock = clock
        self._say = say
        self._waiting: list[NamedCustomer] = []
        self._said = ""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(EVERY)

    async def look(self) -> None:
        """Fetch who is new, and keep the names. What cannot be kept yet waits in memory."""
        told, _ = await ask_all(self._directory, "names-*.sock", Introduced)
        self._waiting = [*self._waiting, *(each for introduced in told for each in introduced.customers)][:MOST_WAITING]
        if not self._waiting:
            return
        try:
            await self._customers.keep_names(await self._sealed(self._waiting))
        except (SQLAlchemyError, OSError, MasterRefused, MasterUnavailable, SecretUnreadable) as trouble:
            why = type(trouble).__name__ if isinstance(trouble, SQLAlchemyError | OSError) else str(trouble)
            if why != self._said:
                self._say(f"names of customers are not kept meanwhile: {why}")
            self._said = why
        else:
            self._waiting, self._said = [], ""

    async def _sealed(self, named: Iterable[NamedCustomer]) -> list[Customer]:
        """Each once, as seen now."""
        now, sealed = self._clock.wall_ns(), dict[str, Customer]()
        for each in named:
            sealed[each.id] = Customer(
                id=each.id,
                organisation=each.organisation,
                first_seen=now,
                last_seen=now,
                sealed=await self._seals.seal(each),
            )
        return list(sealed.values())
