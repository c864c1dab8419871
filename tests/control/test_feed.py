"""Those who stand at the same place in the journal share one reading of it; whoever lags gets everything, and holds up nobody."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from headworks.control.feed import Feed
from headworks.stores.journal import Place
from headworks.stores.journal.walk import Piece
from tests.journal.writing import begin, end, journal_in, name


class Reader:
    """A follower that keeps what it is told."""

    def __init__(self) -> None:
        self.ready = True
        self.wants = True
        self.pieces: list[Piece] = []
        self.caught_up = False
        self._places: dict[str, Place] = {}

    def begin(self, stems: Collection[str]) -> None:
        pass

    def place(self, stem: str) -> Place:
        return self._places.get(stem, (0, 0))

    def take(self, stem: str, piece: Piece) -> bool:
        if self.wants:
            self.pieces.append(piece)
            self._places[stem] = piece.after
        return self.wants

    def end(self, now: float, *, caught_up: bool) -> None:  # noqa: ARG002 - as it is told
        self.caught_up = caught_up

    @property
    def told(self) -> list[str]:
        return [exchange.id for piece in self.pieces for exchange in piece.exchanges]


def test_who_stands_at_the_same_place_is_told_from_one_reading(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    one, other = Reader(), Reader()
    feed = Feed(tmp_path, [one, other])
    for number in range(100):
        journal.begin(begin(number))
        journal.end(end(number))

    assert not feed.step(0.0)

    assert one.told == other.told == [name(number) for number in range(100)]
    assert all(piece is same for piece, same in zip(one.pieces, other.pieces, strict=True))
    journal.close()


def test_who_was_not_ready_gets_everything_later_and_then_shares_again(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    quick, slow = Reader(), Reader()
    feed = Feed(tmp_path, [quick, slow])
    slow.ready = False
    journal.end(end(1))
    feed.step(0.0)
    assert (quick.told, slow.told) == ([name(1)], [])

    slow.ready = True
    journal.end(end(2))
    feed.step(0.0)
    assert quick.told == slow.told == [name(1), name(2)]

    journal.end(end(3))
    feed.step(0.0)
    assert quick.pieces[-1] is slow.pieces[-1]
    journal.close()


def test_who_wants_no_more_holds_up_nobody(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=2000)
    stopped, going = Reader(), Reader()
    stopped.wants = False
    for number in range(30):
        journal.end(end(number))

    Feed(tmp_path, [stopped, going]).step(0.0)

    assert going.told == [name(number) for number in range(30)]
    assert stopped.told == []
    journal.close()


def test_much_is_told_in_batches(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    reader = Reader()
    feed = Feed(tmp_path, [reader])
    for number in range(2000):
        journal.end(end(number))

    assert feed.step(0.0)
    assert 0 < len(reader.told) < 2000
    assert not reader.caught_up
    while feed.step(0.0):
        pass

    assert reader.told == [name(number) for number in range(2000)]
    assert reader.caught_up
    journal.close()
