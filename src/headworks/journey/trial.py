"""The receiver of one attempt: bytes in from the upstream, frames out to the reply, and the account of it. Pushed, never pulled.

Until the answer has begun (its first content, or all of it), nothing is shown to the caller and whatever goes wrong is raised, so that
it can be tried elsewhere. From then on an error can only be told inside the answer, as its last words.
"""

from __future__ import annotations

import asyncio

from headworks.domain.call import Call
from headworks.domain.call import Progress as SoFar
from headworks.domain.errors import Blame, Fault, FaultClass
from headworks.domain.exchange import milliseconds
from headworks.domain.kind import DRAWING, Kind
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Frame, HeaderList, Reply
from headworks.domain.target import Target, Tried
from headworks.domain.where import Form
from headworks.journey.account import Account
from headworks.journey.raw_answer import body_length, content_type
from headworks.journey.sealing import Sealing
from headworks.ports.balancing import Health
from headworks.ports.clock import Clock
from headworks.ports.interpreter import Expecting, Interpreter, Relay
from headworks.ports.upstream import Line

HELD_HEAD_SECONDS = 15.0
"""How long a head is kept back while no content has come: after that the caller learns that it was answered."""
LARGEST_ERROR = 65_536
LARGEST_WHOLE = 33_554_432
_LARGEST = dict.fromkeys(DRAWING, 134_217_728)
"""Bytes of whole answers of which larger ones are usual: ten large pictures."""
LARGEST_WAITING = 262_144
"""Bytes of a begun stream that may wait for the edge before the upstream is paused."""

_STREAM_TYPE = (b"content-type", b"text/event-stream; charset=utf-8")
_JSON_TYPE = (b"content-type", b"application/json")
_STREAM_TYPES = {Form.ARRAY: _JSON_TYPE, Form.LINES: (b"content-type", b"application/x-ndjson")}
"""Of streams that are no events."""


