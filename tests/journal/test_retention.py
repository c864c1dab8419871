"""What is old is deleted, unless somebody still needs it."""

from __future__ import annotations

import os
from pathlib import Path

from headworks.stores.journal import forget_old, recover
from headworks.stores.journal.segment import find_epochs
from headworks.testing import FrozenClock
from tests.journal.writing import AT, abandon, begin, end, journal_in, recoverer

DAY = 86_400 * 10**9


def forget_after(directory: Path, days: int) -> list[Path]:
    """What is deleted so many days later, where 30 are kept."""
    for path in directory.glob("*.jsonl"):
        os.utime(path, ns=(AT, AT))
    return forget_old(directory, 30.0, FrozenClock(wall_ns=AT + days * DAY))


def test_what_is_young_stays(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.close()

    assert forget_after(tmp_path, 29) == []


def test_what_is_old_goes_with_its_lock_file(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin(begin())
    abandon(journal)
    recover(tmp_path, recoverer())

    assert len(forget_after(tmp_path, 31)) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_dead_process_is_kept_until_it_is_recovered(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin(begin())
    abandon(journal)

    assert forget_after(tmp_path, 31) == []
    recover(tmp_path, recoverer())
    assert len(forget_after(tmp_path, 31)) == 2


def test_a_living_process_keeps_what_its_oldest_open_exchange_needs(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=700)
    for number in range(10):
        journal.end(end(number))
    journal.begin(begin(100))
    for number in range(20, 30):
        journal.end(end(number))
    (segments,) = find_epochs(tmp_path).values()

    forget_after(tmp_path, 31)

    (kept,) = find_epochs(tmp_path).values()
    assert 1 < len(kept) < len(segments)
    assert any(begin(100).id.encode() in segment.path.read_bytes() for segment in kept)
    abandon(journal)
    assert [killed.id for killed in recover(tmp_path, recoverer())] == [begin(100).id]
