"""Any bytes, in any cuts, at any moments, into the front door: what fuzzing and hypothesis do with it, and what must hold after.

A program is a string of bytes. Each step takes one byte that says what happens next and how much of the rest it uses.
"""

from __future__ import annotations

import asyncio

from headworks.domain.call import Call
from headworks.domain.errors import Fault
from headworks.domain.outcome import Ending
from headworks.domain.reply import Reply
from headworks.edge.state import TICK
from tests.edge.rig import Client, House, PushedReply, echo, get, post, settle

SNIPPETS = (
    post(body=b'{"model":"m"}'),
    post(b"/v1/messages", b"{}", b"expect: 100-continue"),
    get(b"/v1/models"),
    get(b"/livez", b"connection: close"),
    b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n",
    b"5\r\nhello\r\n",
    b"0\r\n\r\n",
    b"content-length: 5\r\n",
    b"transfer-encoding: chunked\r\n",
    b"host: x\r\n",
    b"connection: upgrade\r\nupgrade: h2c\r\n",
    b"\r\n",
    b" HTTP/1.1\r\n",
    b"GET ",
)


class Wild:
    """One connection and a journey that takes every turn a real one could."""

    def __init__(self) -> None:
        self.house = House(
            self._serve,
            max_header_bytes=2_000,
            max_body_bytes=1_000,
            header_timeout=5.0,
            body_timeout=5.0,
            idle_timeout=20.0,
            request_timeout=30.0,
            write_timeout=10.0,
            write_high_water=500,
        )
        self.client = Client(self.house)
        self.pushed: list[PushedReply] = []
        self._turns = 0

    async def _serve(self, call: Call) -> Reply:
        self._turns += 1
        match self._turns % 6:
            case 0:
                raise Fault("invalid_api_key", "Unknown key.")
            case 1:
                return await echo(call)
            case 2:
                return self._push(PushedReply())
            case 3:
                await call.body.read()
                return self._push(PushedReply(stream=False, whole=True))
            case 4:
                raise ZeroDivisionError
            case _:
                await self.house.clock.sleep(3.0)
                return await echo(call)

    def _push(self, pushed: PushedReply) -> Reply:
        self.pushed.append(pushed)
        return pushed.reply

    async def run(self, program: bytes) -> None:
        """Do what the program says, then hang up, and check."""
        place = 0
        while place < len(program):
            step, place = program[place], place + 1
            kind, size = step & 7, (step >> 3) + 1
            if kind <= 1:
                await self._feed(program[place : place + size * (1 if kind else 8)])
                place += size * (1 if kind else 8)
            elif kind == 2:
                await self._feed(SNIPPETS[size % len(SNIPPETS)])
            else:
                await self._happen(kind, size)
        await self.client.hang_up()
        await self._pass(8)
        self.check()

    async def _feed(self, data: bytes) -> None:
        client = self.client
        if data and client.transport.reading and not client.transport.closed and not client.gone:
            client.connection.data_received(data)
            await asyncio.sleep(0)
            client.follow()

    async def _happen(self, kind: int, size: int) -> None:
        client = self.client
        reply = self.pushed[size % len(self.pushed)] if self.pushed else None
        match kind:
            case 3:
                await self._pass(size)
            case 4 if reply is not None:
                reply.push(b"data: x\n\n" * size)
            case 5 if reply is not None:
                reply.finish(list(Ending)[size % len(Ending)], "severed")
            case 6:
                client.transport.takes = not client.transport.takes
                client.transport.take(size * 100)
            case 7 if size == 1 and not client.gone:
                await client.shut_down()
            case _:
                await settle(3)

    async def _pass(self, ticks: int) -> None:
        for _ in range(ticks):
            self.house.clock.advance(TICK)
            self.client.state.tick()
            await settle(3)
            self.client.follow()

    def check(self) -> None:
        """Every call that began has exactly one ending; nothing is left; what was answered reads as HTTP."""
        journey = self.house.journey
        assert len(journey.outcomes) == len(journey.calls)
        assert all(len(pushed.outcomes) == 1 for pushed in self.pushed)
        assert self.client.state.inflight == 0
        assert self.client.state.connections == set()
        assert [trouble for trouble in self.house.complaints if not isinstance(trouble, ZeroDivisionError)] == []
        assert len(asyncio.all_tasks()) == 1
