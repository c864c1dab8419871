"""What gateways say to all others at once, over the server that they share. Nothing of it is kept, and nobody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from headworks.ports.clock import Clock
from headworks.stores.valkey.address import Address
from headworks.stores.valkey.wire import Denied, Severed, dial

CONNECT = 1.0
PAUSE = 1.0
"""Seconds before the server is looked for again."""

Word = Callable[[], bytes | None]
"""What is to be said now; None: nothing."""
Hear = Callable[[bytes], object]


class Broadcast:
    """`run` is its life. While the server is away nothing is said or heard."""

    def __init__(self, address: Address, channel: str, clock: Clock, every: float) -> None:
        """`every`: seconds between two words."""
        self._address = address
        self._channel = channel
        self._clock = clock
        self._every = every
        self.trouble = ""
        """What keeps it from the server, in words for an operator; empty where nothing does."""

    async def run(self, word: Word, hear: Hear, say: Callable[[str], None]) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._once(word, hear)
            except (OSError, Severed, Denied) as trouble:
                words = str(trouble) or type(trouble).__name__
                if words != self.trouble:
                    say(f"{self._address}: gateways can't tell each other what they have sent where ({words}).")
                self.trouble = words
            await self._clock.sleep(PAUSE)

    async def _once(self, word: Word, hear: Hear) -> None:
        """Two connections: one that has subscribed may say nothing more."""
        async with AsyncExitStack() as stack:
            speaking = await dial(self._address, CONNECT)
            stack.callback(speaking.close)
            hearing = await dial(self._address, CONNECT)
            stack.callback(hearing.close)
            await hearing.subscribe(self._channel, lambda said: _take(said, hear))
            self.trouble = ""
            while not (speaking.ended.done() or hearing.ended.done()):
                said = word()
                if said is not None:
                    await speaking.call("PUBLISH", self._channel, said)
                ended = (speaking.ended, hearing.ended)
                await asyncio.wait(ended, timeout=self._every, return_when=asyncio.FIRST_COMPLETED)
            raise Severed("the connection has ended")


def _take(said: object, hear: Hear) -> None:
    """`said` is as the server tells it: of what kind, on which channel, and what."""
    match said:
        case [b"message", _, bytes(message)]:
            hear(message)
        case _:
            pass
