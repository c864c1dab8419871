"""The front door: listening, keeping time, and closing with grace."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Sequence
from typing import Protocol

import msgspec

from headworks.edge.connection import Connection
from headworks.edge.door import Door
from headworks.edge.state import TICK, ServerState
from headworks.edge.tls import Certificates

BACKLOG = 4096
PARTING_SECONDS = 1.0
"""How long answers cut by a drain may take to leave the house."""
_CERTIFICATE_TICKS = 20


class EdgeGauges(msgspec.Struct, frozen=True):
    """The door at one instant."""

    connections: int
    inflight: int
    """Requests whose answers are not complete."""


class _Listening(Protocol):
    def close(self) -> None: ...


class Edge:
    """The HTTP/1.1 server of the data plane. Life: made → `serve` → `drain`, once. Belongs to one event loop."""

    def __init__(self, door: Door) -> None:
        """`door` holds the collaborators. TLS is spoken if the snapshot in force names a certificate: raises `OSError` if it is unusable."""
        self._door = door
        self._state = ServerState(door)
        self._listening: list[_Listening] = []
        self._timekeeper: asyncio.Task[None] | None = None
        settings = door.snapshots().edge
        self._handshake = settings.header_timeout
        self._certificates = Certificates(settings, door.complain) if settings.cert_file else None

    async def serve(self, sockets: Sequence[socket.socket]) -> None:
        """Begin to accept connections on `sockets`, which are bound already and become the edge's. Returns at once."""
        loop = asyncio.get_running_loop()
        secure = self._certificates
        for listener in sockets:
            _notice_lost_peers(listener)
            self._listening.append(
                await loop.create_server(
                    lambda: Connection(self._state),
                    sock=listener,
                    backlog=BACKLOG,
                    ssl=secure.context if secure is not None else None,
                    ssl_handshake_timeout=self._handshake if secure is not None else None,
                )
            )
        self._timekeeper = asyncio.create_task(self._keep_time(), name="edge time")

    async def drain(self, deadline: float) -> None:
        """Accept no more; let answers under way go on for `deadline` seconds; end the rest with an error. Then all is closed."""
        state = self._state
        state.draining = True
        for listening in self._listening:
            listening.close()
        for connection in list(state.connections):
            connection.wind_down()
        await self._emptied(deadline)
        for connection in list(state.connections):
            connection.give_up()
        await self._emptied(PARTING_SECONDS)
        for connection in list(state.connections):
            connection.abort()
        await asyncio.sleep(0)
        if self._timekeeper is not None:
            self._timekeeper.cancel()
            await asyncio.wait((self._timekeeper,))

    def gauges(self) -> EdgeGauges:
        """What is open, and what is under way."""
        return EdgeGauges(len(self._state.connections), self._state.inflight)

    async def _emptied(self, seconds: float) -> None:
        """Wait until no connection is left, but not longer than that."""
        if not self._state.connections:
            return
        emptied = asyncio.ensure_future(self._state.emptied.wait())
        late = asyncio.ensure_future(self._door.clock.sleep(seconds))
        _, pending = await asyncio.wait((emptied, late), return_when=asyncio.FIRST_COMPLETED)
        for waiting in pending:
            waiting.cancel()

    async def _keep_time(self) -> None:
        ticks = 0
        while True:
            await self._door.clock.sleep(TICK)
            self._state.tick()
            ticks += 1
            if self._certificates is not None and ticks % _CERTIFICATE_TICKS == 0:
                self._certificates.refresh()


def _notice_lost_peers(listener: socket.socket) -> None:
    """Let the kernel ask silent clients whether they are still there: one that lost its power or its network says nothing by itself.
    Connections take these options from the socket that accepts them.
    """
    if listener.family not in (socket.AF_INET, socket.AF_INET6):
        return
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sys.platform == "linux":
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
