"""The gateway process: the data plane on a uvloop, under a supervisor."""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import os
import resource
import sys
from collections.abc import Awaitable, Sequence
from pathlib import Path

import uvloop

from headworks.identity.pepper import PepperRefused
from headworks.ports.clock import Clock
from headworks.stores.sql.address import DatabaseUnusable
from headworks.wiring.clock import SystemClock
from headworks.wiring.config_file import ConfigRefused
from headworks.wiring.live_config import LiveConfig
from headworks.wiring.process_exits import Exit
from headworks.wiring.process_life import Life, Orders, live, read_orders
from headworks.wiring.voice import say, tell


def main(arguments: Sequence[str]) -> int:
    """Run until told to stop. Returns the process's exit code."""
    faulthandler.enable()
    gc.disable()  # what a start makes stays, so looking for garbage in it is lost time; `settle` enables it
    raise_file_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(live(read_orders(arguments), _serve))
        except (ConfigRefused, PepperRefused, DatabaseUnusable) as refused:
            tell(str(refused))
            return Exit.CONFIG
    return Exit.OK


async def _serve(life: Life) -> None:
    clock = SystemClock()
    reading = _read(life.orders, clock)
    from headworks.wiring.gateway import run_gateway  # noqa: PLC0415 - loaded while a process beside this one reads a large document

    await run_gateway(await reading, clock, life)


def _read(orders: Orders, clock: Clock) -> Awaitable[LiveConfig]:
    """The configuration. Is being read from now on."""
    if orders.config is None:
        return asyncio.ensure_future(LiveConfig.found(orders.journal, os.environ, clock, say))
    loop = asyncio.get_running_loop()
    return loop.run_in_executor(None, LiveConfig.of_file, Path(orders.config), orders.journal, os.environ, clock, say)


def raise_file_limit() -> None:
    """Allow as many open files as the system lets us: every connection is one, and the usual limit of 1024 is too few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (ValueError, OSError):  # macOS names a limit that it does not grant
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 10_240)), hard))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
