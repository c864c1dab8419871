"""Carries acts to the server: those of one turn of the loop in one script call, and each of them at most once.

Batches are numbered. The server carries them out in order and skips a number that it has had, or has passed: so what was under way
when a connection ended can be sent again under its old number, and a reservation that nobody waits for any more can't arrive late.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

from headworks.stores.valkey.acts import Act, BatchAnswer, Said, Status, Verb, encode
from headworks.stores.valkey.scripts import Script
from headworks.stores.valkey.wire import Severed, Wire

MOST_ACTS = 256
"""In one script call: the server does nothing else meanwhile."""
BACKLOG = 200_000
"""Acts that wait for a server. More are left to the ledger."""
MOST_TRIES = 5
LINGER = 0.002
"""Seconds that a settlement waits for a reservation to ride with."""

_decode = msgspec.msgpack.Decoder(BatchAnswer).decode


class Reservation:
    """A reservation on its way: done with its answer, or with None where there is none in time."""

    __slots__ = ("act", "future")

    def __init__(self, act: Act, future: asyncio.Future[tuple[int, Said] | None]) -> None:
        self.act = act
        self.future = future

    def answer(self, answer: tuple[int, Said] | None) -> None:
        """Whoever waits goes on."""
        if not self.future.done():
            self.future.set_result(answer)


class Batch:
    """Sent and not answered."""

    __slots__ = ("acts", "late", "seq", "timer", "tries", "waiting")

    def __init__(self, seq: int, acts: list[Act], waiting: list[Reservation], tries: int = 1) -> None:
        self.seq = seq
        self.tries = tries
        self.acts = acts
        self.waiting = waiting
        self.late = False
        self.timer: asyncio.TimerHandle | None = None

    @property
    def lasting(self) -> list[Act]:
        """What has to be done all the same where the batch was not."""
        return [act for act in self.acts if act[0] != Verb.RESERVE]

    def give_up(self) -> None:
        """There is no answer in time."""
        for reservation in self.waiting:
            reservation.answer(None)


class Route(msgspec.Struct, frozen=True):
    """Where batches go, and as whose."""

    wire: Wire
    epoch: str
    generation: str
    seq: int


class Courier:
    """Belongs to the loop. `patience` is in seconds; `gone` is called where the server no longer knows the epoch or the generation."""

    def __init__(self, script: Script, root: str, patience: float) -> None:
        self._script = script
        self.root = root
        self._patience = patience
        self.gone: Callable[[], None] = _nobody
        self._route: Route | None = None
        self._seq = 0
        self._acts: list[Act] = []
        self._waiting: list[Reservation] = []
        self._flying: deque[Batch] = deque()
        self._timer: asyncio.Handle | None = None
        self._soon = False
        self._late = 0
        self.batches = 0
        self.timeouts = 0
        self.dropped = 0

    @property
    def ready(self) -> bool:
        """Whether a reservation may be sent, and its answer be expected in time."""
        return self._route is not None and not self._late

    def reserve(self, act: Act) -> asyncio.Future[tuple[int, Said] | None]:
        """The server's time (µs) and its answer; None where it does not come in time: then it may have been carried out."""
        future: asyncio.Future[tuple[int, Said] | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(Reservation(act, future))
        self._acts.append(act)
        if not self._soon:
            self._hurry()
        return future

    def tell(self, act: Act) -> None:
        """Have it done sometime soon, exactly once."""
        if len(self._acts) >= BACKLOG:
            self.dropped += 1
            return
        self._acts.append(act)
        if self._timer is None and self._route is not None:
            self._timer = asyncio.get_running_loop().call_later(LINGER, self._flush)

    def beat(self) -> None:
        """Say that this process lives, if only by a batch of nothing."""
        if self._route is not None and not self._flying:
            self._send([], [])

    @property
    def oldest(self) -> Batch | None:
        """The batch that has waited longest for its answer."""
        return self._flying[0] if self._flying else None

    def attach(self, route: Route) -> None:
        """Go on over this wire: first with what was under way, under the numbers that it had."""
        self._route, self._late = route, 0
        again, self._flying = self._flying, deque()
        for batch in again:
            if batch.seq > route.seq and batch.lasting:
                self._send_as(route, Batch(batch.seq, batch.lasting, [], batch.tries + 1))
        self._seq = max(self._seq, route.seq)
        if self._acts:
            self._hurry()

    def detach(self) -> None:
        """The wire has ended. Nobody waits any more."""
        self._route, self._late = None, 0
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._soon = None, False
        for batch in self._flying:
            self._unschedule(batch)
            batch.give_up()
        self._give_up_unsent()

    def undone(self, carried_out: int) -> list[Act]:
        """What is still to be done, where batches up to that number have been carried out."""
        flying = [act for batch in self._flying if batch.seq > carried_out for act in batch.lasting]
        return flying + self._acts

    @property
    def quiet(self) -> bool:
        """Whether all is told and answered, or nobody is there to be told."""
        return self._route is None or not (self._acts or self._flying)

    def start_over(self) -> None:
        """Another life begins: nothing is still to be done, or it has been seen to."""
        self._flying.clear()
        self._acts.clear()
        self._seq = 0

    def _hurry(self) -> None:
        """With all that happens in this turn of the loop."""
        if self._timer is not None:
            self._timer.cancel()
        self._soon = True
        self._timer = asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._timer, self._soon = None, False
        if self._route is None or self._late or not self._acts:
            return
        acts, waiting = self._acts, self._waiting
        if len(acts) <= MOST_ACTS:
            self._acts, self._waiting = [], []
        else:
            acts, self._acts = acts[:MOST_ACTS], acts[MOST_ACTS:]
            sent = sum(1 for act in acts if act[0] == Verb.RESERVE)
            waiting, self._waiting = waiting[:sent], waiting[sent:]
            self._hurry()
        self._send(acts, waiting)

    def _send(self, acts: list[Act], waiting: list[Reservation]) -> None:
        assert self._route is not None
        self._seq += 1
        self._send_as(self._route, Batch(self._seq, acts, waiting))

    def _send_as(self, route: Route, batch: Batch) -> None:
        try:
            payload = encode((route.epoch, batch.seq, route.generation, batch.acts))
        except (OverflowError, TypeError, ValueError, msgspec.MsgspecError):  # a number beyond 64 bits, a text that is none
            batch.give_up()
            self.dropped += len(batch.acts)
            return  # its number is never seen: the server takes the next one all the same
        self._flying.append(batch)
        self.batches += 1
        batch.timer = asyncio.get_running_loop().call_later(self._patience, self._be_late, batch)
        route.wire.send(lambda answer: self._answered(route, batch, answer), "EVALSHA", self._script.sha, 1, self.root, payload)

    def _answered(self, route: Route, batch: Batch, answer: object) -> None:
        if self._route is not route:
            return  # given up already
        if not isinstance(answer, bytes):
            if not isinstance(answer, Severed):
                self._denied(batch)
            route.wire.close()
            return
        self._flying.popleft()
        self._unschedule(batch)
        said = _decode(answer)
        if said.status == Status.GONE:
            self._flying.appendleft(batch)
            self.detach()
            self.gone()
            return
        for reservation, told in zip(batch.waiting, said.answers, strict=False):
            reservation.answer((said.now, told))
        if said.status == Status.STALE:
            batch.give_up()
        if batch.late:
            self._late -= 1
            if not self._late and self._acts:
                self._hurry()

    def _denied(self, batch: Batch) -> None:
        """The server has refused the script: it is out of memory, or busy, or does not know it. That passes; what is refused again
        and again would be for ever.
        """
        if batch is self.oldest and batch.tries >= MOST_TRIES:
            self._flying.popleft()
            self.dropped += len(batch.acts)

    def _be_late(self, batch: Batch) -> None:
        batch.timer = None
        batch.late = True
        self._late += 1
        self.timeouts += 1
        batch.give_up()
        self._give_up_unsent()  # asked in the turn in which this shows: they would wait for the late answer

    def _give_up_unsent(self) -> None:
        for reservation in self._waiting:
            reservation.answer(None)
        self._waiting.clear()
        self._acts = [act for act in self._acts if act[0] != Verb.RESERVE]

    @staticmethod
    def _unschedule(batch: Batch) -> None:
        if batch.timer is not None:
            batch.timer.cancel()
            batch.timer = None


def _nobody() -> None:
    """Until somebody wants to know."""
