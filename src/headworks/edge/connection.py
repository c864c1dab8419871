"""One client connection: bytes in, answers out, one after another, and patience with both."""

from __future__ import annotations

import asyncio
from typing import cast

from headworks.domain.errors import Fault
from headworks.domain.reply import Duplex
from headworks.edge.guarded import went_well
from headworks.edge.patience import Patience
from headworks.edge.reader import MAX_AHEAD, Reader
from headworks.edge.responder import Responder
from headworks.edge.state import ServerState
from headworks.edge.tls import certificate_of
from headworks.transport.wheel import NEVER

BODY_AHEAD = 65_536
"""Bytes of a body that are read before a stage asks for it."""
READ_AHEAD = 65_536
"""Bytes of later requests that are read, or a little more, while an answer is under way: who stops reading never hears that the
client hung up."""
UNREAD = 1_048_576
"""Bytes that may wait for a client in a conversation before no more is read of it: each of its pings is answered, and it may read none of
the answers. Far more than what makes the upstream wait: a client that writes for a while before it reads must not be stuck.
"""
LINGER = 5.0
"""Seconds for which what a refused client still sends is read and dropped, so that it gets to see the answer."""
GRACE = 0.25
"""Seconds for which a journey that was given up may take to end by itself. A drain's parting is not much longer."""
SURPLUS = 128
"""Connections beyond the limit that are told so. Those beyond that are just closed."""


