"""Engines: rows of `engines.toml`, and how an answer of theirs becomes an `EngineLoad`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

import msgspec

from headworks.balancing.engines.exposition import Series, labels_of, lines_of, sample_of, series_of
from headworks.balancing.engines.loads import read_loads
from headworks.domain.engine_load import MOST, EngineLoad

SIGNALS = ("waiting", "running", "queued_tokens", "memory", "cache_tokens", "asked_tokens", "hit_tokens", "most_running")
"""What operators may name series for: fields of `EngineLoad`."""


class SourceRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an engine tells it, and in which form."""

    path: str
    form: Literal["exposition", "loads"] = "exposition"


class AdapterRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A series whose labels list adapters, and whose value is when that was so: the newest counts."""

    series: str
    names: str
    most: str


class EngineRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One engine as `engines.toml` has it."""

    title: str
    sources: tuple[SourceRow, ...]
    series: dict[str, tuple[str, ...]] = {}
    adapters: AdapterRow | None = None
    per_response: bool = False
    """Tells its load with every answer that asks for it."""


class Engine:
    """Reads the answers of one engine."""

    def __init__(self, row: EngineRow, own: Mapping[str, str] = MappingProxyType({})) -> None:
        """`own` are series that an operator names, by signal, over the row's. Raises `ValueError` for what is no series."""
        self.sources = row.sources
        self._adapters = row.adapters
        written = {**row.series, **{signal: (text,) for signal, text in own.items()}}
        self._signals = {signal: tuple(series_of(text) for text in texts) for signal, texts in written.items()}

    def read(self, source: int, body: bytes, at: float) -> EngineLoad:
        """What an answer of the source of that number says; nothing of it where it can't be understood."""
        if self.sources[source].form == "loads":
            return read_loads(body, at)
        found = {signal: self._signal(signal, body) for signal in self._signals}
        names, most = self._adapted(body)
        if found.get("cache_tokens") == 0.0:
            return EngineLoad(at=at)  # it has not got its memory yet: it is not idle but not ready
        memory = found.pop("memory", None)
        counts = {signal: int(min(value, MOST)) for signal, value in found.items() if value is not None}
        share = None if memory is None else min(memory, 1.0)
        return EngineLoad(at=at, memory=share, adapters=names, most_adapters=most, **counts)

    def _signal(self, signal: str, page: bytes) -> float | None:
        for alternative in self._signals[signal]:
            value = _product(alternative, page, mean=signal == "memory")
            if value is not None:
                return value
        return None

    def _adapted(self, page: bytes) -> tuple[frozenset[str] | None, int | None]:
        row = self._adapters
        lines = list(lines_of(page, row.series.encode())) if row is not None else []
        if row is None or not lines:
            return None, None
        labels = labels_of(max(lines, key=lambda line: sample_of(line) or 0.0))
        names = labels.get(row.names.encode(), b"").decode(errors="replace")
        most = labels.get(row.most.encode(), b"")
        listed = frozenset(name for part in names.split(",") if (name := part.strip()))
        return listed, int(most) if most.isdigit() else None


def _product(factors: tuple[Series, ...], page: bytes, *, mean: bool) -> float | None:
    product = 1.0
    for series in factors:
        values = series.values(page)
        if not values:
            return None
        product *= sum(values) / (len(values) if mean else 1)
    return product


def shipped_engines() -> dict[str, EngineRow]:
    """The rows that come with Headworks, by the name that operators write."""
    text = files("headworks.balancing.engines").joinpath("engines.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, EngineRow])
