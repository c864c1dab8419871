"""After a crash every exchange begun is accounted for exactly once, whatever the crash cut off and whoever looks."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headworks.domain.exchange import Begin, Exchange, Footer, Header
from headworks.domain.outcome import Ending
from headworks.domain.usage import Certainty, Usage
from headworks.stores.journal import Recoverer, audit, recover
from headworks.stores.journal.lock import EpochLock
from headworks.stores.journal.segment import find_epochs
from headworks.testing import FrozenClock
from tests.journal.writing import (
    AT,
    Voice,
    abandon,
    begin,
    checkpoint,
    end,
    exchanges_in,
    journal_in,
    largest_file,
    name,
    records_in,
    recoverer,
)


def only_path(directory: Path, *, last: bool = True) -> Path:
    """The path of the last (or first) segment of the only epoch."""
    (segments,) = find_epochs(directory).values()
    return segments[-1 if last else 0].path


def killed_with(directory: Path, *marks: object, segment_bytes: int = 1 << 20) -> None:
    """A gateway that wrote these and died."""
    journal = journal_in(directory, segment_bytes=segment_bytes)
    for mark in marks:
        if isinstance(mark, Begin):
            journal.begin(mark)
        elif isinstance(mark, Exchange):
            journal.end(mark)
        else:
            journal.checkpoint(mark)  # pyright: ignore[reportArgumentType] - the third kind
    abandon(journal)


def check(directory: Path) -> None:
    """Begun = ended, none twice, and a second recovery finds nothing to do."""
    found = audit(directory)
    assert found.sound, found
    assert found.begun == found.ended - found.unbegun
    before = sorted((path.name, path.read_bytes()) for path in directory.glob("*.jsonl"))
    assert recover(directory, recoverer()) == []
    assert sorted((path.name, path.read_bytes()) for path in directory.glob("*.jsonl")) == before


def test_without_a_checkpoint_the_prompt_alone_is_charged(tmp_path: Path) -> None:
    killed_with(tmp_path, begin(1))

    (killed,) = recover(tmp_path, recoverer())

    assert (killed.id, killed.ending, killed.status) == (name(1), Ending.KILLED, 0)
    assert (killed.usage, killed.certainty) == (Usage(input=100), Certainty.ESTIMATED)
    assert killed.cost == killed.price == 200_000
    assert exchanges_in(tmp_path) == [killed]
    check(tmp_path)


def test_with_checkpoints_the_last_one_is_charged(tmp_path: Path) -> None:
    killed_with(tmp_path, begin(1), checkpoint(1, output=10), checkpoint(1, output=70, target="test/other"))

    (killed,) = recover(tmp_path, recoverer())

    assert killed.usage == Usage(input=100, output=70)
    assert killed.certainty is Certainty.ESTIMATED
    assert killed.price == 200_000 + 70 * 8_000
    assert killed.target == "test/other"
    assert killed.duration == pytest.approx(5000.0)


def test_the_record_bears_the_name_of_the_dead_and_of_who_recovered(tmp_path: Path) -> None:
    killed_with(tmp_path, begin(1))

    recover(tmp_path, recoverer("control"))

    first, second = (record for record in records_in(tmp_path) if isinstance(record, Header))
    assert (second.process, second.epoch, second.recovered_by) == (first.process, first.epoch, "control")
    assert records_in(tmp_path)[-1] == Footer(wall_ns=AT, ends=1, last=True)


def test_a_living_process_is_left_alone(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin(begin(1))

    assert recover(tmp_path, recoverer()) == []

    assert audit(tmp_path).inflight == 1
    journal.end(end(1))
    journal.close()
    check(tmp_path)


def test_an_exchange_that_ended_in_a_later_segment_is_no_orphan(tmp_path: Path) -> None:
    marks = [begin(0), *(mark for number in range(1, 30) for mark in (begin(number), end(number))), end(0)]
    killed_with(tmp_path, *marks, segment_bytes=1500)

    assert recover(tmp_path, recoverer()) == []
    check(tmp_path)


def test_an_orphan_that_began_many_segments_ago_is_found(tmp_path: Path) -> None:
    marks = [begin(0), checkpoint(0), *(mark for number in range(1, 30) for mark in (begin(number), end(number)))]
    killed_with(tmp_path, *marks, segment_bytes=1500)

    assert [killed.id for killed in recover(tmp_path, recoverer())] == [name(0)]
    check(tmp_path)


def test_while_somebody_recovers_nobody_else_does(tmp_path: Path) -> None:
    killed_with(tmp_path, begin(1))
    (epoch,) = find_epochs(tmp_path)
    lock = EpochLock.take(tmp_path, epoch)
    assert lock is not None

    assert recover(tmp_path, recoverer()) == []

    lock.release()
    assert len(recover(tmp_path, recoverer())) == 1


def test_without_room_it_is_tried_again_later(tmp_path: Path) -> None:
    killed_with(tmp_path, *(begin(number) for number in range(20)))
    voice = Voice()

    with largest_file(2000):
        assert recover(tmp_path, Recoverer("test", FrozenClock(wall_ns=AT), voice)) == []
    assert "tried again" in voice.said[0]

    recover(tmp_path, recoverer())
    check(tmp_path)


def test_on_a_full_disk_no_attempt_leaves_anything_behind(small_disk: Path) -> None:
    killed_with(small_disk, *(begin(number) for number in range(20)))
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 200_000)

    for _ in range(3):
        assert recover(small_disk, recoverer()) == []
    assert len(list(small_disk.glob("*.jsonl"))) == 1

    ballast.unlink()
    recover(small_disk, recoverer())
    check(small_disk)


def test_a_segment_of_a_later_version_is_not_touched(tmp_path: Path) -> None:
    killed_with(tmp_path, begin(1))
    path = only_path(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"schema":1', b'"schema":999'))
    voice = Voice()

    assert recover(tmp_path, Recoverer("test", FrozenClock(wall_ns=AT), voice)) == []

    assert "format 999" in voice.said[0]
    assert only_path(tmp_path) == path


SMALL = [begin(1), checkpoint(1), begin(2), end(1), begin(3), checkpoint(3), end(3)]


def test_whatever_byte_it_died_at_each_begin_is_accounted_for_once(quick_disk: Path) -> None:
    killed_with(quick_disk / "whole", *SMALL)
    whole = only_path(quick_disk / "whole")
    content = whole.read_bytes()
    for cut in range(len(content) + 1):
        place = quick_disk / "cut"
        place.mkdir()
        (place / whole.name).write_bytes(content[:cut])

        recover(place, recoverer())

        assert audit(place).begun == content[:cut].count(b'{"t":"begin"') - (
            not content[:cut].endswith(b"\n") and cut_in_begin(content, cut)
        )
        check(place)
        shutil.rmtree(place)


def cut_in_begin(content: bytes, cut: int) -> bool:
    """Whether the torn line shows that it would have become a begin."""
    return content[content.rfind(b"\n", 0, cut) + 1 : cut].startswith(b'{"t":"begin"')


def test_whatever_byte_the_recovery_died_at_the_next_one_ends_only_the_rest(quick_disk: Path) -> None:
    killed_with(quick_disk / "dead", begin(1), begin(2), checkpoint(2), begin(3), end(3))
    recovered = quick_disk / "recovered"
    shutil.copytree(quick_disk / "dead", recovered)
    recover(recovered, recoverer())
    second = only_path(recovered)
    content = second.read_bytes()
    for cut in range(len(content)):
        place = quick_disk / "cut"
        shutil.copytree(quick_disk / "dead", place)
        (place / second.name).write_bytes(content[:cut])

        recover(place, recoverer())

        check(place)
        assert sorted(exchange.id for exchange in exchanges_in(place)) == [name(1), name(2), name(3)]
        shutil.rmtree(place)


@st.composite
def lives(draw: st.DrawFn) -> list[object]:
    """What a process wrote until it died: exchanges that overlap, some with checkpoints, some never begun."""
    marks: list[object] = []
    open_now: list[int] = []
    for number in range(draw(st.integers(1, 25))):
        action = draw(st.sampled_from(["begin", "begin", "end", "mark", "refuse"]))
        if action == "begin":
            marks.append(begin(number))
            open_now.append(number)
        elif action == "refuse":
            marks.append(end(number, ending=Ending.REFUSED, status=401))
        elif open_now:
            which = draw(st.sampled_from(open_now))
            marks.append(checkpoint(which) if action == "mark" else end(which))
            if action == "end":
                open_now.remove(which)
    return marks


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(life=lives(), segment_bytes=st.integers(300, 4000), cut=st.floats(0, 1))
def test_any_life_cut_anywhere_is_accounted_for(quick_disk: Path, life: list[object], segment_bytes: int, cut: float) -> None:
    place = Path(tempfile.mkdtemp(dir=quick_disk))
    killed_with(place, *life, segment_bytes=segment_bytes)
    last = only_path(place)
    content = last.read_bytes()
    last.write_bytes(content[: round(cut * len(content))])

    killed = recover(place, recoverer())

    check(place)
    assert all(exchange.ending is Ending.KILLED for exchange in killed)
