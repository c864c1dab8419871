"""Once a second somebody looks after the journal, and a slow disk holds up nobody."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from headworks.stores.journal import SegmentedJournal, Upkeep
from headworks.stores.journal.segment import OpenSegment
from headworks.testing import FrozenClock
from tests.journal.writing import AT, Voice, begin, end, journal_in, largest_file


def looked_after(journal: SegmentedJournal, clock: FrozenClock, voice: Voice, scene: Callable[[], Awaitable[None]]) -> None:
    """Play a scene while the journal is looked after."""

    async def play() -> None:
        task = asyncio.create_task(Upkeep(journal, clock, voice).run())
        await clock.until_sleeping()
        await scene()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(play(), 60))
    journal.close()


async def a_second(clock: FrozenClock) -> None:
    """Let a second pass and wait until it is slept again."""
    await clock.until_sleeping()
    clock.advance(1.0)
    async with asyncio.timeout(30):
        while not clock.sleepers:  # noqa: ASYNC110 - a frozen clock has no event for it
            await asyncio.sleep(0)


def test_what_was_written_is_on_the_disk_a_second_later(tmp_path: Path) -> None:
    clock = FrozenClock(wall_ns=AT)
    journal = journal_in(tmp_path, clock)

    async def scene() -> None:
        journal.begin(begin())
        assert journal.chain.unsynced()
        await a_second(clock)
        assert not journal.chain.unsynced()

    looked_after(journal, clock, Voice(), scene)


def test_sealed_segments_are_synced_and_then_closed(tmp_path: Path) -> None:
    clock = FrozenClock(wall_ns=AT)
    journal = journal_in(tmp_path, clock, segment_bytes=700)

    async def scene() -> None:
        for number in range(10):
            journal.end(end(number))
        assert len(journal.chain.unsynced()) > 3
        await a_second(clock)
        assert not journal.chain.unsynced()

    looked_after(journal, clock, Voice(), scene)


def test_a_slow_disk_does_not_hold_up_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FrozenClock(wall_ns=AT)
    journal = journal_in(tmp_path, clock)
    asked, answered = threading.Event(), threading.Event()

    def slow(_segment: OpenSegment) -> None:
        asked.set()
        assert answered.wait(30)

    async def scene() -> None:
        monkeypatch.setattr(OpenSegment, "sync", slow)
        journal.begin(begin(1))
        clock.advance(1.0)
        assert await asyncio.to_thread(asked.wait, 30)
        journal.end(end(1))  # the loop turns and writes while the disk is waited for
        answered.set()
        await a_second(clock)

    looked_after(journal, clock, Voice(), scene)


def test_a_disk_that_does_not_confirm_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, voice = FrozenClock(wall_ns=AT), Voice()
    journal = journal_in(tmp_path, clock)

    def broken(_segment: OpenSegment) -> None:
        raise OSError(5, "Input/output error")

    async def scene() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(OpenSegment, "sync", broken)
            journal.begin(begin(1))
            await a_second(clock)
            await a_second(clock)
        await a_second(clock)
        assert not journal.chain.unsynced()

    looked_after(journal, clock, voice, scene)
    assert len(voice.said) == 1
    assert "Input/output error" in voice.said[0]


def test_what_waits_for_space_is_tried_each_second(tmp_path: Path) -> None:
    clock = FrozenClock(wall_ns=AT)
    journal = journal_in(tmp_path, clock)
    journal.begin(begin(1))

    async def scene() -> None:
        with largest_file(10):
            journal.end(end(1))
            await a_second(clock)
            assert journal.gauges().backlog == 1
        await a_second(clock)
        assert journal.gauges().backlog == 0

    looked_after(journal, clock, Voice(), scene)
