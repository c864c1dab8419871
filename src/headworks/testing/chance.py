"""Chance that comes out the same every time."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import cycle


def seeded(seed: int | str = 0) -> random.Random:
    """A `ports.clock.Chance` that draws the same numbers for the same seed."""
    return random.Random(seed)  # noqa: S311 - repeatable on purpose; nothing secret is drawn from it


class LoadedChance:
    """A `ports.clock.Chance` that draws the numbers it was given, over and over."""

    def __init__(self, draws: Iterable[float] = (0.5,)) -> None:
        """`draws` are numbers in 0 … 1 (1 excluded)."""
        self._draws = cycle(draws)

    def random(self) -> float:
        """The next of the given numbers."""
        return next(self._draws)

    def getrandbits(self, k: int, /) -> int:
        """The next of the given numbers, spread over `k` bits."""
        return int(next(self._draws) * (1 << k))
