"""One try of one target: prepare, send, and hand the answer on as it comes."""

from __future__ import annotations

import asyncio
import re
from functools import partial

import msgspec

from headworks.domain.call import Ask, Call, Kind
from headworks.domain.errors import Fault
from headworks.domain.exchange import milliseconds
from headworks.domain.features import refuse_uses
from headworks.domain.reply import Reply
from headworks.domain.target import Target, Tried
from headworks.journey.said_in_body import said_in_body
from headworks.journey.session import Session
from headworks.journey.trial import Surroundings, Trial
from headworks.ports.balancing import Health
from headworks.ports.clock import Clock
from headworks.ports.interpreter import Interpreter, Prepared
from headworks.ports.stage import Proceed
from headworks.ports.upstream import Outgoing, Upstream

_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}").fullmatch
"""W3C Trace Context: anything else is not passed on."""


class Attempt:
    """The last stage. Returns once the answer has begun; raises a `Fault` where none did, so that Route may try elsewhere."""

    def __init__(self, upstream: Upstream, interpreter: Interpreter, health: Health, clock: Clock) -> None:
        self._upstream = upstream
        self._interpreter = interpreter
        self._surroundings = Surroundings(interpreter, health, clock)
        self._clock = clock

    async def __call__(self, call: Call, proceed: Proceed) -> Reply:  # noqa: ARG002 - the last stage proceeds nowhere
        """One try of `call.target`."""
        target, ask = call.target, call.ask
        assert target is not None
        assert ask is not None
        if target.dialect != call.front:
            ask = msgspec.structs.replace(ask, asked_at=call.at // 1_000_000_000)
        call.tally.downgrades = []
        if call.kind is Kind.REALTIME:
            return await self._converse(call, target)
        prepared = self._prepared(call, ask, target)
        if prepared.answer:
            return Reply.of(200, [(b"content-type", b"application/json")], prepared.answer)
        tried = self._try(call, target)
        trial = Trial(call, target, tried, prepared.relay, self._surroundings)
        try:
            trial.line = await self._upstream.open(self._outgoing(call, target, prepared), trial)
            await trial.begun()
        except Fault as fault:
            trial.over(fault)
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
        return trial.reply

    async def _converse(self, call: Call, target: Target) -> Reply:
        """One try of a conversation in real time."""
        principal = call.principal
        assert principal is not None
        opening = self._interpreter.converse(call.front, call.id, partial(refuse_uses, principal=principal), call.cap)
        session = Session(call, target, self._try(call, target), opening, self._surroundings)
        head = b"".join((*self._lines(call, target, b""), opening.lines, b"x-request-id: %b\r\n\r\n" % call.id.encode()))
        try:
            session.line = await self._upstream.switch(_outgoing(target, head, b""), session)
            await session.begun()
        except Fault as fault:
            session.over(fault)
            raise
        except BaseException:
            session.cancel()
            raise
        call.tally.tried[-1].served = True
        return session.reply

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

    def _prepared(self, call: Call, ask: Ask, target: Target) -> Prepared:
        tally = call.tally
        if target.body is not None and target.body.headers and target.dialect == call.front:
            ask, tally.downgrades = said_in_body(ask, call.headers, target)
        prepared = self._interpreter.prepare(call.front, call.kind, ask, call.body.data, target, call.cap)
        tally.downgrades += [f"{downgrade.path}: {downgrade.what}" for downgrade in prepared.downgrades]
        return prepared

    def _outgoing(self, call: Call, target: Target, prepared: Prepared) -> Outgoing:
        lines = self._lines(call, target, prepared.body)
        lines.append(b"x-request-id: %b\r\ncontent-length: %d\r\n\r\n" % (call.id.encode(), len(prepared.body)))
        return _outgoing(target, b"".join(lines), prepared.body)

    def _lines(self, call: Call, target: Target, body: bytes) -> list[bytes]:
        """The head as far as it does not depend on how the body is sent."""
        headers = call.headers
        ask = call.ask
        streamed = target.stream_heads and ask is not None and ask.stream
        lines = [(target.stream_heads if streamed else target.heads)[call.kind]]
        forwarded = self._interpreter.forwarded(call.front, target)
        for name in forwarded:
            value = headers.get(name)
            if value is not None and (name != b"traceparent" or _TRACEPARENT(value)):
                lines.append(b"%b: %b\r\n" % (name, value))
        for name, value in target.default_headers.items():
            if name not in headers or name not in forwarded:
                lines.append(b"%b: %b\r\n" % (name, value))
        if target.signer is not None:
            lines.append(target.signer.sign(b"".join(lines), body))
        return lines


def _outgoing(target: Target, head: bytes, body: bytes) -> Outgoing:
    return Outgoing(
        origin=target.origin, head=head, body=body, timeouts=target.timeouts, max_connections=target.max_connections
    )
