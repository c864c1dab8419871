"""An exchange that is over leaves no circle of references behind: those wait for the collector, and it costs time on the hot path."""

from __future__ import annotations

import asyncio
import gc

import pytest

from headworks.testing import CollectingSink, Script, ScriptedUpstream

from .plain import House
from .test_one_ending import GOOD_STREAM, LIMITED, a_call, ended, snapshot_with

WHOLE = Script(pieces=(b"one usage:7,3",))


def left_behind(*, stream: bool) -> list[str]:
    """Names of our own types that one exchange with limits leaves to the collector."""

    async def serve() -> None:
        snapshot = snapshot_with(2)
        house = House(snapshot, ScriptedUpstream([GOOD_STREAM if stream else WHOLE] * 2), principal=LIMITED)
        for turn in range(2):  # the first one makes what stays for good
            if turn:
                gc.collect()
                gc.set_debug(gc.DEBUG_SAVEALL)
            call = a_call(snapshot, stream=stream)
            reply = await house.serve(call)
            reply.start(CollectingSink())
            await ended(call)
            house.upstream.lines.clear()  # they hold on to what they answered
            del call, reply
        await asyncio.sleep(0)
        gc.collect()
        gc.set_debug(0)

    gc.collect()
    gc.disable()
    try:
        asyncio.run(serve())
        return sorted({type(thing).__name__ for thing in gc.garbage if type(thing).__module__.startswith("headworks")})
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.mark.parametrize("stream", [False, True])
def test_an_exchange_leaves_nothing_to_the_collector(*, stream: bool) -> None:
    assert left_behind(stream=stream) == []
