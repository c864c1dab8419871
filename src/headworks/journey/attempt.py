"""One try of one target: prepare, send, and hand the answer on as it comes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import quote, urlencode

import msgspec

from headworks.domain.call import Call, Tally
from headworks.domain.errors import Fault
from headworks.domain.exchange import milliseconds
from headworks.domain.kind import BY_ID
from headworks.domain.message import Downgrade
from headworks.domain.outcome import Outcome
from headworks.domain.reply import Reply
from headworks.domain.target import Target, Tried
from headworks.journey.keeping import Keeper
from headworks.journey.said_in_body import said_in_body
from headworks.journey.sealing import kept_here, sealing_of
from headworks.journey.trial import Surroundings, Trial
from headworks.ports.balancing import Health
from headworks.ports.clock import Clock
from headworks.ports.foreign import ForeignIds
from headworks.ports.interpreter import Interpreter, Prepared
from headworks.ports.responses import Responses
from headworks.ports.stage import Proceed
from headworks.ports.upstream import Outgoing, Upstream

_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}").fullmatch
"""W3C Trace Context: anything else is not passed on."""


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
        if target.dialect != call.front:
            ask = msgspec.structs.replace(ask, asked_at=call.at // 1_000_000_000)
        tally = call.tally
        tally.downgrades = []
        if target.body is not None and target.body.headers and target.dialect == call.front:
            ask, tally.downgrades = said_in_body(ask, call.headers, target)
        if ask.keep and kept_here(call, target):
            ask = msgspec.structs.replace(ask, keep=False)
        prepared = self._interpreter.prepare(call.front, call.kind, ask, call.body.data, target, call.cap)
        tally.downgrades += [f"{downgrade.path}: {downgrade.what}" for downgrade in prepared.downgrades]
        if prepared.answer:
            return Reply.of(200, [(b"content-type", b"application/json")], prepared.answer)
        tried = Tried(
            target=target.name,
            provider=target.provider,
            model=target.model,
            at=milliseconds(self._clock.now() - call.began),
            why=tally.notes.pop("why", ""),
        )
        tally.tried.append(tried)
        sealing = sealing_of(call, target, self._ids, prepared.relay)
        trial = Trial(call, target, tried, prepared.relay, self._surroundings, sealing)
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
        if prepared.losses is not None:
            trial.reply.on_end(partial(_tell_losses, tally, prepared.losses))
        if sealing is not None and sealing.token:
            Keeper(call, ask, sealing.token, self._responses).watch(trial.reply)
        return trial.reply

    def _outgoing(self, call: Call, target: Target, prepared: Prepared) -> Outgoing:
        headers = call.headers
        ask = call.ask
        streamed = target.stream_heads and ask is not None and ask.stream
        head = (target.stream_heads if streamed else target.heads)[call.kind]
        lines = [_about(head, call) if call.kind in BY_ID else head]
        forwarded = self._interpreter.forwarded(call.front, target)
        for name in forwarded:
            value = headers.get(name)
            if value is not None and (name != b"traceparent" or _TRACEPARENT(value)):
                lines.append(b"%b: %b\r\n" % (name, value))
        for name, value in target.default_headers.items():
            if name not in headers or name not in forwarded:
                lines.append(b"%b: %b\r\n" % (name, value))
        if target.signer is not None:
            lines.append(target.signer.sign(b"".join(lines), prepared.body))
        lines.append(b"x-request-id: %b\r\ncontent-length: %d\r\n\r\n" % (call.id.encode(), len(prepared.body)))
        return Outgoing(
            origin=target.origin,
            head=b"".join(lines),
            body=prepared.body,
            timeouts=target.timeouts,
            max_connections=target.max_connections,
        )


def _tell_losses(tally: Tally, losses: Callable[[], Sequence[Downgrade]], _outcome: Outcome) -> None:
    """What the answer held that its language cannot say is known at its end."""
    tally.downgrades += [f"{loss.path}: {loss.what}" for loss in losses()]


def _about(head: bytes, call: Call) -> bytes:
    """The head with the id of what the request is about, and the parameters that travel on."""
    line, newline, rest = head.partition(b"\r\n")
    line = line.replace(b"{id}", quote(call.opened[call.where.subject], safe="").encode())
    if call.where.query:
        path, space, version = line.rpartition(b" ")
        line = b"%b%b%b%b%b" % (path, b"&" if b"?" in path else b"?", urlencode(call.where.query).encode(), space, version)
    return line + newline + rest
