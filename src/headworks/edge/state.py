"""What all connections of one process share."""

from __future__ import annotations

import asyncio
from typing import Protocol

from headworks.domain.snapshot import Cors
from headworks.edge.cors import CorsRules
from headworks.edge.door import Door
from headworks.edge.forms.spool import Room
from headworks.edge.heads import date_line
from headworks.transport.wheel import Wheel

TICK = 0.5
"""Seconds between two looks at the time."""


class Open(Protocol):
    """An open connection, as the server sees it."""

    def wind_down(self) -> None:
        """Close as soon as nothing is under way."""
        ...

    def give_up(self) -> None:
        """End the answer under way with an error, and close."""
        ...

    def abort(self) -> None:
        """Close now."""
        ...


class ServerState:
    """One per process; belongs to the loop."""

    __slots__ = ("_loop", "_rules", "connections", "date", "door", "draining", "emptied", "inflight", "uploads", "wheel")

    def __init__(self, door: Door) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self.door = door
        self.wheel = Wheel(door.clock.now, None, door.complain, TICK)
        self.connections: set[Open] = set()
        self.uploads = Room(door.snapshots().edge.uploads_aside_bytes)
        self.inflight = 0
        """Requests whose answers are not complete."""
        self.draining = False
        self.emptied = asyncio.Event()
        """Set while draining, once the last connection is closed."""
        self.date = date_line(door.clock.wall_ns())
        """The `date` header line of this second."""
        self._rules = CorsRules(Cors())

    def loop(self) -> asyncio.AbstractEventLoop:
        """The one that all connections are on: asking the system for it each time costs a call into the kernel."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    def forget(self, connection: Open) -> None:
        """It is closed."""
        self.connections.discard(connection)
        if self.draining and not self.connections:
            self.emptied.set()

    def tick(self) -> None:
        """Time has passed: see to deadlines, and to the date."""
        self.date = date_line(self.door.clock.wall_ns())
        self.wheel.turn()

    def rules(self, cors: Cors) -> CorsRules:
        """The compiled rules of a setting, which rarely changes."""
        if self._rules.source is not cors:
            self._rules = CorsRules(cors)
        return self._rules
