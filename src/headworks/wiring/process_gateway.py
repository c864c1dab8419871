"""The gateway process: the data plane on a uvloop, under a supervisor."""

from __future__ import annotations

import asyncio
import faulthandler
import resource
import sys
from collections.abc import Sequence

import uvloop

from headworks.identity import PepperRefused
from headworks.stores.sql.address import DatabaseUnusable
from headworks.wiring.config_file import ConfigRefused
from headworks.wiring.gateway import run_gateway
from headworks.wiring.process_exits import Exit
from headworks.wiring.process_life import Life, live, read_orders
from headworks.wiring.voice import tell


def main(arguments: Sequence[str]) -> int:
    """Run until told to stop. Returns the process's exit code."""
    faulthandler.enable()
    raise_file_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(live(read_orders(arguments), _serve))
        except (ConfigRefused, PepperRefused, DatabaseUnusable) as refused:
            tell(str(refused))
            return Exit.CONFIG
    return Exit.OK


async def _serve(life: Life) -> None:
    orders = life.orders
    await run_gateway(orders.config, life.sockets, orders.journal, life.ready, life.stop, life.reload)


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
