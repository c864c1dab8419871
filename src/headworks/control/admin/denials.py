"""What was denied, for the audit: told once a second, equal ones together, so that a flood of them stalls nobody's writes."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.exc import SQLAlchemyError

from headworks.ports.administration import Administration
from headworks.ports.clock import Clock

EVERY = 1.0
"""Seconds between two tellings: what a killed process has not told is lost."""


class Denials:
    """Collected by the requests, told by one task of the process. One record per actor, operation and reason; who is unknown is one actor."""

    def __init__(self, people: Administration, clock: Clock) -> None:
        self._people = people
        self._clock = clock
        self._collected: dict[tuple[str, str, str], tuple[Mapping[str, str], int]] = {}

    def note(self, facts: Mapping[str, str], why: str) -> None:
        """Somebody was denied something. Of equal ones the first one's facts are kept."""
        key = facts.get("actor", ""), facts.get("operation", ""), why
        first, times = self._collected.get(key, (dict(facts) | {"why": why}, 0))
        self._collected[key] = first, times + 1

    async def tell(self) -> None:
        """Tell what there is. What can't be told now is kept."""
        while self._collected:
            key = next(iter(self._collected))
            facts, times = self._collected.pop(key)
            try:
                await self._people.denied(facts, times=times)
            except (SQLAlchemyError, OSError):
                _, more = self._collected.get(key, (facts, 0))
                self._collected[key] = facts, times + more
                return

    async def keep_telling(self) -> None:
        """Until cancelled; then once more."""
        try:
            while True:
                await self._clock.sleep(EVERY)
                await self.tell()
        finally:
            await self.tell()
