"""A translated answer that is over leaves no circle of references behind: those wait for the collector, and it costs time on the hot path."""

from __future__ import annotations

import gc

import pytest

from headworks.domain.call import Kind
from tests.grid.answers import Call, Said, Server
from tests.grid.cases import CASES
from tests.grid.clients import FRONTS, question
from tests.grid.grid import HUB, SERVERS
from tests.grid.targets import target

SAID = Said(text="It snows.", thought="Winter?", signature="c2VhbA==", calls=(Call("call_1", "look", {"at": "sky"}),))


def translate(front: str, server: Server, *, streamed: bool) -> None:
    """One question and its answer, forgotten afterwards."""
    asked = question(front, CASES[0], streamed=streamed)
    relay = HUB.prepare(front, Kind.CHAT, asked.ask, asked.sent, target(server.name), None).relay
    relay.feed(server.streamed(SAID) if streamed else server.whole(SAID))
    relay.close()
    assert (relay.fault, relay.ended) == (None, True)


@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_translated_answer_leaves_nothing_to_the_collector(front: str, server: Server, *, streamed: bool) -> None:
    translate(front, server, streamed=streamed)  # what is made for good
    gc.disable()
    gc.freeze()  # what others have left is not looked at
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        translate(front, server, streamed=streamed)
        gc.collect()
        left = {type(thing).__name__ for thing in gc.garbage if type(thing).__module__.startswith("headworks")}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.unfreeze()
        gc.enable()
    assert left == set()