class Connection(asyncio.Protocol):
    """One per socket; belongs to the loop. At any time it is in one of three states.

    waiting    for a request, or for the rest of its head: there is no responder
    answering  a responder is at work; what comes of the next requests is read up to a bound
    leaving    no more requests are taken; what was written may still be on its way out
    """

    def __init__(self, state: ServerState) -> None:
        settings = state.door.snapshots().edge
        self._state = state
        self._settings = settings
        self._now = state.door.clock.now
        self._complain = state.door.complain
        self._reader = Reader(settings, state.uploads)
        self._patience = Patience(settings)
        self._responder: Responder | None = None
        self._duplex: Duplex | None = None
        """Whose the client's bytes are, once the protocol was changed."""
        self._heading = False
        """The first bytes of a head have come, and its time runs."""
        self._reading = True
        self._eof = False
        self._upstream_slow = False
        """In a conversation: what the client says is not taken as fast as it comes."""
        self._leaving = False
        self._secure = False
        self._sent = 0
        self._ahead = 0
        """Bytes that came with later requests since reading went on, about."""
        self.peer = ""
        self.certificate = b""
        self.slow = False
        self.due = self.visit = NEVER

    # ── The transport calls these ────────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected (and shaken hands, with TLS)."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=self._settings.write_high_water)
        address = transport.get_extra_info("peername")
        self.peer = str(address[0]) if isinstance(address, tuple) else ""
        self._secure = transport.get_extra_info("sslcontext") is not None
        if self._secure and self._settings.client_ca_file:
            self.certificate = certificate_of(transport)
        connections = self._state.connections
        connections.add(self)
        surplus = len(connections) - self._settings.max_connections
        if surplus > SURPLUS:
            self.abort()
        elif surplus > 0:
            self._refuse(
                Fault("overloaded", "The gateway has as many connections as it takes. Try again shortly.", retry_after=1.0)
            )
        else:
            self._wait(self._settings.header_timeout)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self._leaving:
            return
        if not went_well(self._complain, self._take if self._duplex is None else self._hear, data):
            self._transport.abort()

    def eof_received(self) -> bool:
        """The client sends no more. It may still read: only a request that is complete goes on."""
        self._eof = True
        self._reading = False
        self._reader.end()
        responder = self._responder
        if self._secure or self._leaving or responder is None:
            return False
        if responder.request.websocket or not responder.request.body.complete:
            self._drop(responder)
            responder.gone()
            self._leave()
            return False
        responder.probe()
        self._state.wheel.watch(self, self._now())
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - why it was lost makes no difference
        """The client is gone, or we have closed."""
        self._leaving = True
        self._state.wheel.forget(self)
        self._reader.close()
        responder = self._responder
        if responder is not None:
            self._drop(responder)
            responder.gone()
        self._state.forget(self)

    def pause_writing(self) -> None:
        """The client takes less than we have for it."""
        self.slow = True
        if self._responder is not None:
            self._responder.pause()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self.slow = False
        if self._responder is not None:
            self._responder.resume()
        if self._duplex is not None:
            self._listen()

    # ── The responder calls these ────────────────────────────────────────────────────────────────────────────────────────

    def write(self, data: bytes) -> None:
        """Send."""
        if not self._leaving:
            self._sent += len(data)
            self._transport.write(data)

    def read_on(self) -> None:
        """A body is wanted, or all has been answered: read without bound."""
        self._ahead = 0
        if not self._reading and not self._eof:
            self._reading = True
            self._transport.resume_reading()

    def switch(self, duplex: Duplex) -> None:
        """What the client has sent behind its request, and will send, is `duplex`'s."""
        early, self._reader.switched = self._reader.switched, bytearray()
        self._duplex = duplex
        self._patience.endless()
        duplex.on_slow(self._ease)
        self.read_on()
        if early:
            duplex.feed(bytes(early))

    def finished(self, *, keep: bool) -> None:
        """The answer is complete."""
        if self._responder is None:
            return
        self._drop(self._responder)
        if not keep:
            self._leave()
        elif self._reader.ready:
            if not went_well(self._complain, self._next):
                self._transport.abort()
        elif self._eof:
            self._leave()
        else:
            self._wait(self._settings.idle_timeout)
            self._next()
            self.read_on()

    def abort(self) -> None:
        """Close at once."""
        if self._responder is not None:
            self._drop(self._responder)
        self._leaving = True
        self._transport.abort()

    # ── The server calls these ───────────────────────────────────────────────────────────────────────────────────────────

    def wind_down(self) -> None:
        """Close as soon as nothing is under way."""
        if self._responder is None and self._reader.between and not self._leaving:
            self._leave()

    def give_up(self) -> None:
        """End the answer under way with an error, and close."""
        if self._responder is not None:
            fault = Fault("draining", "The gateway is stopping and could not finish this answer. Try again.")
            self._end(fault, self._responder)
        elif not self._leaving:
            self._leave()

    # ── The wheel calls this ─────────────────────────────────────────────────────────────────────────────────────────────

    def on_time(self, now: float) -> None:
        """Patience has run out, or it is time to look whether it has."""
        if self._leaving:
            self._look_at_leaving(now)
        elif self._responder is not None:
            self._look_at_answer(now, self._responder)
        elif self._reader.between:
            self._leave()
        else:
            seconds = self._settings.header_timeout
            self._refuse(
                Fault(
                    "request_timeout",
                    f"The request's head did not arrive within {seconds:g} s (server.header_timeout). Send it at once.",
                )
            )

    # ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _take(self, data: bytes) -> None:
        self._reader.feed(data)
        if self._responder is None:
            self._next()
        if self._responder is not None:
            self._hold_back(len(data))

    def _next(self) -> None:
        """Turn to the next request, if its head is complete."""
        reader = self._reader
        if not reader.ready:
            if not reader.between and not self._heading:
                self._heading = True
                self._wait(self._settings.header_timeout)
            return
        self._heading = False
        request, state, now = reader.ready.popleft(), self._state, self._now()
        if request.websocket and self._eof:
            self._leave()
            return
        state.wheel.watch(self, self._patience.begin(now, body_complete=request.body.complete))
        self._responder = responder = Responder(self, request, state)
        state.inflight += 1
        responder.start()

    def _refuse(self, fault: Fault) -> None:
        """Read no more, and answer with a fault when the turn comes."""
        self._reader.refuse(fault)
        if self._responder is None:
            self._next()

    def _drop(self, responder: Responder) -> None:
        """Its answer is over, one way or another."""
        assert responder is self._responder
        self._responder = None
        self._state.inflight -= 1

    def _hold_back(self, size: int) -> None:
        """Stop reading while what has come, `size` bytes the last time, is enough for now."""
        responder = self._responder
        if responder is None or not self._reading:
            return
        body, reader = responder.request.body, self._reader
        enough = body.size > BODY_AHEAD and not body.complete and not body.asked_for
        if reader.switched:
            enough = len(reader.switched) > READ_AHEAD
        elif reader.ahead:
            enough = enough or self._ahead > READ_AHEAD or len(reader.ready) >= MAX_AHEAD // 2
            self._ahead += size
        if enough:
            self._reading = False
            self._transport.pause_reading()

    def _hear(self, data: bytes) -> None:
        assert self._duplex is not None
        self._duplex.feed(data)
        if self.slow:
            self._listen()

    def _ease(self, slow: bool) -> None:  # noqa: FBT001 - a callback's one word
        self._upstream_slow = slow
        self._listen()

    def _listen(self) -> None:
        """Read what the client says in a conversation, or not: it may say more than is taken, or than it takes what comes of it."""
        if not self._upstream_slow and not (self.slow and self._transport.get_write_buffer_size() > UNREAD):
            self.read_on()
        elif self._reading:
            self._reading = False
            self._transport.pause_reading()

    def _leave(self) -> None:
        """Close, once what was written has left. Where the client may still be sending, hear it out for a while: closing on it
        would destroy the answer before the client has read it. After a conversation it waits to be closed on: TLS says so before it does.
        """
        self._leaving = True
        transport = self._transport
        halves = transport.can_write_eof()
        said_all = self._reader.switched is None and self._reader.between and not self._reader.broken
        if self._eof or said_all or (self._duplex is not None and not halves):
            transport.close()
        else:
            if halves:
                transport.write_eof()
            self.read_on()
        self._wait(LINGER)

    def _look_at_leaving(self, now: float) -> None:
        waiting = self._transport.get_write_buffer_size()
        if not waiting or self._patience.stalled(now, self._sent, waiting):
            self._transport.abort()
        else:
            self._wait(LINGER)

    def _end(self, fault: Fault, responder: Responder) -> None:
        """Give up an answer, and look soon whether it has ended."""
        responder.give_up(fault)
        if self._responder is responder:
            self._wait(GRACE)

    def _look_at_answer(self, now: float, responder: Responder) -> None:
        overdue = responder.given_up or self._patience.overdue(now)
        if overdue is not None:
            self._end(overdue, responder)
            return
        if not responder.request.body.complete:
            overdue = self._patience.body_overdue(now)
            if overdue is not None and responder.request.body.moves():
                self._patience.wait_for_body(now)
            elif overdue is not None:
                self._reader.refuse(overdue)
        if self._patience.stalled(now, self._sent, self._transport.get_write_buffer_size()):
            self._transport.abort()
            return
        if self._eof:
            responder.probe()
        self._look_again(now, responder)

    def _look_again(self, now: float, responder: Responder) -> None:
        due = self._patience.next_look(now, body_complete=responder.request.body.complete, probing=self._eof)
        self._state.wheel.watch(self, due)

    def _wait(self, seconds: float) -> None:
        self._state.wheel.watch(self, self._now() + seconds)
