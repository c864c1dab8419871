"""An emulator as a program: serves until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import sys
from collections.abc import Callable, Coroutine

import msgspec
import uvloop

from headworks.testing.emulator.personality import Settings
from headworks.testing.emulator.server import Emulator


async def serve(settings: Settings, on_ready: Callable[[Emulator], None], stop: asyncio.Event | None = None) -> None:
    """Listen, say so, and go on until `stop` is set (for ever without one)."""
    async with Emulator(settings=settings) as emulator:
        on_ready(emulator)
        await (stop or asyncio.Event()).wait()


def run(main: Coroutine[None, None, None]) -> None:
    """Run on a uvloop, with as many open files as the system lets us: every connection is one."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with contextlib.suppress(ValueError, OSError):  # macOS names a limit that it does not grant
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(main)


async def serve_parent() -> None:
    """Read settings from the first line of stdin, write the URLs as one line of JSON, go on until stdin ends with the parent."""
    loop = asyncio.get_running_loop()
    settings = msgspec.json.decode(sys.stdin.buffer.readline(), type=Settings)
    stop = asyncio.Event()

    def on_stdin() -> None:
        if not os.read(sys.stdin.fileno(), 1):
            stop.set()

    def on_ready(emulator: Emulator) -> None:
        urls = {name: emulator.url_of(name) for name in emulator.providers}
        sys.stdout.buffer.write(msgspec.json.encode(urls) + b"\n")
        sys.stdout.buffer.flush()

    loop.add_reader(sys.stdin.fileno(), on_stdin)
    await serve(settings, on_ready, stop)
