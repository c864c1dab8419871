"""A connection without loop, sockets or pool: bytes in by hand, what it does written down. For laws and fuzzing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from headworks.domain.target import Origin, Timeouts
from headworks.ports.upstream import Outgoing
from headworks.transport.connection import Connection
from headworks.transport.line import Line
from headworks.transport.wheel import Wheel
from tests.transport.house import ORIGIN, FakeTransport, request
from tests.transport.recorder import Recorder


class FakeHome:
    """A pool that only counts."""

    def __init__(self) -> None:
        self.origin: Origin = ORIGIN
        self.idle_seconds = 55.0
        self.given_back: list[Connection | None] = []
        self.forgotten = 0
        self.started_over: list[Line] = []

    def give_back(self, connection: Connection | None) -> None:
        self.given_back.append(connection)

    def forget(self, connection: Connection) -> None:  # noqa: ARG002 - there is only one
        self.forgotten += 1

    def start_over(self, line: Line) -> None:
        self.started_over.append(line)


class Wired:
    """`now` moves by hand; `troubles` holds what receivers raised."""

    def __init__(self, told: Recorder | None = None, asked: Outgoing | None = None) -> None:
        self.now = 1000.0
        self.home = FakeHome()
        self.transport = FakeTransport()
        self.troubles: list[Exception] = []
        self.wheel = Wheel(lambda: self.now, self._later, self.troubles.append)
        self.connection = Connection(self.home, self.wheel, lambda: self.now, self.troubles.append)
        transport = cast("asyncio.Transport", cast("Any", self.transport))
        self.connection.connection_made(transport)
        self.connection.ready(transport, transport)
        self.transport.protocol = self.connection
        self.told = told or Recorder()
        self.line = self.ask(self.told, asked)

    def ask(self, told: Recorder, asked: Outgoing | None = None) -> Line:
        line = Line(asked or request(ORIGIN, timeouts=Timeouts()), told, self.now)
        self.connection.begin(line, self.now)
        return line

    def feed(self, *pieces: bytes) -> None:
        """As the loop would: nothing comes while reading is paused or after the end."""
        for piece in pieces:
            if self.transport.reading and not self.transport.aborted:
                self.connection.data_received(piece)

    def end(self, error: Exception | None = None) -> None:
        """The server closes: properly, or with `error`."""
        if error is None and not self.transport.aborted:
            self.connection.eof_received()
        self.connection.connection_lost(error)

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self.wheel.turn()

    @staticmethod
    def _later(_seconds: float, _alarm: Callable[[], None]) -> asyncio.TimerHandle:
        return cast("asyncio.TimerHandle", cast("Any", _Handle()))


class _Handle:
    def cancel(self) -> None:
        pass