class Surroundings:
    """What every trial needs of the house."""

    __slots__ = ("_loop", "clock", "health", "interpreter")

    def __init__(self, interpreter: Interpreter, health: Health, clock: Clock) -> None:
        self.interpreter = interpreter
        self.health = health
        self.clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        """The one loop that all trials run on: asking the system for it each time costs a call into the kernel."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop


class Trial:
    """One per attempt; a `Receiver` to the transport and the `Source` of its reply. Ends exactly once, in `over`."""

    __slots__ = (
        "_account",
        "_begun",
        "_call",
        "_dispatch",
        "_done",
        "_early",
        "_first_at",
        "_head",
        "_head_timer",
        "_late",
        "_pieces",
        "_raw",
        "_relay",
        "_sealing",
        "_size",
        "_started_at",
        "_surroundings",
        "_target",
        "_told",
        "_tried",
        "_waiter",
        "_whole",
        "line",
        "reply",
    )

    def __init__(
        self,
        call: Call,
        target: Target,
        tried: Tried,
        relay: Relay,
        surroundings: Surroundings,
        sealing: Sealing | None = None,
    ) -> None:
        self._call = call
        self._target = target
        self._tried = tried
        self._relay = relay
        self._account = Account(call, target, relay)
        self._sealing = sealing
        self._surroundings = surroundings
        self._started_at = surroundings.clock.now()
        self._whole = call.ask is None or not call.ask.stream
        self._raw = call.ask is not None and call.ask.form is Form.BYTES
        self._told = call.ask is not None and call.ask.form is Form.TOLD
        self._pieces: list[bytes] = []
        self._size = 0
        self._begun = False
        self._late = False
        self._first_at = 0.0
        self._done = False
        self._early: Fault | None = None
        self._head: HeaderList = []
        self._waiter: asyncio.Future[None] | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self.line: Line | None = None
        self.reply = Reply(200, [], self, stream=not (self._whole or self._raw), whole=self._whole)
        call.tally.replies.append(self.reply)
        call.tally.progress = self.so_far
        surroundings.health.began(target)
        self._dispatch = call.dispatch
        if self._dispatch is not None:
            self._dispatch.sent()

    async def begun(self) -> None:
        """Wait until the answer has begun. Raises the `Fault` where it did not."""
        if self._early is not None:
            raise self._early
        if not self._begun:
            self._waiter = self._surroundings.loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    # ── Receiver: the transport calls these ──────────────────────────────────────────────────────────────────────────────

    def on_sent(self) -> None:
        """A byte of the request leaves."""
        self._tried.sent = True

    def on_head(self, status: int, headers: HeaderList) -> None:
        """The upstream has answered something."""
        self._tried.status = status
        self._tried.head_at = self._now_ms()
        if self._dispatch is not None:
            self._dispatch.headed(status, headers)
        self._head = headers
        reply = self.reply
        reply.status = status
        reply.headers = headers
        if status < 200 or status >= 300:  # noqa: PLR2004 - HTTP's own numbers
            self._whole = True
            return
        wanted = self._surroundings.interpreter.returned(self._call.front, self._target)
        kept = [pair for pair in headers if pair[0] in wanted]
        if self._told:
            kept.append(content_type(headers))
        if (self._told or self._call.passed is not None) and isinstance(self._relay, Expecting):
            self._expect(self._relay, kept)
            return
        if self._raw:
            kept.append(content_type(headers))
            reply.length = body_length(headers)
        else:
            kept.append(_JSON_TYPE if self._whole else _STREAM_TYPES.get(self._call.where.form, _STREAM_TYPE))
        reply.headers = kept
        if not self._whole:
            self._head_timer = self._surroundings.loop().call_later(HELD_HEAD_SECONDS, self._begin_late)

    def _expect(self, relay: Expecting, kept: HeaderList) -> None:
        """Go by what the head says of an answer whose shape nobody knows before."""
        reply = self.reply
        reply.headers = kept
        self._whole = reply.whole = relay.expect(dict(kept).get(b"content-type", b""))
        reply.stream = relay.streams_events
        if not (self._whole or reply.stream):
            self._sealing = None  # a file is what it is, whatever in it looks like an id
        if not self._whole:
            self._head_timer = self._surroundings.loop().call_later(HELD_HEAD_SECONDS, self._begin_late)

    def on_body(self, data: bytes) -> None:
        """A piece of the answer."""
        if self._whole:
            self._size += len(data)
            most = _LARGEST.get(self._call.kind, LARGEST_WHOLE)
            if self._size > most:
                self.on_fault(Fault("upstream_too_large", f"{self._target.name} sent more than {most} bytes in one answer."))
                self._drop_line()
            elif self.reply.status < 400 or self._size <= LARGEST_ERROR:  # noqa: PLR2004 - HTTP's own number
                self._pieces.append(data)
            return
        relay = self._relay
        seen = relay.pieces
        out = relay.feed(data)
        if out:
            self._push(out, relay.pieces - seen)
        if relay.fault is not None:
            self._drop_line()
            self._stream_over(relay.fault)
        elif relay.began and not self._begun:
            self._tell_began()
            self._begin()
        elif self._late and relay.began:
            self._tell_began()

    def on_done(self) -> None:
        """The upstream's body is complete."""
        if self._done:
            return
        if self.reply.status >= 300 or self.reply.status < 200:  # noqa: PLR2004 - HTTP's own numbers
            self._refused()
        elif self._whole:
            self._whole_over()
        else:
            tail = self._relay.close()
            if tail:
                self._push(tail, 0)
            self._stream_over(self._relay.fault)

    def on_fault(self, fault: Fault) -> None:
        """The upstream or the way to it failed."""
        if not self._done:
            self._stream_over(fault)

    # ── Source: the reply calls these ────────────────────────────────────────────────────────────────────────────────────

    def pause(self) -> None:
        """The caller is slow."""
        if self.line is not None and not self._done:
            self.line.pause()

    def resume(self) -> None:
        """The caller takes more."""
        if self.line is not None and not self._done:
            self.line.resume()

    def cancel(self) -> None:
        """Nobody wants the answer any more: stop it, so that nothing more is paid for."""
        self._drop_line()
        self.over(Fault("abandoned", "The answer was no longer wanted."))

    # ── Endings ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def over(self, fault: Fault | None) -> None:
        """Close the attempt's account. Only the first call counts."""
        if self._done:
            return
        self._done = True
        self._stop_timer()
        self._call.tally.progress = None
        tried, surroundings = self._tried, self._surroundings
        tried.end_at = self._now_ms()
        if fault is not None:
            fault.told_of(self._target.provider)
            tried.fault = fault.code
            tried.detail = fault.detail
            tried.request_id = surroundings.interpreter.request_id(self._head, self._target.hidden)
        self._account.settle(tried, fault, self._gathered)
        surroundings.health.ended(self._target, self._of_health(fault), self._to_first_content())
        if self._dispatch is not None:
            self._dispatch.ended(fault, self._relay.usage)

    def _of_health(self, fault: Fault | None) -> Fault | None:
        """What an ending says of the target. The right to count is one of its own: who lacks it may be answered all the same, or not."""
        if fault is not None and self._call.kind is Kind.COUNT_TOKENS and fault.code == "upstream_credentials":
            return Fault("abandoned", "It was refused to count, which is neither for nor against the target.")
        return fault

    def _to_first_content(self) -> float | None:
        """Seconds; those waited so far where there was none. None of a whole answer: how long that takes is a matter of its length."""
        if self._whole or self._raw:
            return None
        return (self._first_at or self._surroundings.clock.now()) - self._started_at

    def so_far(self) -> SoFar:
        """What would have to be paid if it ended now."""
        return self._account.so_far(self._gathered)

    @property
    def _gathered(self) -> int | None:
        """Bytes of a whole answer so far."""
        return self._size if self._whole else None

    def _refused(self) -> None:
        """The upstream answered with an error of its own."""
        reply = self.reply
        body = b"".join(self._pieces)
        target = self._target
        fault = self._surroundings.interpreter.read_fault(
            target.dialect, reply.status, reply.headers, body, secrets=target.hidden
        )
        if self._sealing is not None:
            self._sealing.tell(fault)
        self._raise(fault)

    def _whole_over(self) -> None:
        relay = self._relay
        out = relay.feed(b"".join(self._pieces)) + relay.close()
        if relay.fault is not None:
            self._raise(relay.fault)
            return
        self.reply.push(Frame(out if self._sealing is None else self._sealing(out)))
        self._finished()

    def _finished(self) -> None:
        self.over(None)
        self.reply.finish(Outcome(Ending.FINISHED, self.reply.status))
        self._begin()

    def _stream_over(self, fault: Fault | None) -> None:
        if fault is None:
            self._finished()
        elif not self._begun:
            self._raise(fault)
        else:
            fault.told_of(self._target.provider)
            partial = self.reply.partial
            if partial is not None and partial.fits and partial.size and fault.row.blame is Blame.UPSTREAM:
                partial.last_words = lambda: self._relay.fail(fault, self._call.id)
            elif last_words := self._relay.fail(fault, self._call.id):
                self.reply.push(Frame(last_words, 0))
            self.over(fault)
            ending = Ending.CANCELLED if fault.kind is FaultClass.UNFIT else Ending.SEVERED
            self.reply.finish(Outcome(ending, self.reply.status, fault.code, fault.detail))

    def _raise(self, fault: Fault) -> None:
        self.over(fault)
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_exception(fault)
        else:
            self._early = fault

    def _begin(self) -> None:
        self._begun = True
        self._stop_timer()
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _begin_late(self) -> None:
        """The caller is to wait for the head no longer."""
        self._late = True
        self._begin()

    def _tell_began(self) -> None:
        self._late = False
        self._first_at = self._surroundings.clock.now()
        if self._dispatch is not None:
            self._dispatch.began()

    def _push(self, raw: bytes, pieces: int) -> None:
        self.reply.push(Frame(raw if self._sealing is None else self._sealing(raw), pieces))
        if self.reply.waiting > LARGEST_WAITING:
            self.pause()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _drop_line(self) -> None:
        if self.line is not None:
            self.line.cancel()

    def _now_ms(self) -> float:
        return milliseconds(self._surroundings.clock.now() - self._call.began)
