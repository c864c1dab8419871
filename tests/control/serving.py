"""What the tests of the control plane are made of: a control process on a free port, and a plain HTTP client."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from headworks.control.admin.door import AdminDoor
from headworks.control.process import ControlPlan, run_control
from headworks.domain.gauges import Gauges
from headworks.domain.snapshot import LogSettings
from headworks.wiring.clock import SystemClock


class Output:
    """Takes the request log."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def flush(self) -> None:
        pass

    @property
    def lines(self) -> list[bytes]:
        return self.written.splitlines()


class Answer(NamedTuple):
    """One HTTP answer."""

    status: int
    head: str
    body: str


class Control:
    """A running control process, as its clients see it."""

    def __init__(self, port: int, output: Output, said: list[str]) -> None:
        self.port = port
        self.output = output
        self.said = said

    async def get(self, path: str, *headers: str) -> Answer:
        """Fetch a page."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [f"GET {path} HTTP/1.1", "host: control", "connection: close", *headers, "", ""]
        writer.write("\r\n".join(lines).encode())
        head, _, body = (await asyncio.wait_for(reader.read(), 10)).decode().partition("\r\n\r\n")
        writer.close()
        return Answer(int(head.split()[1]), head, body)

    async def sample(self, name: str) -> float:
        """The sum of a metric's samples."""
        page = (await self.get("/metrics")).body
        return sum(float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith((name + "{", name + " ")))

    async def counted(self, requests: int) -> None:
        """Wait until the metrics show so many requests, and no more."""
        name = "headworks_requests_total"
        async with asyncio.timeout(60):
            while (shown := await self.sample(name)) < requests:
                pass
        assert shown == requests


@asynccontextmanager
async def running_control(
    journal: Path, logs: LogSettings | None = None, admin: AdminDoor | None = None
) -> AsyncGenerator[Control]:
    """A control process over a journal, stopped at the end of the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = asyncio.Event()
    control = Control(listener.getsockname()[1], Output(), [])
    plan = ControlPlan(journal=journal, output=control.output, logs=logs or LogSettings(), admin=admin)
    running = asyncio.create_task(run_control(plan, [listener], SystemClock(), control.said.append, stop))
    try:
        yield control
    finally:
        stop.set()
        await asyncio.wait_for(running, 60)


async def eventually(true: Callable[[], object], patience: float = 60.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(patience):
        while not true():  # noqa: ASYNC110 - what a thread does has no event here
            await asyncio.sleep(0)


def gauges(**changes: object) -> Gauges:
    """A gateway that is well."""
    fields: dict[str, object] = {"process": "gateway", "pid": 1, "ready": True, "inflight": 2, "connections": {"client": 3}}
    return Gauges(**(fields | changes))  # pyright: ignore[reportArgumentType] - any field may be named
