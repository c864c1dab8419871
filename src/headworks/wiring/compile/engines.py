"""Engines: what is written of them, checked and compiled."""

from __future__ import annotations

from headworks.balancing.engines.engine import SIGNALS, Engine, EngineRow, shipped_engines
from headworks.balancing.load import STALE
from headworks.domain.config import EngineRule, ProviderRule, as_engine
from headworks.domain.scrape import Scrape
from headworks.wiring.compile.bench import Bench
from headworks.wiring.config_file.problems import did_you_mean
from headworks.wiring.config_file.tree import Path

_SOONEST = 0.1
_LATEST = STALE / 2
"""An engine that misses one question is not to be forgotten."""


def find_scrape(bench: Bench, rule: ProviderRule, path: Path) -> Scrape | None:
    """How the provider's engine is asked, but for the headers, which each machine has of its own; None where it has none that
    tells, and, with the reason noted, where it is written wrongly.
    """
    engine = as_engine(rule.engine)
    if engine is None:
        return None
    below, rows = (*path, "engine"), shipped_engines()
    row = rows.get(engine.type)
    if row is None:
        place = below if isinstance(rule.engine, str) or not engine.type else (*below, "type")
        what = f"There is no engine '{engine.type}'." if engine.type else "The engine has no type."
        bench.wrong(place, what, did_you_mean(engine.type, rows))
        return None
    _check(bench, engine, row, below)
    series = tuple(engine.series.items())
    return Scrape(engine=engine.type, path=engine.metrics, every=engine.every, series=series)


def _check(bench: Bench, rule: EngineRule, row: EngineRow, path: Path) -> None:
    if not _SOONEST <= rule.every <= _LATEST:
        bench.wrong((*path, "every"), f"What is older than {STALE:g} s says nothing.", f"Write {_SOONEST:g} to {_LATEST:g}.")
    if rule.metrics and not (rule.metrics.startswith("/") and rule.metrics.isascii() and rule.metrics.isprintable()):
        bench.wrong((*path, "metrics"), "This is no path.", "Write /metrics.")
    elif " " in rule.metrics:
        bench.wrong((*path, "metrics"), "No path holds a space.", "Write /metrics.")
    if not (row.series or rule.series):
        bench.wrong(path, f"Nobody says what the series of '{rule.type}' are called.", "Add series: {waiting: NAME}.")
    for signal, written in rule.series.items():
        below = (*path, "series", signal)
        if signal not in SIGNALS:
            bench.wrong(below, f"There is no signal '{signal}'.", did_you_mean(signal, SIGNALS), on_key=True)
            continue
        try:
            Engine(row, {signal: written})
        except ValueError as wrong:
            bench.wrong(below, f"'{written}' {wrong}.")
