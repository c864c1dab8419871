"""Looks after a journal once a second: waits for the disk in a thread of its own, so that a slow one never holds up the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from headworks.ports.clock import Clock
from headworks.stores.journal.segment import OpenSegment
from headworks.stores.journal.writer import Say, SegmentedJournal


class Upkeep:
    """One per journal. `run` it as a task, cancel that and await it, then close the journal."""

    def __init__(self, journal: SegmentedJournal, clock: Clock, say: Say, *, every: float = 1.0) -> None:
        """`every` seconds: what a power cut can take. A crash of the process alone takes nothing."""
        self._journal = journal
        self._clock = clock
        self._say = say
        self._every = every
        self._failing = False

    async def run(self) -> None:
        """Until cancelled. A sync under way then is waited for."""
        thread = ThreadPoolExecutor(1, "journal-sync")
        try:
            while True:
                await self._clock.sleep(self._every)
                self._journal.tend()
                await self._sync(thread)
        finally:
            await asyncio.get_running_loop().run_in_executor(None, thread.shutdown)

    async def _sync(self, thread: ThreadPoolExecutor) -> None:
        segments = self._journal.chain.unsynced()
        if not segments:
            return
        began = self._clock.now()
        try:
            await asyncio.get_running_loop().run_in_executor(thread, sync_all, segments)
        except OSError as trouble:
            if not self._failing:
                self._say(f"the disk does not confirm what the journal wrote ({trouble.strerror}): a power cut may take it")
            self._failing = True
            return
        self._failing = False
        self._journal.chain.synced(segments)
        self._journal.note_sync(self._clock.now() - began)


def sync_all(segments: Sequence[OpenSegment]) -> None:
    """Wait until the disk has all of them. Raises `OSError`."""
    for segment in segments:
        segment.sync()
