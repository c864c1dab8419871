"""A projection tells each exchange once, whatever its exporter makes of it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from headworks.control.bookmark import Bookmark
from headworks.control.feed import Feed
from headworks.control.projection import Projection, deliver_once
from headworks.control.upkeep import keep_journal
from headworks.domain.exchange import Exchange
from headworks.stores.journal import Recoverer, Tail
from headworks.testing import FrozenClock
from tests.control.serving import eventually
from tests.journal.writing import AT, Voice, abandon, begin, end, journal_in, largest_file, name


class Picky:
    """An exporter that takes all but one."""

    def __init__(self, disliked: str = "") -> None:
        self.taken: list[str] = []
        self._disliked = disliked

    def emit(self, exchange: Exchange) -> None:
        if exchange.id == self._disliked:
            raise ValueError("not this one")
        self.taken.append(exchange.id)


def projection_of(directory: Path, exporter: Picky, voice: Voice) -> Projection:
    """A projection that goes on from its bookmark."""
    bookmark = Bookmark(directory, "picky", voice)
    return Projection("picky", exporter, Tail(directory, voice, bookmark.load()), bookmark, voice)


def test_an_exchange_that_an_exporter_does_not_take_stops_no_other(tmp_path: Path) -> None:
    journal, voice, exporter = journal_in(tmp_path), Voice(), Picky(disliked=name(2))
    projection = projection_of(tmp_path, exporter, voice)
    for number in range(1, 4):
        journal.end(end(number))

    Feed(tmp_path, [projection]).step(0.0)

    assert exporter.taken == [name(1), name(3)]
    assert projection.failures == 1
    assert "not this one" in voice.said[0]
    journal.close()


def test_what_could_not_be_handed_on_is_told_again_in_the_next_life(tmp_path: Path) -> None:
    journal, voice = journal_in(tmp_path), Voice()

    def closed() -> None:
        raise BrokenPipeError(32, "Broken pipe")

    async def scene() -> None:
        first = projection_of(tmp_path, Picky(), voice)
        feed = Feed(tmp_path, [first])
        journal.end(end(1))
        feed.step(0.0)
        await deliver_once(first, lambda: None)
        journal.end(end(2))
        feed.step(0.0)
        await deliver_once(first, closed)
        await deliver_once(first, closed)
        assert first.failures == 1

    asyncio.run(scene())
    exporter = Picky()
    Feed(tmp_path, [projection_of(tmp_path, exporter, voice)]).step(0.0)

    assert exporter.taken == [name(2)]
    assert len(voice.said) == 1
    assert "Broken pipe" in voice.said[0]
    journal.close()


def test_it_tells_since_when_it_is_behind(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    projection = projection_of(tmp_path, Picky(), Voice())
    Feed(tmp_path, [projection]).step(100.0)
    assert projection.lag(101.0) == (0, 0.0)

    journal.end(end(1))

    unread, seconds = projection.lag(107.5)
    assert unread > 100
    assert seconds == 7.5
    journal.close()


@pytest.mark.parametrize("rubbish", [b"", b"{", b'{"gateway-1": "far"}'])
def test_a_bookmark_that_cannot_be_read_is_said_and_started_anew(tmp_path: Path, rubbish: bytes) -> None:
    voice = Voice()
    bookmark = Bookmark(tmp_path, "picky", voice)
    bookmark.save({"gateway-1": (1, 20)})
    assert bookmark.load() == {"gateway-1": (1, 20)}
    (tmp_path / "bookmarks" / "picky.json").write_bytes(rubbish)

    assert bookmark.load() is None
    assert "from the present" in voice.said[0]


def test_a_bookmark_that_cannot_be_written_is_said_once_and_the_last_one_stays(tmp_path: Path) -> None:
    voice = Voice()
    bookmark = Bookmark(tmp_path, "picky", voice)
    bookmark.save({"gateway-1": (1, 20)})

    with largest_file(3):
        bookmark.save({"gateway-1": (1, 30)})
        bookmark.save({"gateway-1": (1, 40)})

    assert bookmark.load() == {"gateway-1": (1, 20)}
    assert len(voice.said) == 1


def test_what_cannot_be_recovered_is_said_once_and_tried_again(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin(begin(1))
    abandon(journal)
    clock, voice = FrozenClock(wall_ns=AT), Voice()

    async def scene() -> None:
        with largest_file(100):
            task = asyncio.create_task(keep_journal(tmp_path, 30.0, Recoverer("test", clock, voice)))
            for _ in range(3):
                await eventually(lambda: clock.sleepers)
                clock.advance(5.0)
                await asyncio.sleep(0)
            await eventually(lambda: clock.sleepers)
        assert len(voice.said) == 1
        clock.advance(5.0)
        await eventually(lambda: len(voice.said) == 2)
        task.cancel()

    asyncio.run(scene())
    assert "1 exchange open" in voice.said[1]


def test_files_that_were_never_finished_are_removed(tmp_path: Path) -> None:
    left = tmp_path / "bookmarks" / ".picky.json-12345678.unfinished"
    left.parent.mkdir()
    left.touch()
    os.utime(left, ns=(AT, AT))
    clock = FrozenClock(wall_ns=AT + 2 * 3_600 * 10**9)

    async def scene() -> None:
        task = asyncio.create_task(keep_journal(tmp_path, 30.0, Recoverer("test", clock, Voice())))
        await eventually(lambda: clock.sleepers)
        task.cancel()

    asyncio.run(scene())
    assert not left.exists()
