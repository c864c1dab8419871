"""Runs a bench: starts the contenders, measures them turn by turn so that a drifting machine drifts for all, keeps what was seen."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TypeVar

import msgspec

from bench import load
from bench.contenders.contender import Contender, Running
from bench.process import Failed, Memory, memory
from bench.site import Site

Measured = TypeVar("Measured")
Say = Callable[[str], None]

_HEADROOM = 1.5
"""Who cannot carry so much more than the fixed rate has no latency at it worth telling."""
_AWAKE = 0.5
"""Seconds for one that was paused to do what has come due meanwhile."""


class Seen(msgspec.Struct, kw_only=True):
    """All measurements of one contender, a list entry a round. Memory in bytes, times in seconds."""

    name: str
    tags: list[str] = []
    ready_after: list[float] = []
    whole: list[load.Whole] = []
    streamed: list[load.Streamed] = []
    latency: list[load.Latency] = []
    gateway_memory: Memory | None = None
    control_memory: Memory | None = None
    failures: list[str] = []


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how often. Seconds."""

    rounds: int = 3
    whole: int = 4
    latency: float = 5.0
    starts: int = 1
    """How often each is started, for the time to ready."""


def median(values: Sequence[float]) -> float | None:
    """None where nothing was measured."""
    return statistics.median(values) if values else None


def run(contenders: Sequence[Contender], schedule: Schedule, site: Site, say: Say) -> list[Seen]:
    """Measure A B C A B C …; a contender that fails is left out from then on, and its failure kept."""
    seen = {one.name: Seen(name=one.name, tags=sorted(one.tags)) for one in contenders}
    with ExitStack() as stack:
        running = {
            one.name: started for one in contenders if (started := _started(one, schedule, site, seen[one.name], stack, say))
        }
        for turn in range(schedule.rounds):
            for one in contenders:
                if one.name in running:
                    say(f"round {turn + 1} of {schedule.rounds}: {one.name}")
                    _measure(one, running[one.name], schedule, site, seen[one.name])
                    if seen[one.name].failures:
                        say(f"{one.name} failed: {seen[one.name].failures[-1].splitlines()[0]}")
        for name, started in running.items():
            seen[name].gateway_memory = memory(started.gateway_pids()) if started.program else None
            seen[name].control_memory = memory(started.control_pids()) if started.control_pids() else None
    return list(seen.values())


def _started(one: Contender, schedule: Schedule, site: Site, seen: Seen, stack: ExitStack, say: Say) -> Running | None:
    """Start it (more than once if its start is to be measured well), warm it up, and freeze it."""
    say(f"starting {one.name}")
    try:
        running = one.start(site)
        if running.program is None:
            return running
        for _ in range(schedule.starts - 1):
            seen.ready_after.append(running.ready_after)
            running.stop()
            running = one.start(site)
        seen.ready_after.append(running.ready_after)
        stack.callback(running.stop)
        load.whole(one, running, one.warm)
    except (Failed, OSError) as failed:
        seen.failures.append(str(failed))
        say(f"{one.name} cannot be measured: {failed}")
        return None
    running.freeze()
    return running


def _measure(one: Contender, running: Running, schedule: Schedule, site: Site, seen: Seen) -> None:
    running.thaw()
    time.sleep(_AWAKE)
    try:
        if running.program is not None:
            _try(seen, running, seen.whole, lambda: load.whole(one, running, schedule.whole))
        if one.streams:
            _try(seen, running, seen.streamed, lambda: load.streamed(one, running, site))
        if one.rate and (not seen.whole or seen.whole[-1].rate > _HEADROOM * one.rate):
            _try(seen, running, seen.latency, lambda: load.latency(one, running, schedule.latency))
    finally:
        running.freeze()


def _try(seen: Seen, running: Running, kept: list[Measured], measure: Callable[[], Measured]) -> None:
    try:
        kept.append(measure())
    except Failed as failed:
        log = running.program.tail() if running.program else ""
        seen.failures.append(f"{failed}\n{log}")
