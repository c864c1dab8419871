"""The change log of the records, followed: what was changed is no longer known, and a silence shows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from math import inf

from headworks.identity.cache import PrincipalCache, Recent
from headworks.identity.misses import Misses
from headworks.ports.clock import Clock
from headworks.ports.records import Change, Head, Lookups

EVERY = 0.25
SILENCE = 1.0
"""Seconds after which what is remembered must be proved key by key."""
_BATCH = 1_000
_FAR = 20_000
"""Changes behind: forgetting everything is cheaper than reading them."""
_PATIENCE = 2.0
_OF_CALLERS = frozenset(("key", "party"))


class Feed:
    """One per gateway process. Everything that was remembered before `proven`, and is not marked, was still true then."""

    def __init__(self, lookups: Lookups, cache: PrincipalCache, misses: Misses, clock: Clock) -> None:
        self.recent = Recent()
        self.proven = -inf
        """When the last complete look at the log was sent, monotonic seconds: the answer may be older than its arrival."""
        self._lookups = lookups
        self._cache = cache
        self._misses = misses
        self._clock = clock
        self._log = ""
        self.number = 0
        """Of the last change that was taken account of."""

    @property
    def since(self) -> float:
        """What was looked up before this moment needs the feed as proof."""
        return self._clock.now() - SILENCE

    @property
    def silent(self) -> bool:
        """Too long ago to vouch for anything."""
        return self.proven < self.since

    async def follow(self, say: Callable[[str], None]) -> None:
        """Look every quarter of a second, for ever. Cancel to stop."""
        quiet = False
        while True:
            sent = self._clock.now()
            try:
                await self._undisturbed_look()
            except Exception as trouble:  # noqa: BLE001 - whatever a driver raises, the next look may succeed; the silence is acted upon
                if not quiet:
                    say(f"the records' change log cannot be read ({type(trouble).__name__}): keys are looked up one by one")
                quiet = True
            else:
                if quiet:
                    say("the records' change log is read again")
                quiet = False
            await self._clock.sleep(max(0.0, EVERY - (self._clock.now() - sent)))

    async def _undisturbed_look(self) -> None:
        """To its end even when cancelled: a connection dropped in the middle of a question is a connection lost."""
        looking = asyncio.create_task(asyncio.wait_for(self.look(), _PATIENCE), name="look at the change log")
        try:
            await asyncio.shield(looking)
        except asyncio.CancelledError:
            await asyncio.gather(looking, return_exceptions=True)
            raise

    async def look(self) -> None:
        """Read what was changed since the last time, to the log's end."""
        sent = self._clock.now()
        head = await self._lookups.head()
        if not self._continues(head):
            self._restart(head.number)
            self._log = head.log
        elif not await self._drained(head.number):
            self._restart(head.number)
        self.proven = sent

    def _continues(self, head: Head) -> bool:
        return head.log == self._log and head.pruned_to <= self.number <= head.number <= self.number + _FAR

    async def _drained(self, end: int) -> bool:
        """Whether all changes up to `end` could be read, without a gap."""
        while self.number < end:
            changes = await self._lookups.changes_after(self.number, _BATCH)
            if not changes or changes[0].number != self.number + 1:
                return False
            self._take(changes)
        return True

    def _restart(self, number: int) -> None:
        """What was changed up to there is not known, so nothing else is."""
        self.number = number
        self.recent.restart(number)
        self._cache.mark_all()
        self._misses.doubt()

    def _take(self, changes: Sequence[Change]) -> None:
        if any(change.entity == "reset" for change in changes):
            self._restart(changes[-1].number)
            return
        self.number = changes[-1].number
        of_callers = [change for change in changes if change.entity in _OF_CALLERS]
        if of_callers:
            self.recent.note(of_callers)
            self._cache.mark(of_callers)
            self._misses.doubt()
