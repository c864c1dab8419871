"""What cannot be read stops its epoch, and what is not booked is not forgotten."""

from __future__ import annotations

import os
from pathlib import Path

from headworks.domain.exchange import SCHEMA
from headworks.stores.journal import forget_old
from headworks.stores.journal.instance import instance_of
from headworks.stores.journal.strict import read_on
from headworks.testing import FrozenClock
from tests.journal.writing import AT
from tests.ledger.booking import Books, spent, with_books, write
from tests.ledger.conftest import made

DAY = 86_400 * 10**9


def _spoil(directory: Path, number: int, line: bytes) -> Path:
    """Put a line before the end-record of an exchange."""
    (segment,) = directory.glob("*.jsonl")
    lines = segment.read_bytes().splitlines(keepends=True)
    place = next(at for at, each in enumerate(lines) if each.startswith(b'{"t":"end"') and spent(number, 1).id.encode() in each)
    segment.write_bytes(b"".join((*lines[:place], line + b"\n", *lines[place:])))
    return segment


def test_an_unreadable_line_stops_its_epoch_and_no_other(tmp_path: Path) -> None:
    directory = tmp_path / "journal"
    write(directory, [spent(number, 10) for number in range(5)])
    segment = _spoil(directory, 3, b'{"t":"end","id":"torn')
    write(directory, [spent(number, 1) for number in range(5, 8)], AT + DAY)
    url = made(f"sqlite:///{tmp_path}/headworks.db")

    async def body(books: Books) -> None:
        await books.book()
        await books.book()
        assert (await books.bill()).price == 3 * 10 + 3
        assert list(books.ledger.stopped) == [segment.name.rpartition("-")[0]]
        assert [said for said in books.voice.said if str(segment) in said] == books.voice.said
        assert len(books.voice.said) == 1
        segment.write_bytes(segment.read_bytes().replace(b'{"t":"end","id":"torn\n', b""))
        await books.book()
        assert (await books.bill()).price == 5 * 10 + 3
        assert not books.ledger.stopped

    with_books(url, directory, body)


def test_a_segment_of_a_later_version_stops_its_epoch(tmp_path: Path) -> None:
    write(tmp_path, [spent(1, 10)])
    (segment,) = tmp_path.glob("*.jsonl")
    segment.write_bytes(segment.read_bytes().replace(b'"schema":%d' % SCHEMA, b'"schema":%d' % (SCHEMA + 1)))

    (stretch,) = read_on(tmp_path, {})

    assert "newer one" in stretch.stopped
    assert stretch.after == (0, 0)


def test_a_torn_line_at_the_end_is_waited_for(tmp_path: Path) -> None:
    write(tmp_path, [spent(1, 10)])
    (segment,) = tmp_path.glob("*.jsonl")
    with segment.open("ab") as file:
        file.write(b'{"t":"end","id"')

    (stretch,) = read_on(tmp_path, {})

    assert not stretch.stopped
    assert len(stretch.exchanges) == 1


def test_what_was_read_is_not_read_again(tmp_path: Path) -> None:
    write(tmp_path, [spent(number, 10) for number in range(40)], segment_bytes=2000)
    places: dict[str, tuple[int, int]] = {}
    read: list[str] = []

    while stretches := read_on(tmp_path, places, 1500):
        for stretch in stretches:
            assert stretch.before == places.get(stretch.epoch, (0, 0))
            places[stretch.epoch] = stretch.after
            read += [exchange.id for exchange in stretch.exchanges]

    assert read == [spent(number, 10).id for number in range(40)]


def test_old_segments_wait_until_they_are_booked(tmp_path: Path) -> None:
    directory = tmp_path / "journal"
    write(directory, [spent(number, 10) for number in range(20)], segment_bytes=2000)
    segments = sorted(directory.glob("*.jsonl"))
    assert len(segments) > 3
    for segment in segments:
        os.utime(segment, ns=(AT, AT))
    clock = FrozenClock(wall_ns=AT + 40 * DAY)
    (stretch,) = read_on(directory, {})
    number, offset = stretch.after

    assert forget_old(directory, 30, clock, {}) == []
    assert forget_old(directory, 30, clock, {stretch.epoch: (2, 0)}) == segments[:1]
    assert forget_old(directory, 30, clock, {stretch.epoch: (number, offset - 1)}) == segments[1:-1]
    assert forget_old(directory, 30, clock, {stretch.epoch: (number, offset)}) == segments[-1:]


def test_a_directory_keeps_its_name(tmp_path: Path) -> None:
    assert instance_of(tmp_path) == instance_of(tmp_path) != instance_of(tmp_path / "other")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["instance"]
