"""The pool of shadows: bounded, of the lowest priority, and the first to be shed. A shadow begins when its caller has the answer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from headworks.domain.body import Whole
from headworks.domain.call import Call, Tally
from headworks.domain.ending import Closing, Complain
from headworks.domain.envelope import Priority
from headworks.domain.errors import Fault
from headworks.domain.exchange import milliseconds
from headworks.domain.gauges import ShadowGauges
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.principal import Principal
from headworks.domain.reply import Frame, Reply
from headworks.domain.shadow import PURPOSE, Answered, told
from headworks.domain.snapshot import ShadowSettings
from headworks.domain.versions import Assignment
from headworks.ports.clock import Clock
from headworks.ports.interpreter import Interpreter

LARGEST = 262_144
"""Bytes of an answer that is compared; of a longer one the text is not."""
_LEFT_OUT = frozenset((b"idempotency-key", b"x-request-id", b"traceparent", b"tracestate"))
_FRESH = {b"x-headworks-cache": b"no-store"}

Serve = Callable[[Call], Awaitable[Reply]]


class Shadows:
    """One per process. `serve_with` gives it the journey, which is made later."""

    def __init__(self, interpreter: Interpreter, clock: Clock, new_id: Callable[[], str], complain: Complain) -> None:
        self._interpreter = interpreter
        self._clock = clock
        self._new_id = new_id
        self._complain = complain
        self._serve: Serve | None = None
        self._waiting: deque[tuple[Call, Answered]] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._dropped = 0
        self._closed = False

    def serve_with(self, serve: Serve) -> None:
        """From now on shadows take this way: the one that all calls take."""
        self._serve = serve

    def watch(self, call: Call, reply: Reply) -> None:
        """See this answer go by, and when it has been given ask `call.shadow` for another one."""
        heard = _Heard()
        reply.tap(heard)
        call.closing.settle(partial(self._cast, call, heard))

    def gauges(self) -> ShadowGauges:
        """How many there are."""
        return ShadowGauges(running=len(self._running), waiting=len(self._waiting), dropped=self._dropped)

    async def aclose(self) -> None:
        """Give up all of them."""
        self._closed = True
        self._waiting.clear()
        running = tuple(self._running)
        for task in running:
            task.cancel("draining")
        await asyncio.gather(*running, return_exceptions=True)

    def _cast(self, call: Call, heard: _Heard, outcome: Outcome) -> None:
        if self._closed or outcome.ending is not Ending.FINISHED or call.shadow is None:
            return
        settings = call.snapshot.shadows
        if len(self._running) + len(self._waiting) >= settings.concurrent + settings.waiting:
            self._dropped += 1
            return
        receipt = call.tally.receipt
        primary = Answered(outcome.status, self._since(call), receipt.usage, self._text(call, heard))
        self._waiting.append((self._child(call, call.shadow, settings), primary))
        self._pump(settings)

    def _pump(self, settings: ShadowSettings) -> None:
        while self._waiting and len(self._running) < settings.concurrent:
            task = asyncio.create_task(self._run(*self._waiting.popleft()), name="shadow")
            self._running.add(task)
            task.add_done_callback(partial(self._over, settings))

    def _over(self, settings: ShadowSettings, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (trouble := task.exception()) is not None:
            self._complain(trouble)
        self._pump(settings)

    async def _run(self, call: Call, primary: Answered) -> None:
        assert self._serve is not None
        now = self._clock.now()
        call = msgspec.structs.replace(call, at=self._clock.wall_ns(), began=now)
        heard = _Heard()
        call.tally.concluding = partial(self._compare, call, primary, heard)
        try:
            reply = await self._serve(call)
        except Fault:
            return  # its record says so
        reply.start(heard)
        try:
            await heard.over.wait()
        except asyncio.CancelledError:
            reply.abandon(Outcome(Ending.CANCELLED, 503, "draining"))
            raise

    def _compare(self, call: Call, primary: Answered, heard: _Heard, outcome: Outcome) -> None:
        tried = call.tally.tried
        usage = tried[-1].usage if tried else primary.usage
        text = self._text(call, heard) if outcome.ending is Ending.FINISHED else None
        call.tally.notes |= told(primary, Answered(outcome.status, self._since(call), usage, text))

    def _text(self, call: Call, heard: _Heard) -> str | None:
        latest = call.tally.latest or call
        stream = latest.ask is not None and latest.ask.stream
        return self._interpreter.answer_text(call.front, heard.bytes, stream=stream) if heard.bytes else None

    def _since(self, call: Call) -> float:
        return milliseconds(self._clock.now() - call.began)

    def _child(self, call: Call, shadow: Assignment, settings: ShadowSettings) -> Call:
        """The same question to another version, as nobody's but our own."""
        assert call.principal is not None
        return Call(
            id=self._new_id(),
            at=call.at,
            began=call.began,
            kind=call.kind,
            front=call.front,
            headers={**{name: value for name, value in call.headers.items() if name not in _LEFT_OUT}, **_FRESH},
            body=Whole(call.body.data),
            snapshot=call.snapshot,
            tally=Tally(),
            closing=Closing(self._complain),
            where=call.where,
            principal=_own(call.principal, settings),
            assignment=shadow,
            parent=call.id,
            purpose=PURPOSE,
            payer=PURPOSE,
            depth=call.depth + 1,
        )


class _Heard:
    """What has been said so far: a tap, and a sink."""

    __slots__ = ("_pieces", "_size", "over")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self.over = asyncio.Event()

    def __call__(self, frame: Frame) -> None:
        """One more frame; none of them once they are too many."""
        self._size += len(frame.raw)
        if self._size <= LARGEST:
            self._pieces.append(frame.raw)
        else:
            self._pieces.clear()

    on_frame = __call__

    def on_end(self, outcome: Outcome) -> None:  # noqa: ARG002 - its record says how
        """See `Sink.on_end`."""
        self.over.set()

    @property
    def bytes(self) -> bytes:
        """All of it; empty where that was too much."""
        return b"".join(self._pieces)


def _own(principal: Principal, settings: ShadowSettings) -> Principal:
    """Who asks: allowed what the caller is allowed, in the caller's house, but at nobody's cost there."""
    return msgspec.structs.replace(
        principal,
        id=PURPOSE,
        name=PURPOSE,
        team="",
        project="",
        user="",
        organisation=principal.tenant,
        lineage=(),
        limits=settings.limits,
        soft_budgets=settings.soft_budgets,
        priority=Priority.SHEDDABLE,
    )
