"""Load, and what it cost: each function measures one running contender once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from bench.contenders.contender import Contender, Running
from bench.process import Failed, cpu_seconds
from bench.site import Site

_SCRIPT = Path(__file__).with_name("whole.lua")
_PATIENCE = 20.0
"""Seconds that streams may take beyond their own length."""
_CROWD = 500
"""From so many streams on, they are started over a whole second."""
_SETTLE = 6.0
"""Seconds that a control process may take to catch up before its CPU is read: longer than its ledger gathers before it posts."""


class Whole(msgspec.Struct, frozen=True):
    """Whole answers as fast as they come. CPU in microseconds per request."""

    cpu: float
    control_cpu: float
    rate: float
    requests: int
    errors: int


class Streamed(msgspec.Struct, frozen=True):
    """Many streams at once. CPU in microseconds per chunk; lateness in milliseconds from a chunk's writing to its reading."""

    cpu: float
    chunks: int
    streams: int
    broken: int
    late_p50: float
    late_p99: float


class Latency(msgspec.Struct, frozen=True):
    """At a fixed rate, in milliseconds from a request's first byte to its answer's last. CPU in microseconds per request."""

    p50: float
    p99: float
    requests: int
    errors: int
    cpu: float = 0.0


def whole(contender: Contender, running: Running, seconds: int) -> Whole:
    """Saturate it with wrk. Raises `Failed`."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise Failed("wrk is not installed: apt-get install wrk")
    gateway, control = running.gateway_pids(), running.control_pids()
    before, control_before = cpu_seconds(gateway), cpu_seconds(control)
    command = [wrk, "-t1", f"-c{contender.concurrency}", f"-d{seconds}s", "--timeout", "30s", "-s", str(_SCRIPT), running.url]
    env = {
        **os.environ,
        "BENCH_KEYS": ",".join(running.keys),
        "BENCH_MODELS": ",".join(running.models),
        "BENCH_HEADERS": "\n".join(f"{name}={value}" for name, value in running.headers.items()),
    }
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=seconds + 60, check=False)
    used = cpu_seconds(gateway) - before
    if control:
        time.sleep(_SETTLE)
    control_used = cpu_seconds(control) - control_before
    marked = [line for line in done.stdout.splitlines() if line.startswith("BENCH ")]
    if not marked:
        raise Failed(f"wrk: {done.stdout[-500:]} {done.stderr[-500:]}")
    requests, micros, broken, refused, late = map(int, marked[0].split()[1:])
    return Whole(
        cpu=used / max(1, requests) * 1e6,
        control_cpu=control_used / max(1, requests) * 1e6,
        rate=requests / micros * 1e6,
        requests=requests,
        errors=broken + refused + late,
    )


def streamed(contender: Contender, running: Running, site: Site) -> Streamed:
    """Let it carry complete streams, and look at every chunk. Raises `Failed`."""
    gateway = running.gateway_pids()
    before = cpu_seconds(gateway)
    seen = streams(running, contender.streams, site.chunks)
    used = cpu_seconds(gateway) - before
    if not seen["whole"]:
        raise Failed(f"none of {contender.streams} streams came whole")
    return Streamed(
        cpu=used / seen["chunks"] * 1e6,
        chunks=int(seen["chunks"]),
        streams=int(seen["whole"]),
        broken=int(seen["broken"]),
        late_p50=seen["late_p50"],
        late_p99=seen["late_p99"],
    )


def streams(running: Running, count: int, chunks: int, per_second: float = 50.0) -> dict[str, float]:
    """Run `count` streams at once through it; see `stream_client.main` for what comes back. Raises `Failed`."""
    patience = chunks / per_second + _PATIENCE
    what = {"streams": count, "chunks": chunks, "seconds": patience, "stagger": 1 / per_second if count < _CROWD else 1.0}
    return _ask("bench.stream_client", running, what)


def latency(contender: Contender, running: Running, seconds: float) -> Latency:
    """Ask at a fixed rate, whether or not the last answer has come. Raises `Failed`."""
    gateway = running.gateway_pids()
    before = cpu_seconds(gateway)
    seen = _ask("bench.open_loop", running, {"rate": contender.rate, "seconds": seconds})
    used, requests = cpu_seconds(gateway) - before, int(seen["requests"])
    return Latency(
        p50=seen["p50"], p99=seen["p99"], requests=requests, errors=int(seen["errors"]), cpu=used / max(1, requests) * 1e6
    )


def _ask(module: str, running: Running, what: dict[str, float]) -> dict[str, float]:
    """Run one of our clients in a process of its own, so that its work is not in anybody's way."""
    host, _, port = running.netloc.partition(":")
    plan = {
        "host": host,
        "port": int(port),
        "path": running.path,
        "headers": running.headers,
        "keys": list(running.keys),
        "models": list(running.models),
        "trust": str(running.trust) if running.trust else "",
        **what,
    }
    done = subprocess.run(
        [sys.executable, "-m", module], input=msgspec.json.encode(plan), capture_output=True, timeout=600, check=False
    )
    if done.returncode:
        raise Failed(f"{module}: {done.stderr.decode(errors='replace')[-800:]}")
    return msgspec.json.decode(done.stdout)
