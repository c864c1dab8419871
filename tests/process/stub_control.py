"""The same stand-in under a name of its own, so that `mode` speaks to the gateway alone."""

from __future__ import annotations

import asyncio
import sys

import stub_gateway

from headworks.wiring.process_life import live, read_orders

if __name__ == "__main__":
    asyncio.run(live(read_orders(sys.argv[1:]), lambda life: stub_gateway.Stub(life, "").serve()))
