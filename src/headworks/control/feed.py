"""One reading of the journal for all who follow it: each line is decoded once, and handed to everybody who stands there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Protocol

from headworks.ports.clock import Clock
from headworks.stores.journal import Place
from headworks.stores.journal.segment import Segment, find_epochs
from headworks.stores.journal.walk import Piece, walk

EVERY = 0.25
"""Seconds between two looks at a journal that has nothing new."""
_BATCH = 256 << 10
"""Bytes of each epoch that are told at once."""


class Follower(Protocol):
    """Who is told, and keeps its own place. None of this waits."""

    @property
    def ready(self) -> bool:
        """Whether it can be told now; if not, it gets everything later."""
        ...

    def begin(self, stems: Collection[str]) -> None:
        """A look at these epochs begins."""
        ...

    def place(self, stem: str) -> Place:
        """Where it goes on in an epoch."""
        ...

    def take(self, stem: str, piece: Piece) -> bool:
        """What stands there; whether it wants what follows."""
        ...

    def end(self, now: float, *, caught_up: bool) -> None:
        """The look is over, and left something untold or not."""
        ...


class Feed:
    """Those at the same place share what is read. Who has lagged is read for alone, until it stands where others stand."""

    def __init__(self, directory: Path, followers: Sequence[Follower]) -> None:
        """`directory` is the journal's."""
        self._directory = directory
        self._followers = followers

    def step(self, now: float) -> bool:
        """Tell what has come, at most a batch of it; whether there is more that somebody could be told at once."""
        found = find_epochs(self._directory)
        ready = [follower for follower in self._followers if follower.ready]
        stems = [epoch.stem for epoch in found]
        for follower in ready:
            follower.begin(stems)
        behind: list[Follower] = []
        for epoch, segments in found.items():
            together: dict[Place, list[Follower]] = {}
            for follower in ready:
                together.setdefault(follower.place(epoch.stem), []).append(follower)
            for place, group in together.items():
                behind += _tell(group, epoch.stem, segments, place)
        for follower in ready:
            follower.end(now, caught_up=follower not in behind)
        return any(follower.ready for follower in behind)


def _tell(group: Sequence[Follower], stem: str, segments: Sequence[Segment], place: Place) -> Sequence[Follower]:
    """For whom there may be more."""
    read = 0
    for piece in walk(segments, place, _BATCH):
        group = [follower for follower in group if follower.take(stem, piece)]
        if not group:
            break
        read += piece.size
    return group if read >= _BATCH else ()


async def follow(feed: Feed, clock: Clock) -> None:
    """Keep all up to date, until cancelled."""
    while True:
        more = feed.step(clock.now())
        await clock.sleep(0 if more else EVERY)
