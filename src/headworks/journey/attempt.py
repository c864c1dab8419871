"""One try of one target: prepare, send, and hand the answer on as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from headworks.domain.call import Ask, Call, Kind, Tally
from headworks.domain.errors import Fault
from headworks.domain.exchange import milliseconds
from headworks.domain.message import Downgrade
from headworks.domain.outcome import Outcome
from headworks.domain.partial import Partial
from headworks.domain.reply import Reply
from headworks.domain.target import Target, Tried
from headworks.journey.continuation import may_continue
from headworks.journey.keeping import Keeper
from headworks.journey.outgoing import outgoing
from headworks.journey.said_in_body import said_in_body
from headworks.journey.sealing import kept_here, sealing_of
from headworks.journey.session import converse
from headworks.journey.trial import Surroundings, Trial
from headworks.ports.balancing import Health
from headworks.ports.clock import Clock
from headworks.ports.foreign import ForeignIds
from headworks.ports.interpreter import Interpreter, Prepared
from headworks.ports.responses import Responses
from headworks.ports.stage import Proceed
from headworks.ports.upstream import Upstream

_REFUSALS = frozenset(("upstream_rejected", "upstream_credentials"))
"""After which a count is estimated: some models cannot be counted for, and some credentials may ask but not count."""


class Attempt:
    """The last stage. Returns once the answer has begun; raises a `Fault` where none did, so that Route may try elsewhere."""

    def __init__(
        self, upstream: Upstream, interpreter: Interpreter, health: Health, clock: Clock, ids: ForeignIds, responses: Responses
    ) -> None:
        self._upstream = upstream
        self._interpreter = interpreter
        self._surroundings = Surroundings(interpreter, health, clock)
        self._clock = clock
        self._ids = ids
        self._responses = responses

    async def __call__(self, call: Call, proceed: Proceed) -> Reply:  # noqa: ARG002 - the last stage proceeds nowhere
        """One try of `call.target`."""
        target, ask = call.target, call.ask
        assert target is not None
        assert ask is not None
        tally = call.tally
        tally.downgrades = []
        if call.kind is Kind.REALTIME:
            return await converse(call, target, self._try(call, target), self._upstream, self._surroundings)
        ask, prepared = self._prepared(call, ask, target)
        if prepared.answer:
            return _own_answer(prepared.answer)
        tried = self._try(call, target)
        sealing = sealing_of(call, target, self._ids, prepared.relay)
        trial = Trial(call, target, tried, prepared.relay, self._surroundings, sealing)
        trial.reply.partial = ask.partial
        try:
            trial.line = await self._upstream.open(outgoing(call, target, self._interpreter, prepared), trial)
            await trial.begun()
        except Fault as fault:
            trial.over(fault)
            if prepared.instead and fault.code in _REFUSALS:
                tally.downgrades.append("count: estimated: the target refused to count")
                return _own_answer(prepared.instead)
            raise
        except asyncio.CancelledError:
            # The caller pays for what an upstream was already asked to do.
            tried.served = tried.sent
            trial.cancel()
            raise
        except BaseException:
            trial.cancel()
            raise
        tried.served = True
        if prepared.losses is not None:
            trial.reply.on_end(partial(_tell_losses, tally, prepared.losses))
        if sealing is not None and sealing.token:
            Keeper(call, ask, sealing.token, self._responses).watch(trial.reply)
        return trial.reply

    def _prepared(self, call: Call, ask: Ask, target: Target) -> tuple[Ask, Prepared]:
        """The question as this target is asked it, and what of it could not be said there."""
        tally = call.tally
        if ask.partial is None and call.plan is not None and call.plan.model.continuation is not None and may_continue(call):
            ask = msgspec.structs.replace(ask, partial=Partial())
        if target.dialect != call.front or ask.partial is not None:
            ask = msgspec.structs.replace(ask, asked_at=call.at // 1_000_000_000, answer_id=call.id, began=call.began)
        if target.body is not None and target.body.headers and target.dialect == call.front:
            ask, tally.downgrades = said_in_body(ask, call.headers, target)
        if ask.keep and kept_here(call, target):
            ask = msgspec.structs.replace(ask, keep=False)
        prepared = self._interpreter.prepare(call.front, call.kind, ask, call.body.data, target, call.cap)
        tally.downgrades += [f"{downgrade.path}: {downgrade.what}" for downgrade in prepared.downgrades]
        return ask, prepared

    def _try(self, call: Call, target: Target) -> Tried:
        """A new line of the tally."""
        tried = Tried(
            target=target.name,
            provider=target.provider,
            model=target.model,
            at=milliseconds(self._clock.now() - call.began),
            why=call.tally.notes.pop("why", ""),
        )
        call.tally.tried.append(tried)
        return tried


def _own_answer(body: bytes) -> Reply:
    return Reply.of(200, [(b"content-type", b"application/json")], body)


def _tell_losses(tally: Tally, losses: Callable[[], Sequence[Downgrade]], _outcome: Outcome) -> None:
    """What the answer held that its language cannot say is known at its end."""
    tally.downgrades += [f"{loss.path}: {loss.what}" for loss in losses()]
