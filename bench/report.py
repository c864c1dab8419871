"""What was seen, for people (one table) and for later (one JSON file a run)."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from bench.bars import MEGABYTE, Bar, Figures
from bench.runner import Schedule, Seen

RESULTS = Path(__file__).with_name("results")


def show(console: Console, found: Sequence[Figures], bars: Sequence[Bar], failures: dict[str, str]) -> None:
    """Print everything."""
    table = Table(title="One request through each, in one run: medians of interleaved rounds; × is to nginx of the same TLS")
    for name, justify in (("", "left"), *((column, "right") for column in _COLUMNS)):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]  # rich's own literal
    for one in found:
        table.add_row(one.name, *_cells(one))
    console.print(table)
    for name, failure in failures.items():
        console.print(f"[yellow]{name}[/yellow]: {failure.strip().splitlines()[0][:200]}")
    if bars:
        verdicts = Table(title="The bars")
        for name in ("what", "asked", "measured", ""):
            verdicts.add_column(name)
        for bar in bars:
            verdicts.add_row(bar.what, bar.asked, bar.measured, "–" if bar.met is None else "met" if bar.met else "MISSED")
        console.print(verdicts)


_COLUMNS = (
    "µs/request",
    "×",
    "µs/chunk",
    "×",
    "req/s",
    "+p50 ms",
    "+p99 ms",
    "MB",
    "control MB",
    "control µs",
    "ready s",
    "lost",
)


def _cells(one: Figures) -> list[str]:
    memory = [size / MEGABYTE if size else None for size in (one.gateway_rss, one.control_rss)]
    return [
        _cell(one.cpu, ".0f"),
        _cell(one.cpu_ratio, ".2f"),
        _cell(one.chunk_cpu, ".1f"),
        _cell(one.chunk_ratio, ".2f"),
        _cell(one.rate, ",.0f"),
        _cell(one.p50, ".2f"),
        _cell(one.p99, ".2f"),
        _cell(memory[0], ".0f"),
        _cell(memory[1], ".0f"),
        _cell(one.control_cpu, ".0f"),
        _cell(one.ready, ".2f"),
        str(one.broken + one.errors),
    ]


def _cell(value: float | None, shape: str) -> str:
    return "" if value is None else format(value, shape)


def host_kind() -> str:
    """Such as `linux-x86_64-2cpu`."""
    return f"{platform.system()}-{platform.machine()}-{os.cpu_count()}cpu".lower()


def keep(
    seen: Sequence[Seen], found: Sequence[Figures], bars: Sequence[Bar], schedule: Schedule, folder: Path = RESULTS
) -> Path:
    """Write the run to a file of its own: every measurement, the medians, the bars, and what it ran on."""
    folder.mkdir(parents=True, exist_ok=True)
    day = time.strftime("%Y-%m-%d")
    path = next(
        candidate
        for number in range(1, 1000)
        if not (candidate := folder / f"{day}-{host_kind()}{'' if number == 1 else f'-{number}'}.json").exists()
    )
    content = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "host": {"kind": host_kind(), "cpu": _cpu_model(), "kernel": platform.release(), "python": platform.python_version()},
        "load_average_at_end": os.getloadavg(),
        "schedule": schedule,
        "figures": found,
        "bars": bars,
        "seen": seen,
    }
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content)) + b"\n")
    return path


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor())
