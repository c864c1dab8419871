"""Many streams at once, each read to its end: were all chunks there, and how late was each?

Chunks of the emulator's bench mode carry the monotonic time at which they were written.
"""

from __future__ import annotations

import asyncio
import re
import time

from bench.client import Answering, Plan, connect, quantile, run

_MARK = re.compile(rb'"(?:content|text)":\s*" (\d{20})"')
_ENDS = (b"data: [DONE]", b'"message_stop"')
_TAIL = 64
"""Bytes of a piece that may hold the beginning of a mark."""


class Stream:
    """One stream, from its request to its end."""

    def __init__(self, plan: Plan, late: list[int], written: list[int]) -> None:
        self._plan = plan
        self._late = late
        self._gaps = written
        self._rest = b""
        self._last_written = self._last_read = 0
        self.chunks = 0
        self.done = False
        self.over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.client = Answering(self._on_body, self._on_over)

    def _on_body(self, data: bytes) -> None:
        now = time.monotonic_ns()
        data = self._rest + data
        end = 0
        for mark in _MARK.finditer(data):
            written = int(mark[1])
            end = mark.end()
            self.chunks += 1
            self._late.append(now - written)
            if self._last_written:
                self._gaps.append(abs((now - self._last_read) - (written - self._last_written)))
            self._last_written, self._last_read = written, now
        self.done = self.done or any(end in data for end in _ENDS)
        self._rest = data[max(end, len(data) - _TAIL) :]

    def _on_over(self, status: int) -> None:
        if not self.over.done():
            self.over.set_result(status == 200 and self.done and self.chunks == self._plan.chunks)


async def main(plan: Plan) -> dict[str, float]:
    """Start all streams evenly over `stagger` seconds, read them to their end, sum up."""
    late, gaps = list[int](), list[int]()
    streams = [Stream(plan, late, gaps) for _ in range(plan.streams)]
    for first in range(0, len(streams), 50):
        await asyncio.gather(*(connect(plan, stream.client) for stream in streams[first : first + 50]))
    pause = plan.stagger / plan.streams
    for stream, asked in zip(streams, _endless(plan), strict=False):
        stream.client.ask(asked)
        await asyncio.sleep(pause)
    await asyncio.wait([stream.over for stream in streams], timeout=plan.seconds)
    whole = sum(stream.over.done() and stream.over.result() for stream in streams)
    late.sort()
    gaps.sort()
    return {
        "chunks": len(late),
        "whole": whole,
        "broken": plan.streams - whole,
        "late_p50": quantile(late, 0.5) / 1e6,
        "late_p99": quantile(late, 0.99) / 1e6,
        "gap_p99": quantile(gaps, 0.99) / 1e6,
        "gap_max": quantile(gaps, 1.0) / 1e6,
    }


def _endless(plan: Plan) -> list[bytes]:
    requests = plan.requests(stream=True)
    return [requests[number % len(requests)] for number in range(plan.streams)]


if __name__ == "__main__":
    run(main)
