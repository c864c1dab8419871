"""`headworks simulate`: what strategies would have done with a trace of real load."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from headworks.simulation.baselines import CHOOSERS
from headworks.simulation.table import SETTINGS, Row, compare
from headworks.simulation.trace import UnreadableTrace
from headworks.wiring.process_exits import Exit


@Parameter(name="*", negative=())
@dataclass(frozen=True, kw_only=True)
class Options:
    """What is played, and before what."""

    rate: tuple[float, ...] = (9.0,)
    """Requests a second that the trace is stretched to (may be given several times)."""
    setting: tuple[str, ...] = ("equal",)
    """A fleet of eight replicas: equal, "wrong prior", "stale metrics", unequal, "one dies", "four gateways"; or all."""
    strategy: tuple[str, ...] = tuple(CHOOSERS)
    """A strategy (may be given several times). None: all."""
    seeds: int = 3
    """How often, with another jitter and other chances."""
    most: int = 4000
    """Requests of the trace; 0 for all."""


def simulate(
    trace: Annotated[Path, Parameter(help="Mooncake's .jsonl or Azure's .csv.")], /, options: Options = Options()
) -> int:
    """Play a trace through the gateway's own pickers, and print the seconds to the first token."""
    settings = tuple(SETTINGS) if "all" in options.setting else options.setting
    trouble = _trouble(options, settings)
    if trouble:
        print(trouble, file=sys.stderr)
        return Exit.USAGE
    try:
        rows = list(compare(trace, options.rate, settings, options.strategy, range(1, options.seeds + 1), options.most or None))
    except UnreadableTrace as unreadable:
        print(unreadable, file=sys.stderr)
        return Exit.USAGE
    Console(width=None if sys.stdout.isatty() else 140).print(table_of(rows))
    return Exit.OK


def table_of(rows: list[Row]) -> Table:
    """Seconds to the first token."""
    names = (
        "setting",
        "requests/s",
        "strategy",
        "mean s",
        "p90 s",
        "p99 s",
        "hits",
        "imbalance",
        "median tenant",
        "unfairness",
        "lost",
    )
    table = Table(title="Seconds to the first token, medians over the seeds")
    for name in names:
        table.add_column(name, justify="left" if name in ("setting", "strategy") else "right")
    for row in rows:
        figures = (
            f"{row.mean:.2f}",
            f"{row.p90:.2f}",
            f"{row.p99:.2f}",
            f"{row.hit_rate:.3f}",
            f"{row.imbalance:.2f}",
            f"{row.median_tenant:.2f}",
        )
        table.add_row(row.setting, f"{row.rate:.1f}", row.strategy, *figures, f"{row.unfairness:.2f}", str(row.lost))
    return table


def _trouble(options: Options, settings: tuple[str, ...]) -> str:
    for given, known, what in ((settings, SETTINGS, "setting"), (options.strategy, CHOOSERS, "strategy")):
        for name in given:
            if name not in known:
                return f"There is no {what} '{name}'. Known: {', '.join(known)}."
    if options.seeds < 1 or options.most < 0 or any(not rate > 0 for rate in options.rate):
        return "Give at least one seed, rates above 0, and no fewer than 0 requests."
    return ""
