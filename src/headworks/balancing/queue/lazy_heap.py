"""A heap from which anything can be taken."""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from typing import Generic, TypeVar

_SLACK = 64
"""Stale places that are not worth sweeping."""

Item = TypeVar("Item", bound=Hashable)
Key = tuple[float, ...]


class LazyHeap(Generic[Item]):
    """Smallest key first, of equal keys whichever was pushed first. An item's old place is stale once it is pushed again or discarded, and
    swept later: every step is O(log n), amortised.
    """

    def __init__(self) -> None:
        self._places: list[tuple[Key, int, Item]] = []
        self._valid: dict[Item, int] = {}
        """Of each item, the number of the place that counts."""
        self._number = 0

    def __len__(self) -> int:
        return len(self._valid)

    def push(self, item: Item, *key: float) -> None:
        """It is there with this key, and with no other that it had."""
        self._number += 1
        self._valid[item] = self._number
        if len(self._places) > 2 * len(self._valid) + _SLACK:
            self._places = [place for place in self._places if self._counts(place)]
            heapq.heapify(self._places)
        heapq.heappush(self._places, (key, self._number, item))

    def discard(self, item: Item) -> None:
        """It is not there."""
        self._valid.pop(item, None)

    def first(self) -> tuple[Key, Item] | None:
        """The item with the smallest key, and that; None where there is none."""
        places = self._places
        while places:
            if self._counts(places[0]):
                key, _, item = places[0]
                return key, item
            heapq.heappop(places)
        return None

    def _counts(self, place: tuple[Key, int, Item]) -> bool:
        return self._valid.get(place[2]) == place[1]
