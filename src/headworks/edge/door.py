"""What the edge is given: all it needs of the rest of the house, in one struct."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from headworks.domain.call import Call
from headworks.domain.ending import Complain
from headworks.domain.errors import Fault
from headworks.domain.reply import Reply
from headworks.domain.snapshot import Snapshot
from headworks.ports.clock import Chance, Clock

Journey = Callable[[Call], Awaitable[Reply]]


class FaultWriter(Protocol):
    """The part of `ports.interpreter.Interpreter` that the edge needs."""

    def write_fault(self, front: str, fault: Fault, request_id: str) -> bytes:
        """A fault as the JSON body of an error answer in the client's dialect."""
        ...


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """The edge's collaborators. One per process.

    `journey` serves a call up to the head of its answer: it raises `Fault`, or `CancelledError` when the edge cancels its task. The
    message of that cancellation is a code of `FAULTS`: `client_gone`, `total_timeout` or `draining`.
    `snapshots` gives the configuration in force. `complain` hears of what should not have happened.
    """

    journey: Journey
    snapshots: Callable[[], Snapshot]
    interpreter: FaultWriter
    clock: Clock
    chance: Chance
    complain: Complain
