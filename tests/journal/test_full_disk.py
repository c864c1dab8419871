"""When the disk takes no more: nothing is corrupted, nobody is served unrecorded who must not be, and what can be kept is kept."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

from headworks.domain.errors import Fault
from headworks.stores.journal import audit, recover
from headworks.stores.journal.backlog import Backlog
from headworks.stores.journal.reader import reading
from headworks.stores.journal.segment import find_epochs
from headworks.testing import FrozenClock
from tests.journal.writing import (
    AT,
    Voice,
    begin,
    checkpoint,
    end,
    exchanges_in,
    journal_in,
    largest_file,
    records_in,
    recoverer,
)


def skipped_lines(directory: Path) -> int:
    """Lines that no reader could read."""
    skipped = 0
    for segments in find_epochs(directory).values():
        for segment in segments:
            with reading(segment.path) as reader:
                assert list(reader.records())
                skipped += reader.skipped
    return skipped


@pytest.mark.parametrize("room", range(0, 700, 37))
def test_a_line_that_did_not_fit_leaves_nothing_behind(tmp_path: Path, room: int) -> None:
    """Whatever room is left for it, the file ends after the last whole line, and goes on there when space returns."""
    journal = journal_in(tmp_path)
    journal.begin(begin(1))
    path = journal.chain.current.segment.path

    with largest_file(path.stat().st_size + room), suppress(Fault):
        for number in range(2, 10):
            journal.begin(begin(number))
    assert journal.gauges().refused == 1
    assert path.read_bytes().endswith(b"\n")
    journal.end(end(1))

    assert skipped_lines(tmp_path) == 0
    assert exchanges_in(tmp_path) == [end(1)]
    journal.close()


def test_where_the_rule_is_refuse_nothing_begins_unrecorded(tmp_path: Path) -> None:
    voice = Voice()
    journal = journal_in(tmp_path, voice=voice)

    with largest_file(10), pytest.raises(Fault) as caught:
        journal.begin(begin())

    assert caught.value.code == "journal_unwritable"
    assert str(tmp_path) not in caught.value.message
    assert journal.gauges().refused == 1
    assert "requests are refused" in voice.said[0]
    journal.close()


def test_where_the_rule_is_drop_service_goes_on_and_it_is_said_loudly(tmp_path: Path) -> None:
    voice = Voice()
    journal = journal_in(tmp_path, voice=voice, on_full="drop")

    with largest_file(10):
        journal.begin(begin())
        journal.checkpoint(checkpoint())

    assert journal.gauges().dropped == 2
    assert journal.gauges().unwritable
    assert len(voice.said) == 1
    assert "NOT RECORDED" in voice.said[0]
    journal.close()


@pytest.mark.parametrize("on_full", ["refuse", "drop"])
def test_ends_wait_until_space_returns(tmp_path: Path, on_full: str) -> None:
    voice = Voice()
    journal = journal_in(tmp_path, voice=voice, on_full=on_full)
    for number in range(5):
        journal.begin(begin(number))

    with largest_file(10):
        for number in range(4):
            journal.end(end(number))
        journal.tend()
        assert journal.gauges().backlog == 4
    journal.tend()
    journal.end(end(4))

    assert exchanges_in(tmp_path) == [end(number) for number in range(5)]
    assert journal.gauges().backlog == 0
    assert not journal.gauges().unwritable
    assert len(voice.said) == 2
    assert "can be written again" in voice.said[1]
    journal.close()
    assert audit(tmp_path).sound


def test_without_traffic_too_it_finds_out_that_space_is_back(tmp_path: Path) -> None:
    """A gateway that is not ready gets no requests, so it must not need one to become ready."""
    journal = journal_in(tmp_path)
    with largest_file(10):
        with pytest.raises(Fault):
            journal.begin(begin(1))
        journal.tend()
        assert journal.gauges().unwritable

    journal.tend()

    assert not journal.gauges().unwritable
    journal.close()


def test_what_waits_goes_before_what_comes(tmp_path: Path) -> None:
    """No begin is accepted while there is no room for the ends that wait: theirs would not find any either."""
    journal = journal_in(tmp_path)
    journal.begin(begin(1))
    size = journal.chain.current.segment.path.stat().st_size
    with largest_file(size):
        journal.end(end(1, notes={"why": "x" * 1000}))

    with largest_file(size + 800), pytest.raises(Fault):
        journal.begin(begin(2))
    journal.begin(begin(3))

    assert [type(record).__name__ for record in records_in(tmp_path)[1:]] == ["Begin", "Exchange", "Begin"]
    journal.close()


def test_a_batch_cut_in_two_counts_what_is_whole_and_keeps_the_ends_of_the_rest(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    for number in range(6):
        journal.begin(begin(number))
    size = journal.chain.current.segment.path.stat().st_size
    with largest_file(size):
        for number in range(6):
            journal.end(end(number))

    with largest_file(size + 1000):
        journal.tend()
    written = exchanges_in(tmp_path)
    assert 0 < len(written) < 6
    assert journal.gauges().backlog == 6 - len(written)

    journal.tend()
    assert exchanges_in(tmp_path) == [end(number) for number in range(6)]
    journal.close()


def test_what_waits_is_bounded_and_what_is_lost_is_counted() -> None:
    backlog = Backlog(largest=100)

    backlog.keep_ends(bytearray(b'{"t":"end","id":"1"}\n{"t":"begin","id":"2"}\n'))
    backlog.keep_ends(bytearray(b'{"t":"end","id":"' + b"3" * 90 + b'"}\n'))

    assert len(backlog) == 1
    assert backlog.lost == 1


def test_an_exchange_whose_end_was_lost_is_found_by_a_recovery_however_many_segments_later(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=2000)
    journal._backlog = Backlog(largest=10)
    journal.begin(begin(0))
    with largest_file(10):
        journal.end(end(0))
    for number in range(1, 40):
        journal.begin(begin(number))
        journal.end(end(number))
    journal.close()

    recover(tmp_path, recoverer())

    assert audit(tmp_path).sound
    assert [exchange.id for exchange in exchanges_in(tmp_path) if exchange.ending == "killed"] == [begin(0).id]


def test_a_segment_whose_torn_line_cannot_be_cut_off_is_left_for_a_new_one(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin(begin(1))
    current = journal.chain.current
    os.write(current.fd, b'{"t":"begin","id":')
    current.torn = True
    with largest_file(10):
        journal.end(end(1))

    journal.begin(begin(2))

    assert journal.chain.number == 2
    assert [type(record).__name__ for record in records_in(tmp_path)] == ["Header", "Begin", "Header", "Exchange", "Begin"]
    journal.close()


def test_no_room_for_a_new_segment_means_going_on_in_the_old_one(tmp_path: Path) -> None:
    voice = Voice()
    journal = journal_in(tmp_path, voice=voice, segment_bytes=2000)
    journal.chain.directory = tmp_path / "gone"

    for number in range(10):
        journal.begin(begin(number))

    assert len(records_in(tmp_path)) == 11
    assert "goes on in the same segment" in voice.said[0]
    journal.chain.directory = tmp_path
    journal.close()


def test_closing_on_a_full_disk_says_what_is_lost(tmp_path: Path) -> None:
    voice = Voice()
    journal = journal_in(tmp_path, voice=voice)
    journal.begin(begin(1))

    with largest_file(10):
        journal.end(end(1))
        journal.close()

    assert any("a recovery will charge" in line for line in voice.said)
    assert audit(tmp_path).orphans == [begin(1).id]


def test_a_truly_full_disk_loses_no_exchange(small_disk: Path) -> None:
    journal = journal_in(small_disk, FrozenClock(wall_ns=AT), segment_bytes=10_000)
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 200_000)
    accepted: list[int] = []
    for number in range(400):
        try:
            journal.begin(begin(number))
        except Fault:
            break
        accepted.append(number)
    for number in accepted:
        journal.end(end(number))
    assert journal.gauges().backlog

    ballast.unlink()
    journal.tend()
    while journal.gauges().backlog:  # still too small: the oldest segments go, as an operator would have it
        min(small_disk.glob("*.jsonl")).unlink()
        journal.tend()

    assert accepted
    assert len(accepted) < 400
    assert skipped_lines(small_disk) == 0
    journal.close()
