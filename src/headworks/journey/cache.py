"""Answers that are known already: exact repeats where the operator wants that, and requests that carry an Idempotency-Key."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable

from headworks.domain.call import Call, Kind
from headworks.domain.errors import Fault
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Frame, Reply
from headworks.ports.interpreter import Interpreter
from headworks.ports.stage import Proceed
from headworks.ports.stores import Answer, Answers, Replays

KEEPABLE = 1_048_576
"""Bytes of an answer beyond which it is not remembered."""
LONGEST_KEY = 255
_TRACING = frozenset((b"traceparent", b"tracestate"))
_REMEMBERED = frozenset((Kind.CHAT, Kind.COMPLETIONS, Kind.EMBEDDINGS))


class Cache:
    """Remembered answers belong to one principal: they never cross from one caller to another."""

    def __init__(self, answers: Answers, replays: Replays, interpreter: Interpreter) -> None:
        self._answers = answers
        self._replays = replays
        self._interpreter = interpreter

    def __call__(self, call: Call, proceed: Proceed) -> Awaitable[Reply]:
        """Answer from memory, or proceed and remember."""
        token = call.headers.get(b"idempotency-key")
        if token is not None and call.kind in _REMEMBERED:
            return self._idempotent(call, token, proceed)
        if _exact(call):
            return self._cached(call, proceed)
        return proceed(call)

    async def _idempotent(self, call: Call, token: bytes, proceed: Proceed) -> Reply:
        if len(token) > LONGEST_KEY:
            raise Fault(
                "invalid_request",
                f"An Idempotency-Key may have at most {LONGEST_KEY} bytes; this one has {len(token)}. Send a shorter one.",
            )
        key = _digest(call, b"", token)  # not the configuration's: a key outlives an edit of it
        kept = self._replays.claim(key, hashlib.sha256(call.body.data).digest())
        if kept is not None:
            call.tally.cache = "replay"
            return _again(kept, (b"idempotent-replayed", b"true"))
        captured = _Captured()

        def conclude(outcome: Outcome) -> None:
            answer = captured.answer(outcome)
            if answer is not None and call.snapshot.cache.zero_retention:
                self._replays.note(key)
            else:
                self._replays.keep(key, answer)

        call.closing.settle(conclude)
        return captured.on(await proceed(call))

    async def _cached(self, call: Call, proceed: Proceed) -> Reply:
        key = _digest(call, call.snapshot.revision.encode(), _places(call), self._forwarded(call), call.body.data)
        kept = self._answers.get(key)
        if kept is not None:
            call.tally.cache = "hit"
            return _again(kept, (b"x-headworks-cache", b"hit"))
        call.tally.cache = "miss"
        captured = _Captured()

        def remember(outcome: Outcome) -> None:
            answer = captured.answer(outcome)
            if answer is not None:
                self._answers.put(key, answer, call.snapshot.cache.seconds)

        call.closing.settle(remember)
        return captured.on(await proceed(call))

    def _forwarded(self, call: Call) -> bytes:
        """The headers that travel on, and so may change the answer."""
        assert call.plan is not None
        names = self._interpreter.forwarded(call.front, call.plan.targets[0]) - _TRACING
        return b"\n".join(b"%b: %b" % (name, call.headers[name]) for name in sorted(names) if name in call.headers)


def _exact(call: Call) -> bool:
    return (
        call.snapshot.cache.enabled
        and call.kind in _REMEMBERED
        and call.ask is not None
        and not call.ask.stream
        and call.cap is None  # cut to what is left of somebody's budget, it is nobody's answer but theirs
        and call.headers.get(b"x-headworks-cache") != b"no-store"
    )


def _places(call: Call) -> bytes:
    """Where it may be answered, and by which version: what was answered where a caller may no longer be served is not its answer any more."""
    assert call.plan is not None
    version = call.assignment.version if call.assignment is not None else ""
    return "\n".join([version, *dict.fromkeys(target.written for target in call.plan.targets)]).encode()


def _digest(call: Call, *what: bytes) -> bytes:
    assert call.principal is not None
    digest = hashlib.sha256(f"{call.principal.id}\0{call.kind}\0{call.front}".encode())
    for piece in what:
        digest.update(b"%d:" % len(piece) + piece)
    return digest.digest()


def _again(kept: Answer, mark: tuple[bytes, bytes]) -> Reply:
    return Reply.of(kept.status, [*kept.headers, mark], kept.body)


class _Captured:
    """An answer on its way past, as long as it is small enough to keep."""

    __slots__ = ("_headers", "_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._headers: tuple[tuple[bytes, bytes], ...] = ()
        self._size = 0

    def on(self, reply: Reply) -> Reply:
        """Watch this reply."""
        self._headers = tuple(reply.headers)
        reply.tap(self._see)
        return reply

    def _see(self, frame: Frame) -> None:
        self._size += len(frame.raw)
        if self._size <= KEEPABLE:
            self._pieces.append(frame.raw)
        else:
            self._pieces.clear()

    def answer(self, outcome: Outcome) -> Answer | None:
        """What to keep: only a whole, good answer."""
        if outcome.ending is not Ending.FINISHED or self._size > KEEPABLE or not self._pieces:
            return None
        return Answer(outcome.status, self._headers, b"".join(self._pieces))
