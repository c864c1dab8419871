"""Which class is next: the highest, but each below gets its floor."""

from __future__ import annotations

from collections.abc import Sequence

FLOOR = 0.05
"""The share of turns that every class gets in which somebody waits."""


class Floors:
    """Strict order, with a little credit for whoever is passed over. Of `t` turns in which somebody of a class waits, the class gets at
    least `⌊t · FLOOR⌋` less one for each of the others that are passed over, too.
    """

    def __init__(self, classes: int) -> None:
        self._credit = [0.0] * classes

    def next(self, waiting: Sequence[bool]) -> int:
        """The class whose turn it is, by whether somebody of each waits. Somebody must."""
        credit = self._credit
        first, *below = [place for place, someone in enumerate(waiting) if someone]
        for place in below:
            credit[place] += FLOOR
        chosen = max(below, key=credit.__getitem__, default=first)
        if credit[chosen] < 1.0:
            return first
        credit[chosen] -= 1.0
        return chosen
