"""An answer that breaks off in its midst is gone on with by another target, in the same stream."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from headworks.domain.body import Replay
from headworks.domain.call import Call
from headworks.domain.errors import Fault
from headworks.domain.kind import Kind
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.partial import Partial
from headworks.domain.plan import Plan
from headworks.domain.reply import Frame, Reply
from headworks.domain.where import Form
from headworks.ports.balancing import Balancer, Health, RetryBudget
from headworks.ports.stage import Proceed

LARGEST_WAITING = 262_144
"""Bytes that may wait for the edge before an attempt is paused."""
COMMENT = Frame(b": headworks: continued by another target\n\n", 0)
"""Clients of event streams pass comments over."""
_HINDRANCES = frozenset(("json_schema", "logprobs", "audio_out", "reasoning"))
"""What an answer is asked for that nobody else could take up in its midst."""
Again = Callable[[Partial], Awaitable[Reply]]


def may_continue(call: Call) -> bool:
    """Whether another target could take up the answer: one streamed chat of text, that no provider keeps."""
    ask = call.ask
    return (
        ask is not None
        and ask.stream
        and not ask.keep
        and ask.choices == 1
        and call.kind is Kind.CHAT
        and ask.native is None
        and call.body.replay is not Replay.LIVE
        and call.passed is call.kept is call.pinned is None
        and not (call.opened or call.purpose)
        and not ask.features & _HINDRANCES
    )


class Continuations:
    """Those of one gateway process."""

    def __init__(self, balancer: Balancer, health: Health, budget: RetryBudget) -> None:
        self._balancer = balancer
        self._health = health
        self._budget = budget

    def watch(self, call: Call, plan: Plan, reply: Reply, proceed: Proceed) -> Reply:
        """The same reply, or one that goes on where it breaks off."""
        if reply.partial is None:
            return reply

        async def again(partial: Partial) -> Reply:
            return await proceed(self._elsewhere(call, plan, partial))

        joined = _Joined(call, plan, reply, reply.partial, again).reply
        known = call.tally.replies
        known[known.index(reply)] = joined
        return joined

    def _elsewhere(self, call: Call, plan: Plan, partial: Partial) -> Call:
        """Raises `Fault` where nobody can go on."""
        assert call.ask is not None
        failed = {line.target for line in call.tally.tried}
        able = [
            target
            for target in plan.targets
            if target.quirks.prefill and target.name not in failed and self._health.available(target)
        ]
        if not able or not self._budget.withdraw():
            raise Fault("severed", "Nobody could go on with the answer.")
        choice = self._balancer.choose(call, plan, able)
        last = call.tally.tried[-1]
        call.tally.notes["why"] = f"continuation after {last.fault} at {last.target}: {partial.size} characters had been told"
        call.tally.notes["continued"] = str(partial.times)
        ask = msgspec.structs.replace(call.ask, partial=partial)
        return msgspec.structs.replace(call, ask=ask, plan=plan, target=choice.target, dispatch=choice.dispatch)


class _Joined:
    """The source of one reply, and the sink of the attempts at it, one after the other."""

    def __init__(self, call: Call, plan: Plan, first: Reply, partial: Partial, again: Again) -> None:
        assert plan.model.continuation is not None
        self._left = plan.model.continuation.most
        self._events = call.ask is not None and call.ask.form is Form.ASKED
        self._tally = call.tally
        self._partial = partial
        self._again = again
        self._attempt = first
        self._going: asyncio.Task[None] | None = None
        self._started = self._over = False
        self.reply = Reply(first.status, first.headers, self, stream=True)

    # ── Source: the reply calls these ────────────────────────────────────────────────────────────────────────────────────

    def pause(self) -> None:
        """The caller is slow."""
        self._attempt.source.pause()

    def resume(self) -> None:
        """The caller takes more."""
        if self._started:
            self._attempt.source.resume()
        else:
            self._started = True
            self._attempt.start(self)

    def cancel(self) -> None:
        """Nobody wants the answer any more. An attempt that has not begun is known to the tally alone, and must be settled by now."""
        self._over = True
        unwanted = Outcome(Ending.CANCELLED, self.reply.status, "", "the answer was no longer wanted")
        self._attempt.abandon(unwanted)
        self._tally.abandon_all_but(self.reply, unwanted)
        if self._going is not None:
            self._going.cancel()

    # ── Sink: the attempts call these ────────────────────────────────────────────────────────────────────────────────────

    def on_frame(self, frame: Frame) -> None:
        """More of the answer."""
        self.reply.push(frame)
        if self.reply.waiting > LARGEST_WAITING:
            self.pause()

    def on_end(self, outcome: Outcome) -> None:
        """An attempt is over. One that broke off without a word is gone on with, or its last words are said."""
        if self._over:
            return
        if outcome.ending is not Ending.SEVERED or self._partial.last_words is None:
            self._finish(outcome)
        elif self._left:
            self._left -= 1
            self._partial.times += 1
            self._going = asyncio.ensure_future(self._go_on(outcome))
        else:
            self._give_up(outcome)

    async def _go_on(self, broken: Outcome) -> None:
        said, self._partial.last_words = self._partial.last_words, None
        try:
            attempt = await self._again(self._partial)
        except Fault:
            self._partial.last_words = said
            self._give_up(broken)
            return
        if self._events:
            self.reply.push(COMMENT)
        self._attempt = attempt
        attempt.start(self)

    def _give_up(self, outcome: Outcome) -> None:
        assert self._partial.last_words is not None
        last_words = self._partial.last_words()
        if last_words:
            self.reply.push(Frame(last_words, 0))
        self._finish(outcome)

    def _finish(self, outcome: Outcome) -> None:
        self._over = True
        self._partial.last_words = None
        self._going = None
        self.reply.finish(outcome)
