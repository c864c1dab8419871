"""`open` cancelled at any moment, in any company: no slot, connection, waiter or task is lost, and no limit passed."""

from __future__ import annotations

import asyncio
import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from headworks.domain.errors import Fault
from headworks.domain.target import Origin, Timeouts
from headworks.transport import Keeping, PooledUpstream
from headworks.transport.connection import Connection
from headworks.transport.line import Line
from tests.transport.house import OK, ORIGIN, FakeClock, FakeDial, request
from tests.transport.looped import looped, turns
from tests.transport.raw_server import Peer, serving
from tests.transport.recorder import Recorder

LIMIT = 3
DIALS = 2


class Gate:
    """Holds each dial until it is told how to end."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[None]] = []

    async def __call__(self, _number: int) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(future)
        await future

    def pending(self) -> list[asyncio.Future[None]]:
        return [one for one in self.waiting if not one.done()]


class OpenCancelled(RuleBasedStateMachine):
    """Random histories of one pool. A rule does something now; whether the loop turns in between is a rule of its own."""

    up: PooledUpstream | None = None

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.gate = Gate()
        self.dial = FakeDial(self.gate)
        self.clock = FakeClock()
        self.tasks: list[asyncio.Task[Line]] = []
        self.told: list[Recorder] = []
        self.dropped: list[Line] = []

        async def make() -> PooledUpstream:
            return PooledUpstream(self.clock, Keeping(dials=DIALS), self.dial)

        self.up = self.loop.run_until_complete(make())

    @rule()
    def ask(self) -> None:
        told = Recorder()
        asked = request(ORIGIN, timeouts=Timeouts(pool=5.0, connect=5.0, total=1e6, first_byte=1e6), max_connections=LIMIT)
        assert self.up is not None
        self.told.append(told)
        self.tasks.append(self.loop.create_task(self.up.open(asked, told)))

    @rule()
    def turn(self) -> None:
        self.loop.run_until_complete(asyncio.sleep(0))

    @rule(data=st.data())
    def cancel_opening(self, data: st.DataObject) -> None:
        running = [task for task in self.tasks if not task.done()]
        if running:
            data.draw(st.sampled_from(running)).cancel()

    @rule(data=st.data())
    def cancel_line(self, data: st.DataObject) -> None:
        lines = [task for task in self.tasks if task.done() and not task.cancelled() and task.exception() is None]
        if lines:
            line = data.draw(st.sampled_from(lines)).result()
            if line.wire is not None or line.retry is not None:
                self.dropped.append(line)
            line.cancel()

    @rule(data=st.data(), works=st.booleans())
    def dial_ends(self, data: st.DataObject, works: bool) -> None:  # noqa: FBT001 - hypothesis draws it
        pending = self.gate.pending()
        if pending:
            future = data.draw(st.sampled_from(pending))
            if works:
                future.set_result(None)
            else:
                future.set_exception(Fault("connect_refused", "Nothing listens."))

    @rule(data=st.data(), ending=st.sampled_from(["answer", "fin", "rst"]))
    def server_acts(self, data: st.DataObject, ending: str) -> None:
        alive = [one for one in self.dial.connections if not one.closed]
        if alive:
            connection = data.draw(st.sampled_from(alive))
            if ending != "answer":
                self.loop.run_until_complete(self._close(connection, ending))
            elif connection._line is not None:
                connection.data_received(OK)  # no turn of the loop: who is granted the slot may be cancelled before it knows

    @rule()
    def time_passes(self) -> None:
        assert self.up is not None
        self.clock.time += 1.0
        self.up._shared.wheel.turn()

    @staticmethod
    async def _close(connection: Connection, ending: str) -> None:
        connection.connection_lost(None if ending == "fin" else ConnectionResetError())

    @invariant()
    def limits_hold(self) -> None:
        if self.up is not None:
            for stats in self.up.stats():
                assert stats.open <= LIMIT
                assert stats.active >= 0
                assert self.dial.open <= LIMIT
                assert len(self.gate.pending()) <= DIALS + stats.stale_retries
            assert not any(told.objections for told in self.told)

    def teardown(self) -> None:
        if self.up is not None:
            self.loop.run_until_complete(self._settle())
            self.loop.close()

    async def _settle(self) -> None:
        """All dials come through and all servers answer: then nobody waits, nothing is active, and every request has its ending."""
        assert self.up is not None
        for _ in range(10 + 3 * len(self.tasks)):
            for future in self.gate.pending():
                future.set_result(None)
            for connection in self.dial.connections:
                if connection._line is not None:
                    connection.data_received(OK)
            await turns(2)
        for task, told in zip(self.tasks, self.told, strict=True):
            assert task.done()
            opened = not task.cancelled() and task.exception() is None
            assert (told.ending is not None) == (opened and task.result() not in self.dropped)
        for stats in self.up.stats():
            assert (stats.active, stats.waiting) == (0, 0)
            assert stats.idle == self.dial.open
        await self.up.aclose()
        await turns()
        assert self.dial.open == 0
        for task in self.tasks:
            if not task.cancelled() and task.exception() is not None:
                assert isinstance(task.exception(), Fault)


TestOpenCancelled = OpenCancelled.TestCase
TestOpenCancelled.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)


@given(st.integers(0, 12), st.booleans())
@settings(max_examples=40, deadline=None)
def test_cancelled_during_a_real_dial(moment: int, refused: bool) -> None:  # noqa: FBT001 - hypothesis draws it
    """Over real sockets: after any number of turns of the loop, the server sees the connection go, or never saw it come."""

    @looped
    async def dialing() -> None:
        async def script(peer: Peer) -> None:
            await peer.gone()

        async with serving(script) as server:
            up = PooledUpstream(FakeClock())
            origin = Origin("https", "127.0.0.1", server.port) if not refused else server.origin()
            task = asyncio.get_running_loop().create_task(up.open(request(origin), Recorder()))
            await turns(moment)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                (await task).cancel()
            while server.open:
                await turns(1)
            assert up.stats()[0].open == 0 if up.stats() else True
            await up.aclose()

    dialing()
