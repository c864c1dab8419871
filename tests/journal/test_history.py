"""Looking back: newest first, and all that is known of one."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.feedback import Feedback
from headworks.domain.target import Tried
from headworks.stores.journal import find, newest_first, recover
from headworks.stores.journal.reader import reading
from tests.journal.writing import AT, abandon, begin, checkpoint, end, journal_in, name, recoverer

SECOND = 10**9


def test_the_one_that_ended_last_comes_first_across_processes(tmp_path: Path) -> None:
    one, two = journal_in(tmp_path, segment_bytes=900), journal_in(tmp_path, segment_bytes=900)
    for number in range(20):
        (one if number % 3 else two).end(end(number, at=AT + number * SECOND))

    assert [exchange.id for exchange in newest_first(tmp_path)] == [name(number) for number in reversed(range(20))]
    one.close()
    two.close()


def test_it_reads_back_to_an_instant(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=900)
    for number in range(20):
        journal.end(end(number, at=AT + number * SECOND))

    found = newest_first(tmp_path, since_ns=AT + 15 * SECOND)

    assert [exchange.id for exchange in found] == [name(number) for number in (19, 18, 17, 16, 15)]
    journal.close()


def test_a_killed_one_written_late_does_not_hide_what_ended_before_it_was_written(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin(begin(1, at=AT))
    journal.end(end(2, at=AT + 10 * SECOND))
    abandon(journal)
    recover(tmp_path, recoverer())

    assert [exchange.id for exchange in newest_first(tmp_path, since_ns=AT + 5 * SECOND)] == [name(2)]


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=900)
    for number in range(20):
        journal.end(end(number, at=AT + number * SECOND))
    for path in sorted(tmp_path.glob("*.jsonl"))[:-3]:
        path.write_bytes(b"rubbish\n")

    assert [exchange.id for exchange in islice(newest_first(tmp_path), 2)] == [name(19), name(18)]
    journal.close()


def test_an_exchange_under_way_is_found_with_its_last_checkpoint(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin(begin(1))
    journal.checkpoint(checkpoint(1, output=5))
    journal.checkpoint(checkpoint(1, output=9))

    (story,) = find(tmp_path, name(1))

    assert (story.begin, story.checkpoint, story.end) == (begin(1), checkpoint(1, output=9), None)
    assert story.alive
    journal.close()


def test_all_of_one_exchange_is_found_across_segments(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=700)
    journal.begin(begin(0))
    for number in range(1, 20):
        journal.end(end(number))
    journal.end(end(0))

    (story,) = find(tmp_path, name(0))

    assert (story.begin, story.end) == (begin(0), end(0))
    journal.close()


def test_the_beginning_of_an_id_will_do_and_may_fit_several(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    for number in (1, 2):
        journal.end(end(number))

    assert [story.id for story in find(tmp_path, name(1)[:20])] == [name(1), name(2)]
    journal.close()


def test_a_client_finds_its_own_name_for_it(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.end(end(1, client_request_id='mine "1"', trace="0af7651916cd43dd8448eb211c80319c"))
    journal.end(end(2, notes={"route": 'mine "1"', "target": "ordered"}))

    assert [story.id for story in find(tmp_path, 'mine "1"')] == [name(1)]
    assert [story.id for story in find(tmp_path, "0af7651916cd43dd8448eb211c80319c")] == [name(1)]
    assert find(tmp_path, "ordered") == []
    journal.close()


def test_a_providers_own_id_leads_to_the_exchange(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.end(end(1, tried=(Tried(target="a/b", provider="a", model="b", at=0.0, upstream_id="chatcmpl-17"),)))

    assert [story.id for story in find(tmp_path, "chatcmpl-17")] == [name(1)]
    journal.close()


def test_a_providers_id_of_a_request_that_failed_leads_to_the_exchange(tmp_path: Path) -> None:
    failed = Tried(target="a/b", provider="a", model="b", at=0.0, fault="upstream_error", request_id="req_17")
    journal = journal_in(tmp_path)
    journal.end(end(1, ending="failed", fault="upstream_error", tried=(failed, failed)))

    assert [story.id for story in find(tmp_path, "req_17")] == [name(1)]
    journal.close()


def test_an_unknown_one_is_not_found(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.end(end(1))

    assert find(tmp_path, name(2)) == []
    journal.close()


@given(
    lines=st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line), max_size=20),
    torn=st.binary(max_size=20).filter(lambda line: b"\n" not in line),
    size=st.integers(1, 60),
)
def test_lines_are_the_same_backwards_and_forwards(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], torn: bytes, size: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "lines.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in lines) + torn)

    with reading(path) as reader:
        forwards: list[bytes] = []
        offset = 0
        while (piece := reader.lines(offset, size))[0]:
            forwards += piece[0]
            offset = piece[1]
        assert forwards == lines
        assert list(reader.lines_backwards(size)) == lines[::-1]
        assert reader.end(size) == offset


def test_feedback_is_found_with_the_exchange_it_is_about_and_never_with_another_tenants(tmp_path: Path) -> None:
    said = Feedback(exchange=name(1), score=-1.0, label="rude")
    first = journal_in(tmp_path)
    first.end(end(1, lineage=("org-1", "k1"), principal="k1"))
    first.close()
    later = journal_in(tmp_path)
    later.end(end(2, kind="feedback", lineage=("org-1", "k2"), principal="k2", feedback=said))
    later.end(end(3, kind="feedback", lineage=("org-2", "k3"), principal="k3", feedback=said))
    later.close()

    (story,) = find(tmp_path, name(1))

    assert [each.principal for each in story.feedback] == ["k2"]
