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
_SETTLE = 1.0
"""Seconds that a control process may take to catch up before its CPU is read."""


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
    """At a fixed rate, in milliseconds from a request's first byte to its answer's last."""

    p50: float
    p99: float
    requests: int
    errors: int


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
    seen = _ask("bench.stream_client", running, {"streams": contender.streams, "chunks": site.chunks})
    used = cpu_seconds(gateway) - before
    return Streamed(
        cpu=used / max(1, seen["chunks"]) * 1e6,
        chunks=seen["chunks"],
        streams=seen["whole"],
        broken=seen["broken"],
        late_p50=seen["late_p50"],
        late_p99=seen["late_p99"],
    )


def latency(contender: Contender, running: Running, seconds: float) -> Latency:
    """Ask at a fixed rate, whether or not the last answer has come. Raises `Failed`."""
    seen = _ask("bench.open_loop", running, {"rate": contender.rate, "seconds": seconds})
    return Latency(**seen)


def _ask(module: str, running: Running, what: dict[str, object]) -> dict[str, int]:
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
        [sys.executable, "-m", module], input=msgspec.json.encode(plan), capture_output=True, timeout=180, check=False
    )
    if done.returncode:
        raise Failed(f"{module}: {done.stderr.decode(errors='replace')[-800:]}")
    return msgspec.json.decode(done.stdout)
