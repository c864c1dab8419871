"""The receiver of one conversation in real time: bytes both ways, and the account of it.

It begins when the upstream has switched protocols; until then whatever goes wrong is raised, so that it can be tried elsewhere. After each
answer as much again is set aside as another may cost; where a limit does not allow that, the conversation ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from headworks.domain.call import Call
from headworks.domain.call import Progress as SoFar
from headworks.domain.errors import Fault, FaultClass
from headworks.domain.exchange import milliseconds
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Frame, HeaderList, Reply
from headworks.domain.target import Target, Tried
from headworks.domain.usage import NO_USAGE, Certainty, Usage
from headworks.journey.outgoing import opening
from headworks.journey.trial import LARGEST_ERROR, Surroundings
from headworks.ports.conversation import Opening, Passed
from headworks.ports.upstream import SwitchedLine, Upstream

SWITCHING = 101
PING_SECONDS = 20.0
"""Below the half minute after which impatient proxies give a silent connection up."""
PER_NANO = 1_000_000
ASK_AGAIN = 1.0
"""Seconds until counters that could not be asked are asked once more."""
ASKED = 10
"""Times. An answer more than was used is covered meanwhile, and a voice must not be cut off because a server was slow to say so."""


async def converse(call: Call, target: Target, tried: Tried, upstream: Upstream, surroundings: Surroundings) -> Reply:
    """One try of a conversation: the reply once the upstream has switched. Raises `Fault` where it did not."""
    judge, ask, interpreter = call.tally.judge, call.ask, surroundings.interpreter
    assert judge is not None
    assert ask is not None
    asked = interpreter.converse(call.front, call.id, ask.model, partial(judge, call), call.cap)
    session = Session(call, target, tried, asked, surroundings)
    try:
        session.line = await upstream.switch(opening(call, target, interpreter, asked.lines), session)
        await session.begun()
    except Fault as fault:
        session.over(fault)
        raise
    except BaseException:
        session.cancel()
        raise
    tried.served = True
    return session.reply


class Session:
    """One per attempt; a `Receiver` to the transport and the `Duplex` of its reply. Ends exactly once, in `over`."""

    def __init__(self, call: Call, target: Target, tried: Tried, opening: Opening, surroundings: Surroundings) -> None:
        self._call = call
        self._target = target
        self._tried = tried
        self._opening = opening
        self._talk = opening.conversation
        self._surroundings = surroundings
        self._began: asyncio.Future[None] = surroundings.loop().create_future()
        self._answers = 0
        self._switched = False
        self._done = False
        self._head: HeaderList = []
        self._refusal: list[bytes] = []
        self._pinging: asyncio.TimerHandle | None = None
        self._prolonging: asyncio.Task[None] | None = None
        self.line: SwitchedLine | None = None
        self.reply = Reply(SWITCHING, [], self, stream=True)
        self.reply.duplex = self
        call.tally.replies.append(self.reply)
        call.tally.progress = self.so_far
        surroundings.health.began(target)
        if call.dispatch is not None:
            call.dispatch.sent()

    async def begun(self) -> None:
        """Wait until the upstream has switched. Raises the `Fault` where it did not."""
        await self._began

    # ── Receiver: the transport calls these ──────────────────────────────────────────────────────────────────────────────

    def on_sent(self) -> None:
        """The request leaves."""
        self._tried.sent = True

    def on_head(self, status: int, headers: HeaderList) -> None:
        """The upstream has answered something."""
        self._tried.status = status
        self._tried.head_at = self._now_ms()
        self._head = headers
        if status != SWITCHING:
            self.reply.status = status
        elif dict(headers).get(b"sec-websocket-accept") != self._opening.accept:
            self._fail(Fault("upstream_garbage", "The upstream switched protocols without having understood what was asked."))
        elif not self._began.done():  # it is, where the client has gone this very moment
            self._switched = True
            self._pinging = self._surroundings.loop().call_later(PING_SECONDS, self._ping)
            self._began.set_result(None)

    def on_body(self, data: bytes) -> None:
        """Its bytes, or a piece of its refusal."""
        if self.reply.status == SWITCHING:
            self._deliver(self._talk.from_upstream(data))
        elif sum(map(len, self._refusal)) < LARGEST_ERROR:
            self._refusal.append(data)

    def on_done(self) -> None:
        """It has closed the connection, or its refusal is complete."""
        if self.reply.status == SWITCHING:
            self.on_fault(Fault("severed", "The model's provider closed the connection without a word. Try again."))
        else:
            self._fail(self._refused())

    def on_fault(self, fault: Fault) -> None:
        """The upstream or the way to it failed."""
        if self._done:
            return
        if not self._switched:
            self._fail(fault)
            return
        fault.told_of(self._target.provider)
        self._deliver(self._talk.end(fault, self._call.id))

    # ── Duplex: the edge calls these ─────────────────────────────────────────────────────────────────────────────────────

    def feed(self, data: bytes) -> None:
        """The client's bytes."""
        if not self._done:
            self._deliver(self._talk.from_client(data))

    def on_slow(self, step: Callable[[bool], None]) -> None:
        """Whether the upstream keeps up."""
        if self.line is not None:
            self.line.on_slow(step)

    def pause(self) -> None:
        """The client is slow."""
        if self.line is not None and not self._done:
            self.line.pause()

    def resume(self) -> None:
        """The client takes more."""
        if self.line is not None and not self._done:
            self.line.resume()

    def cancel(self) -> None:
        """The gateway will not go on, or the client has gone."""
        if self._switched and not self._done:
            fault = Fault("draining", "The gateway is stopping. Try again: another instance will answer.")
            passed = self._talk.end(fault, self._call.id)
            self.reply.push(Frame(passed.to_client, 0))
            self._send(passed.to_upstream)
        self.over(Fault("abandoned", "The conversation was no longer wanted."))

    # ── Endings ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def over(self, fault: Fault | None) -> None:
        """Close the attempt's account. Only the first call counts."""
        if self._done:
            return
        self._done = True
        if self._pinging is not None:
            self._pinging.cancel()
        if self._prolonging is not None:
            self._prolonging.cancel()
        if self.line is not None:
            self.line.cancel()
        self._call.tally.progress = None
        tried, surroundings = self._tried, self._surroundings
        tried.end_at = self._now_ms()
        if fault is not None:
            fault.told_of(self._target.provider)
            tried.fault, tried.detail = fault.code, fault.detail
            tried.request_id = surroundings.interpreter.request_id(self._head, self._target.hidden)
        self._account()
        blamed = fault if fault is not None and fault.kind not in (FaultClass.REFUSED, FaultClass.CLIENT_GONE) else None
        surroundings.health.ended(self._target, blamed, None)
        if self._call.dispatch is not None:
            self._call.dispatch.ended(blamed, None)

    def so_far(self) -> SoFar:
        """What would have to be paid if it ended now."""
        usage, certainty = self._used()
        card = self._target.price
        return SoFar(usage, certainty, card.exact(usage) if card is not None else 0)

    def _account(self) -> None:
        tried = self._tried
        tried.served_model, tried.upstream_id = self._talk.served_model, self._talk.upstream_id
        so_far = self.so_far()
        tried.usage, tried.certainty, tried.cost_exact = so_far.usage, so_far.certainty, so_far.cost_exact
        if self._target.price is not None:
            tried.currency = self._target.price.currency
        if self._switched:
            self._call.tally.notes["answers"] = str(self._talk.answers)

    def _used(self) -> tuple[Usage, Certainty]:
        """As reported, and what answers have cost that did not end."""
        unended = self._talk.unended()
        if unended == NO_USAGE:
            return self._talk.usage, Certainty.REPORTED
        return self._talk.usage + unended, Certainty.ESTIMATED

    # ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _deliver(self, passed: Passed) -> None:
        """To either side what is its; then look what has changed."""
        self._send(passed.to_upstream)
        talk = self._talk
        if passed.to_client:
            self.reply.push(Frame(passed.to_client, 1))
        if self._done:
            return
        if talk.over:
            self._finish(talk.fault)
        elif talk.answers > self._answers:
            self._answers = talk.answers
            self._set_aside()

    def _send(self, data: bytes) -> None:
        if data and self.line is not None:
            self.line.send(data)

    def _finish(self, fault: Fault | None) -> None:
        self.over(fault)
        if fault is None:
            outcome = Outcome(Ending.FINISHED, SWITCHING)
        else:
            ending = Ending.CANCELLED if fault.kind in (FaultClass.REFUSED, FaultClass.UNFIT) else Ending.SEVERED
            outcome = Outcome(ending, SWITCHING, fault.code, fault.detail)
        self.reply.finish(outcome)

    def _set_aside(self) -> None:
        """For the next answer. One that has begun meanwhile is let finish: it is in flight, as every request may be."""
        prolong = self._call.tally.prolong
        if prolong is not None and (self._prolonging is None or self._prolonging.done()):
            self._prolonging = self._surroundings.loop().create_task(self._prolong(), name="set aside for a conversation")

    async def _prolong(self) -> None:
        seen = -1
        while seen != self._talk.answers and not self._done:
            seen = self._talk.answers
            try:
                await self._hold_more()
            except Fault as refused:
                self._cut_off(refused)
            except Exception:
                self._cut_off(Fault("internal_error", f"The gateway failed. Tell its operator the request id {self._call.id}."))
                raise

    async def _hold_more(self) -> None:
        """As much as was used, and an answer more. Raises `Fault`."""
        for left in reversed(range(ASKED)):
            prolong, so_far = self._call.tally.prolong, self.so_far()
            if prolong is None:
                return
            try:
                await prolong(so_far.usage, -(-so_far.cost_exact // PER_NANO))
            except Fault as fault:
                if fault.code != "counters_unavailable" or not left:
                    raise
                await self._surroundings.clock.sleep(ASK_AGAIN)
            else:
                return

    def _cut_off(self, fault: Fault) -> None:
        if not self._done:
            self._prolonging = None  # this is it: it ends by itself
            self._deliver(self._talk.end(fault, self._call.id))

    def _ping(self) -> None:
        if not self._done:
            self._deliver(self._talk.ping())
            self._pinging = self._surroundings.loop().call_later(PING_SECONDS, self._ping)

    def _refused(self) -> Fault:
        target = self._target
        return self._surroundings.interpreter.read_fault(
            target.dialect, self.reply.status, self._head, b"".join(self._refusal), secrets=target.hidden
        )

    def _fail(self, fault: Fault) -> None:
        """Before it began: another target may do better."""
        if self._done:
            return
        self.over(fault)
        if not self._began.done():
            self._began.set_exception(fault)

    def _now_ms(self) -> float:
        return milliseconds(self._surroundings.clock.now() - self._call.began)
