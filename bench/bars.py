"""What DESIGN asks of Headworks, and whether it was met. Ratios are to nginx, measured in the same run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from bench.runner import Seen, median

MEGABYTE = 1_000_000
_MOST_ADDED = 60.0
_LEAST_RATE = 5_000.0

BASE = {
    "headworks": "nginx",
    "headworks, TLS upstream": "nginx, TLS upstream",
    "headworks, TLS both sides": "nginx, TLS both sides",
}
"""Whom a contender's ratios are to; plain nginx for all others."""

_TRANSLATED = ("translated", "translated-to-anthropic")


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Medians of one contender. CPU in µs, latency in ms over going direct, memory in bytes, start in seconds."""

    name: str
    cpu: float | None
    cpu_ratio: float | None
    chunk_cpu: float | None
    chunk_ratio: float | None
    control_cpu: float | None
    gateway_rss: int | None
    control_rss: int | None
    ready: float | None
    p50: float | None
    p99: float | None
    rate: float | None
    slow_cpu: float | None
    """At the fixed rate."""
    broken: int
    errors: int


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One bar: what was asked, what was measured, whether it was met (None: not measured)."""

    what: str
    asked: str
    measured: str
    met: bool | None


def figures(all_seen: Sequence[Seen]) -> list[Figures]:
    """The medians of everybody, with ratios and added latency."""
    by_name = {seen.name: seen for seen in all_seen}
    return [_figures(seen, by_name) for seen in all_seen]


def _figures(seen: Seen, by_name: dict[str, Seen]) -> Figures:
    base = by_name.get(BASE.get(seen.name, "nginx"))
    direct = by_name.get("direct, TLS" if "TLS both" in seen.name else "direct")
    cpu, chunk = median([one.cpu for one in seen.whole]), median([one.cpu for one in seen.streamed])
    return Figures(
        name=seen.name,
        cpu=cpu,
        cpu_ratio=_ratio(cpu, median([one.cpu for one in base.whole]) if base else None),
        chunk_cpu=chunk,
        chunk_ratio=_ratio(chunk, median([one.cpu for one in base.streamed]) if base else None),
        control_cpu=median([one.control_cpu for one in seen.whole]) if seen.control_memory else None,
        gateway_rss=seen.gateway_memory.rss if seen.gateway_memory else None,
        control_rss=seen.control_memory.rss if seen.control_memory else None,
        ready=median(seen.ready_after),
        p50=_added(seen, direct, lambda one: median([latency.p50 for latency in one.latency])),
        p99=_added(seen, direct, lambda one: median([latency.p99 for latency in one.latency])),
        rate=median([one.rate for one in seen.whole]),
        slow_cpu=median([one.cpu for one in seen.latency]),
        broken=sum(one.broken for one in seen.streamed),
        errors=sum(one.errors for one in seen.whole) + sum(one.errors for one in seen.latency),
    )


def _ratio(value: float | None, base: float | None) -> float | None:
    return value / base if value and base else None


def _added(seen: Seen, direct: Seen | None, of: Callable[[Seen], float | None]) -> float | None:
    return _less(of(seen), of(direct) if direct else None)


def judge(found: Sequence[Figures]) -> list[Bar]:
    """DESIGN's bars against the plain row of Headworks, and against those with all of governance."""
    by_name = {one.name: one for one in found}
    mine, governed, shared = (by_name.get(name) for name in ("headworks", "governed", "governed-valkey"))
    translated = [by_name[name] for name in _TRANSLATED if name in by_name]
    return [
        *(_of_all(mine) if mine else ()),
        *(each for one in translated for each in _of_translation(one)),
        *(_of_governance(governed) if governed else ()),
        *(_of_sharing(shared, governed) if shared and governed else ()),
    ]


def _of_all(mine: Figures) -> list[Bar]:
    return [
        bar("CPU per whole request", "≤ 6 × nginx", mine.cpu_ratio, 6.0, "{:.2f} ×"),
        bar("CPU per whole request, goal", "≤ 4 × nginx", mine.cpu_ratio, 4.0, "{:.2f} ×"),
        bar("CPU per streamed chunk", "≤ 2 × nginx", mine.chunk_ratio, 2.0, "{:.2f} ×"),
        bar("resident memory, gateway", "≤ 120 MB", _megabytes(mine.gateway_rss), 120.0, "{:.0f} MB"),
        bar("resident memory, control", "≤ 250 MB", _megabytes(mine.control_rss), 250.0, "{:.0f} MB"),
        bar("CPU of the projections per exchange", "≤ 50 µs", mine.control_cpu, 50.0, "{:.0f} µs"),
        bar("ready", "≤ 2 s", mine.ready, 2.0, "{:.2f} s"),
        bar("added latency p99 at 200 requests/s", "≤ 1 ms", mine.p99, 1.0, "{:.2f} ms"),
        _lost("plain", mine),
    ]


def _of_translation(mine: Figures) -> list[Bar]:
    return [
        bar(f"{mine.name}: CPU per whole request", "≤ 12 × nginx", mine.cpu_ratio, 12.0, "{:.2f} ×"),
        bar(f"{mine.name}: CPU per streamed chunk", "≤ 4 × nginx", mine.chunk_ratio, 4.0, "{:.2f} ×"),
        _lost(mine.name, mine),
    ]


def _of_governance(mine: Figures) -> list[Bar]:
    return [bar("governed: CPU per whole request", "≤ 6 × nginx", mine.cpu_ratio, 6.0, "{:.2f} ×"), _lost("governed", mine)]


def _of_sharing(shared: Figures, alone: Figures) -> list[Bar]:
    """What counters in Valkey add to those in memory."""
    added, rate = _less(shared.cpu, alone.cpu), shared.rate
    return [
        Bar(
            what="shared counters: CPU added per request",
            asked="≤ 60 µs at ≥ 5,000 requests/s",
            measured="not measured" if added is None or rate is None else f"{added:+.0f} µs at {rate:,.0f} requests/s",
            met=None if added is None or rate is None else added <= _MOST_ADDED and rate >= _LEAST_RATE,
        ),
        _told("shared counters: CPU added at 200 requests/s", _less(shared.slow_cpu, alone.slow_cpu), "{:+.0f} µs"),
        _told("shared counters: p50 added at 200 requests/s", _less(shared.p50, alone.p50), "{:+.2f} ms"),
        _told("shared counters: p99 added at 200 requests/s", _less(shared.p99, alone.p99), "{:+.2f} ms"),
        _lost("shared counters", shared),
    ]


def _lost(whose: str, mine: Figures) -> Bar:
    lost = mine.broken + mine.errors
    return Bar(what=f"{whose}: streams broken, answers lost", asked="0", measured=str(lost), met=lost == 0)


def _told(what: str, value: float | None, shape: str) -> Bar:
    """A figure that nothing was asked of."""
    return Bar(what=what, asked="told", measured="not measured" if value is None else shape.format(value), met=None)


def _less(value: float | None, base: float | None) -> float | None:
    return None if value is None or base is None else value - base


def bar(what: str, asked: str, value: float | None, most: float, shape: str) -> Bar:
    """One bar: `value` may be at most `most`."""
    if value is None:
        return Bar(what=what, asked=asked, measured="not measured", met=None)
    return Bar(what=what, asked=asked, measured=shape.format(value), met=value <= most)


def _megabytes(size: int | None) -> float | None:
    return size / MEGABYTE if size else None
