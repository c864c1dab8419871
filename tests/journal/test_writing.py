"""What stands in the files when a call returns."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import msgspec
import pytest

from headworks.domain.errors import Fault
from headworks.domain.exchange import SCHEMA, Footer, Header
from headworks.domain.snapshot import JournalSettings
from headworks.stores.journal import SegmentedJournal
from headworks.stores.journal.segment import find_epochs
from headworks.testing import FrozenClock
from tests.journal.writing import AT, Voice, begin, checkpoint, end, journal_in, records_in


def test_a_begin_is_in_the_file_when_the_call_returns(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)

    journal.begin(begin())

    assert records_in(tmp_path)[1:] == [begin()]
    journal.close()


def test_an_end_is_in_the_file_when_the_call_returns(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin(begin())

    journal.end(end())

    assert records_in(tmp_path)[1:] == [begin(), end()]
    journal.close()


def test_a_segment_starts_with_a_header_that_ties_both_clocks_together(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, FrozenClock(now=7.5, wall_ns=AT))

    header = cast("Header", records_in(tmp_path)[0])

    assert (header.schema, header.process, header.epoch, header.segment) == (SCHEMA, "gateway", AT, 1)
    assert (header.wall_ns, header.mono_ns) == (AT, 7_500_000_000)
    journal.close()


def test_a_quiet_end_closes_the_epoch_and_takes_its_lock_away(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin(begin())
    journal.end(end())

    journal.close()

    assert records_in(tmp_path)[-1] == Footer(wall_ns=AT, begins=1, ends=1, last=True)
    assert not list(tmp_path.glob("*.lock"))


def test_an_end_with_exchanges_open_leaves_the_epoch_to_a_recovery(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin(begin())

    journal.close()

    assert records_in(tmp_path)[-1] == Footer(wall_ns=AT, begins=1)


def test_a_full_segment_is_sealed_and_the_next_one_knows_where_the_oldest_open_begin_is(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=2000)
    journal.begin(begin(0))
    for number in range(1, 40):
        journal.begin(begin(number))
        journal.end(end(number))

    (segments,) = find_epochs(tmp_path).values()
    headers = [record for record in records_in(tmp_path) if isinstance(record, Header)]
    footers = [record for record in records_in(tmp_path) if isinstance(record, Footer)]

    assert len(segments) > 5
    assert [header.segment for header in headers] == list(range(1, len(segments) + 1))
    assert {header.oldest for header in headers} == {1}
    assert len(footers) == len(segments) - 1
    assert all(segment.path.stat().st_size < 3000 for segment in segments)
    journal.close()
    sealed = [record for record in records_in(tmp_path) if isinstance(record, Footer)]
    assert (sum(footer.begins for footer in sealed), sum(footer.ends for footer in sealed)) == (40, 39)


def test_with_nothing_open_the_next_segment_needs_none_before_it(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=600)
    for number in range(10):
        journal.begin(begin(number))
        journal.end(end(number))

    last = [record for record in records_in(tmp_path) if isinstance(record, Header)][-1]

    assert last.oldest == last.segment
    journal.close()


def test_a_segment_that_is_old_enough_is_followed_by_another_unless_it_is_empty(tmp_path: Path) -> None:
    clock = FrozenClock(wall_ns=AT)
    journal = journal_in(tmp_path, clock, segment_seconds=3600.0)

    clock.advance(4000)
    journal.tend()
    assert journal.chain.number == 1

    journal.begin(begin())
    journal.tend()
    assert journal.chain.number == 2
    journal.close()


def test_a_deleted_segment_is_noticed_and_replaced(tmp_path: Path) -> None:
    voice = Voice()
    journal = journal_in(tmp_path, voice=voice)
    journal.begin(begin())
    journal.chain.current.segment.path.unlink()

    journal.tend()
    journal.end(end())

    assert records_in(tmp_path)[1:] == [end()]
    assert "deleted" in voice.said[0]
    journal.close()


def test_marks_gather_until_they_are_flushed_where_the_caller_wants_it_so(tmp_path: Path) -> None:
    settings = JournalSettings(directory=str(tmp_path))
    journal = SegmentedJournal(settings, "gateway", FrozenClock(wall_ns=AT), Voice(), autoflush=False)

    journal.begin(begin(1))
    journal.checkpoint(checkpoint(1))
    journal.begin(begin(2))
    assert records_in(tmp_path)[1:] == []

    journal.flush()
    assert records_in(tmp_path)[1:] == [begin(1), checkpoint(1), begin(2)]
    journal.close()


def test_a_record_that_cannot_be_encoded_leaves_no_trace(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin(begin(1))

    with pytest.raises((TypeError, UnicodeEncodeError, msgspec.MsgspecError)):
        journal.end(end(1, notes={"why": "\ud800"}))
    journal.end(end(2))

    assert records_in(tmp_path)[1:] == [begin(1), end(2)]
    journal.close()


def test_processes_born_at_the_same_instant_have_epochs_of_their_own(tmp_path: Path) -> None:
    first = journal_in(tmp_path)
    second = journal_in(tmp_path)
    second.close()
    third = journal_in(tmp_path)

    assert len(find_epochs(tmp_path)) == 3
    first.close()
    third.close()


def test_a_directory_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")

    with pytest.raises(Fault, match=r"journal\.directory") as caught:
        journal_in(in_the_way / "journal")

    assert caught.value.code == "journal_unwritable"


def test_the_gauges_tell_how_it_is_doing(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin(begin(1))
    journal.begin(begin(2))
    journal.end(end(1))

    gauges = journal.gauges()

    assert (gauges.open, gauges.begins, gauges.ends, gauges.segments) == (1, 2, 1, 1)
    assert gauges.bytes == journal.chain.current.segment.path.stat().st_size
    journal.close()


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    journal = journal_in(tmp_path / "journal")

    assert (tmp_path / "journal").stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "journal").iterdir())
    journal.close()
