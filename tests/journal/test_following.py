"""A tail sees every record once, in order, while the files grow, break off, are followed by others and disappear."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headworks.stores.journal import SegmentedJournal, Tail, recover
from headworks.stores.journal.segment import find_epochs
from tests.journal.writing import Voice, abandon, begin, end, journal_in, name, recoverer


def tail_of(directory: Path, places: dict[str, tuple[int, int]] | None = None, voice: Voice | None = None) -> Tail:
    """A tail for end-records."""
    return Tail(directory, voice or Voice(), places)


def ids(tail: Tail, size: int = 1 << 20) -> list[str]:
    """The ids of what has come."""
    return [exchange.id for exchange in tail.poll(size)]


def write(journal: SegmentedJournal, *numbers: int) -> None:
    """These exchanges, whole."""
    for number in numbers:
        journal.begin(begin(number))
        journal.end(end(number))


def test_what_was_written_comes_once(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    tail = tail_of(tmp_path)
    write(journal, 1, 2)

    assert ids(tail) == [name(1), name(2)]
    assert ids(tail) == []

    write(journal, 3)
    assert ids(tail) == [name(3)]
    journal.close()


def test_it_follows_from_segment_to_segment(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=700)
    tail = tail_of(tmp_path)
    seen: list[str] = []
    for number in range(30):
        write(journal, number)
        if number % 7 == 0:
            seen += ids(tail)
    journal.close()

    assert seen + ids(tail) == [name(number) for number in range(30)]
    assert tail.lag_bytes() == 0


def test_much_comes_in_pieces(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=3000)
    tail = tail_of(tmp_path)
    write(journal, *range(50))

    seen = ids(tail, 1000)
    assert not tail.caught_up
    while not tail.caught_up:
        piece = ids(tail, 1000)
        assert len(piece) < 10
        seen += piece

    assert seen == [name(number) for number in range(50)]
    journal.close()


def test_a_line_longer_than_a_piece_comes_too(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    tail = tail_of(tmp_path)
    journal.end(end(1, notes={"why": "x" * 50_000}))
    write(journal, 2)

    seen = ids(tail, 100) + ids(tail, 100) + ids(tail, 100) + ids(tail, 100)

    assert seen == [name(1), name(2)]
    journal.close()


def test_it_goes_on_from_where_it_was(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=700)
    first = tail_of(tmp_path)
    write(journal, 1, 2, 3)
    ids(first)
    write(journal, 4, 5)

    second = tail_of(tmp_path, first.places())

    assert ids(second) == [name(4), name(5)]
    journal.close()


def test_an_epoch_that_came_since_is_read_from_its_start(tmp_path: Path) -> None:
    former = journal_in(tmp_path)
    places = tail_of(tmp_path).places()
    later = journal_in(tmp_path)
    write(later, 1)

    assert ids(tail_of(tmp_path, places)) == [name(1)]
    former.close()
    later.close()


def test_without_places_the_living_are_read_and_the_dead_are_not(tmp_path: Path) -> None:
    dead = journal_in(tmp_path)
    write(dead, 1)
    dead.begin(begin(2))
    abandon(dead)
    living = journal_in(tmp_path)
    write(living, 3)

    tail = tail_of(tmp_path)
    assert ids(tail) == [name(3)]

    recover(tmp_path, recoverer())
    assert ids(tail) == [name(2)]
    living.close()


def test_from_now_on_means_from_the_next_line_on(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    write(journal, 1)
    path = journal.chain.current.segment.path
    line = b'{"t":"end","id":"2","at":1,"kind":"chat","ending":"finished","status":200}\n'
    with path.open("ab") as torn:
        torn.write(line[:30])

    tail = Tail.from_now(tmp_path, Voice())
    with path.open("ab") as rest:
        rest.write(line[30:])

    assert ids(tail) == ["2"]
    journal.close()


def test_a_torn_line_that_is_taken_back_was_never_seen(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    tail = tail_of(tmp_path)
    write(journal, 1)
    path = journal.chain.current.segment.path
    with path.open("ab") as torn:
        torn.write(b'{"t":"end","id":"torn')

    assert ids(tail) == [name(1)]
    os.truncate(path, path.stat().st_size - len(b'{"t":"end","id":"torn'))
    write(journal, 2)

    assert ids(tail) == [name(2)]
    assert tail.skipped == 0
    journal.close()


def test_a_line_that_is_none_is_skipped_and_counted(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    tail = tail_of(tmp_path)
    with journal.chain.current.segment.path.open("ab") as rubbish:
        rubbish.write(b'{"t":"end","id":7}\n\x00\x00\x00\n')
    write(journal, 1)

    assert ids(tail) == [name(1)]
    assert tail.skipped == 2
    journal.close()


def test_it_tells_how_far_behind_it_is(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=700)
    tail = tail_of(tmp_path)
    ids(tail)
    before = journal.chain.bytes

    write(journal, *range(5))

    assert tail.lag_bytes() == sum(path.stat().st_size for path in tmp_path.glob("*.jsonl")) - before
    ids(tail)
    assert tail.lag_bytes() == 0
    journal.close()


def test_what_was_deleted_is_forgotten(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    tail = tail_of(tmp_path)
    write(journal, 1)
    ids(tail)
    journal.close()
    for path in tmp_path.iterdir():
        path.unlink()

    assert ids(tail) == []
    assert tail.places() == {}


def test_a_segment_of_a_later_version_is_said_once_and_left_out(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    path = journal.chain.current.segment.path
    path.write_bytes(path.read_bytes().replace(b'"schema":1', b'"schema":9'))
    voice = Voice()
    tail = tail_of(tmp_path, voice=voice)

    tail.poll()
    journal.begin(begin())
    tail.poll()

    assert len(voice.said) == 1
    assert "format 9" in voice.said[0]
    journal.close()


def test_a_directory_that_is_not_there_yet_has_nothing(tmp_path: Path) -> None:
    tail = tail_of(tmp_path / "journal")
    assert ids(tail) == []

    journal = journal_in(tmp_path / "journal")
    write(journal, 1)
    assert ids(tail) == [name(1)]
    journal.close()


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.sampled_from(["write", "write", "poll", "die", "restart", "recover"]), max_size=40),
    size=st.integers(50, 3000),
    segment_bytes=st.integers(300, 2000),
)
def test_whatever_happens_each_exchange_comes_once(quick_disk: Path, steps: list[str], size: int, segment_bytes: int) -> None:
    place = Path(tempfile.mkdtemp(dir=quick_disk))
    journal = journal_in(place, segment_bytes=segment_bytes)
    tail = tail_of(place)
    seen: list[str] = []
    written: list[str] = []
    for number, step in enumerate(steps):
        if step == "write":
            write(journal, number)
            written.append(name(number))
        elif step == "poll":
            seen += ids(tail, size)
        elif step == "die":
            journal.begin(begin(number))
            written.append(name(number))
            abandon(journal)
            journal = journal_in(place, segment_bytes=segment_bytes)
        elif step == "restart":
            tail = tail_of(place, tail.places())
        else:
            recover(place, recoverer())
    recover(place, recoverer())
    seen += ids(tail, size)
    while not tail.caught_up:
        seen += ids(tail, size)

    assert sorted(seen) == sorted(written)
    assert len(find_epochs(place)) == 1 + steps.count("die")
    journal.close()
