"""`python -m bench.streams`: 2,000 streams of 5 chunks a second at once, over TLS to the providers, through one gateway process."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench import load
from bench.bars import Bar, bar
from bench.contenders import headworks
from bench.contenders.contender import Contender, Running, direct_tls
from bench.process import memory
from bench.site import Site

PER_SECOND = 5
STREAMS = int(os.environ.get("HEADWORKS_BENCH_STREAMS", "2000"))
SECONDS = int(os.environ.get("HEADWORKS_BENCH_SECONDS", "60"))
_LOOK_EVERY = 0.5


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. Gaps in milliseconds: by how much the time between two chunks was changed on the way; memory in bytes."""

    streams: int
    chunks: int
    broken: int
    gap_p99: float
    direct_gap_p99: float
    per_stream: float
    cpu_share: float
    """Of one core, while the streams ran."""

    @property
    def added_gap_p99(self) -> float:
        """What the gateway added."""
        return self.gap_p99 - self.direct_gap_p99

    def bars(self) -> list[Bar]:
        """What was asked of it."""
        return [
            bar("added time between chunks, p99", "≤ 20 ms", self.added_gap_p99, 20.0, "{:.2f} ms"),
            bar("memory a stream", "≤ 150 kB", self.per_stream / 1000, 150.0, "{:.0f} kB"),
            bar("streams lost", "0", self.broken, 0, "{:.0f}"),
        ]


def hold(
    streams: int = STREAMS, seconds: int = SECONDS, say: Callable[[str], None] = print, *, keys: int = headworks.KEYS
) -> Held:
    """Do it, with so many keys configured. Raises `bench.process.Failed`."""
    with Site(chunks=seconds * PER_SECOND, interval=1 / PER_SECOND) as site:
        say(f"{streams} streams directly, for comparison")
        alone = load.streams(direct_tls(site), streams, site.chunks, PER_SECOND)
        running = headworks.start(site, headworks.Setup(secure_upstream=True, keys=keys))
        try:
            load.whole(Contender(name="headworks", start=headworks.tls_upstream), running, 1)
            say(f"{streams} streams through the gateway, {seconds} s each")
            watch = _Watch(running)
            through = load.streams(running, streams, site.chunks, PER_SECOND)
            watch.stop()
        finally:
            running.stop()
    return Held(
        streams=streams,
        chunks=int(through["chunks"]),
        broken=int(through["broken"]),
        gap_p99=through["gap_p99"],
        direct_gap_p99=alone["gap_p99"],
        per_stream=max(0, watch.most - watch.before) / streams,
        cpu_share=watch.cpu_share,
    )


class _Watch(threading.Thread):
    """Looks at the gateway's memory and CPU while the streams run."""

    def __init__(self, running: Running) -> None:
        super().__init__(daemon=True)
        self._pids = running.gateway_pids()
        self._over = threading.Event()
        self.before = self.most = memory(self._pids).rss
        self._began, self._cpu = time.monotonic(), load.cpu_seconds(self._pids)
        self.cpu_share = 0.0
        self.start()

    def run(self) -> None:
        """The thread's."""
        while not self._over.wait(_LOOK_EVERY):
            self.most = max(self.most, memory(self._pids).rss)

    def stop(self) -> None:
        """Look a last time."""
        self._over.set()
        self.join()
        self.cpu_share = (load.cpu_seconds(self._pids) - self._cpu) / (time.monotonic() - self._began)


def main() -> int:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m bench.streams", description=__doc__)
    parser.add_argument("--streams", type=int, default=STREAMS)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    asked = parser.parse_args()
    held = hold(asked.streams, asked.seconds)
    print(f"{held.chunks} chunks of {held.streams} streams, {100 * held.cpu_share:.0f} % of a core")
    for one in held.bars():
        print(f"{one.what}: {one.measured} (asked: {one.asked}) {'met' if one.met else 'MISSED'}")
    if asked.json:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(held)))
    return 0 if all(one.met for one in held.bars()) else 1


if __name__ == "__main__":
    sys.exit(main())
