"""Plain numbers by label values, turned into Prometheus families only when somebody looks.

prometheus-client's own counters take a lock for every number; one exchange changes a dozen, and only one thread ever does.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.utils import floatToGoString

Labels = tuple[str, ...]


class Sums(defaultdict[Labels, float]):
    """A counter: `sums[labels] += amount`. Not thread-safe."""

    def __init__(self, name: str, text: str, *labels: str) -> None:
        super().__init__(float)
        self._name = name
        self._text = text
        self._labels = labels

    def family(self) -> CounterMetricFamily:
        """As Prometheus wants it."""
        family = CounterMetricFamily(self._name, self._text, labels=self._labels)
        for labels, value in self.items():
            family.add_metric(labels, value)
        return family


class Distribution:
    """A histogram. Not thread-safe."""

    __slots__ = ("_bounds", "_labels", "_marks", "_name", "_rows", "_text")

    def __init__(self, name: str, text: str, bounds: Sequence[float], *labels: str) -> None:
        """`bounds` are the upper bounds of the buckets, rising, without infinity."""
        self._name = name
        self._text = text
        self._labels = labels
        self._bounds = bounds
        self._marks = [*map(floatToGoString, bounds), "+Inf"]
        self._rows: dict[Labels, list[float]] = {}
        """A count for each bucket, and the sum of all that was observed."""

    def observe(self, labels: Labels, value: float) -> None:
        """Add one value."""
        row = self._rows.get(labels)
        if row is None:
            row = self._rows[labels] = [0.0] * (len(self._bounds) + 2)
        row[bisect_left(self._bounds, value)] += 1.0
        row[-1] += value

    def family(self) -> HistogramMetricFamily:
        """As Prometheus wants it: each bucket holds all that is not above its bound."""
        family = HistogramMetricFamily(self._name, self._text, labels=self._labels)
        for labels, (*counts, total) in self._rows.items():
            seen = 0.0
            buckets: list[tuple[str, float]] = []
            for mark, count in zip(self._marks, counts, strict=True):
                seen += count
                buckets.append((mark, seen))
            family.add_metric(labels, buckets, total)
        return family
