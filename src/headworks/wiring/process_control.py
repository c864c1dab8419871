"""The control process: metrics, administration and the journal's projections, under a supervisor. Its death never stops traffic."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

import uvloop

from headworks.wiring.config_file import ConfigRefused
from headworks.wiring.control import run_control
from headworks.wiring.process_exits import Exit
from headworks.wiring.process_life import Life, live, read_orders


def main(arguments: Sequence[str]) -> int:
    """Run until told to stop. Returns the process's exit code."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(live(read_orders(arguments), _serve))
        except ConfigRefused as refused:
            sys.stderr.write(f"{refused}\n")
            return Exit.CONFIG
    return Exit.OK


async def _serve(life: Life) -> None:
    orders = life.orders
    await run_control(orders.config, life.sockets, orders.journal, life.ready, life.stop)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
