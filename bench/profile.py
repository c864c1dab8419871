"""`python -m bench.profile`: where the gateway's CPU goes under load, by function: its own share and with all it calls."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import load
from bench.contenders import governed, headworks
from bench.contenders.contender import MESSAGES, Contender, Running
from bench.process import Failed, command_line
from bench.site import Site

_WITHIN = 10.0


def main() -> int:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    parser.add_argument("load", nargs="?", choices=("whole", "streamed"), default="whole")
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--top", type=int, default=40)
    parser.add_argument("--tls", action="store_true", help="TLS to the providers")
    parser.add_argument("--governed", action="store_true", help="with all of governance, instead of keys of the configuration")
    parser.add_argument("--translated", action="store_true", help="asked in Anthropic's language")
    parser.add_argument("--to-anthropic", action="store_true", help="providers speak Anthropic's language")
    parser.add_argument("--stacks", type=Path, help="keep the collapsed stacks in this file, for a flame graph")
    asked = parser.parse_args()
    with Site(chunks=asked.seconds * 50) as site:
        stacks = _stacks(site, asked)
    if asked.stacks:
        asked.stacks.write_text("\n".join(f"{stack} {count}" for stack, count in stacks.most_common()))
    _show(stacks, asked.top)
    return 0


def _stacks(site: Site, asked: argparse.Namespace) -> Counter[str]:
    out = site.folder / "stacks"
    os.environ["HEADWORKS_BENCH_PROFILE"] = str(out)
    running = _running(site, asked)
    contender = Contender(name="headworks", start=headworks.plain)
    try:
        load.whole(contender, running, 1)
        gateway = next(pid for pid in running.gateway_pids() if "profiled_gateway" in command_line(pid))
        os.kill(gateway, signal.SIGUSR1)
        cost = (
            load.whole(contender, running, asked.seconds).cpu
            if asked.load == "whole"
            else load.streamed(contender, running, site).cpu
        )
        os.kill(gateway, signal.SIGUSR1)
        print(f"{cost:.1f} µs CPU per {'request' if asked.load == 'whole' else 'chunk'}, profiler included")
        return _read(out)
    finally:
        running.stop()


def _running(site: Site, asked: argparse.Namespace) -> Running:
    if asked.governed:
        return governed.profiled(site)
    provider = "anthropic" if asked.to_anthropic else "openai"
    running = headworks.profiled(site, headworks.Setup(secure_upstream=asked.tls, provider=provider))
    return replace(running, path=MESSAGES) if asked.translated else running


def _read(out: Path) -> Counter[str]:
    deadline = time.monotonic() + _WITHIN
    while not out.exists():
        if time.monotonic() > deadline:
            raise Failed("the gateway wrote no profile")
        time.sleep(0.01)
    stacks: Counter[str] = Counter()
    for line in out.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        stacks[stack] += int(count)
    return stacks


def _show(stacks: Counter[str], top: int) -> None:
    total = max(1, stacks.total())
    own: Counter[str] = Counter()
    with_callees: Counter[str] = Counter()
    for stack, count in stacks.items():
        frames = stack.split(";")
        own[frames[-1]] += count
        for frame in set(frames):
            with_callees[frame] += count
    table = Table(title=f"{total} samples")
    table.add_column("own %", justify="right")
    table.add_column("with callees %", justify="right")
    table.add_column("function")
    for frame, count in own.most_common(top):
        table.add_row(f"{100 * count / total:.1f}", f"{100 * with_callees[frame] / total:.1f}", frame)
    Console(width=140).print(table)


if __name__ == "__main__":
    sys.exit(main())
