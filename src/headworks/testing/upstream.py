"""A world outside that says what a test tells it to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from headworks.domain.errors import Fault
from headworks.domain.reply import HeaderList
from headworks.ports.upstream import Outgoing, Receiver


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """One answer as an upstream gives it: a head, pieces of body, an end. Each comes in a turn of the loop of its own.

    `refused` is raised by `open` and nothing else happens. A `status` of 0 means that no head ever comes. `fault` ends the answer
    instead of a good end; with `stays_open` neither comes until the test says so to the `ScriptedLine`.
    """

    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ((b"content-type", b"application/json"),)
    pieces: tuple[bytes, ...] = ()
    fault: Fault | None = None
    refused: Fault | None = None
    stays_open: bool = False

    @classmethod
    def json(cls, content: Any, status: int = 200) -> Script:
        """A whole JSON answer."""
        return cls(status=status, pieces=(msgspec.json.encode(content),))

    @classmethod
    def sse(cls, *events: str | bytes, fault: Fault | None = None, stays_open: bool = False) -> Script:
        """A stream with one `data:` event a piece. A stream of OpenAI's ends with `"[DONE]"`: say so."""
        lines = (event.encode() if isinstance(event, str) else event for event in events)
        return cls(
            headers=((b"content-type", b"text/event-stream"),),
            pieces=tuple(b"data: " + line + b"\n\n" for line in lines),
            fault=fault,
            stays_open=stays_open,
        )

    @classmethod
    def unreachable(cls, fault: Fault) -> Script:
        """No connection can be had."""
        return cls(refused=fault)

    @classmethod
    def silent(cls) -> Script:
        """The request is taken and nothing comes back."""
        return cls(status=0, stays_open=True)


class ScriptedLine:
    """One connection of a `ScriptedUpstream`: plays its script to the receiver, and can be told more by the test."""

    def __init__(self, request: Outgoing, script: Script, receiver: Receiver) -> None:
        self.request = request
        self.script = script
        self.paused = False
        self.cancelled = False
        self.over = False
        self.written = bytearray()
        """What was sent after a switch of protocols."""
        self.tell_slow: Callable[[bool], None] | None = None
        """Whom a test tells that the upstream does not keep up."""
        self._receiver: Receiver | None = receiver
        self._coming: deque[Callable[[Receiver], None]] = deque()
        self._scheduled = False

    def pause(self) -> None:
        """Nothing more is said until `resume`."""
        self.paused = True

    def resume(self) -> None:
        """Go on."""
        self.paused = False
        self._schedule()

    def send(self, data: bytes) -> None:
        """Keep it."""
        self.written += data

    def on_slow(self, step: Callable[[bool], None]) -> None:
        """Keep it."""
        self.tell_slow = step

    def cancel(self) -> None:
        """Nothing is ever said again."""
        self.cancelled = True
        self._coming.clear()

    def play(self) -> None:
        """Begin: what the script says comes step by step."""
        script, receiver = self.script, self._receiver
        assert receiver is not None
        receiver.on_sent()
        if script.status:
            headers: HeaderList = list(script.headers)
            self._then(lambda receiver: receiver.on_head(script.status, headers))
        for piece in script.pieces:
            self.push(piece)
        if script.fault is not None:
            self.fail(script.fault)
        elif not script.stays_open:
            self.finish()

    def push(self, data: bytes) -> None:
        """One more piece of the body, after all before it."""
        self._then(lambda receiver: receiver.on_body(data))

    def finish(self) -> None:
        """A good end, after all before it."""
        self._then(lambda receiver: self._end(receiver.on_done))

    def fail(self, fault: Fault) -> None:
        """A bad end, after all before it."""
        self._then(lambda receiver: self._end(lambda: receiver.on_fault(fault)))

    def _then(self, step: Callable[[Receiver], None]) -> None:
        if not self.cancelled:
            self._coming.append(step)
            self._schedule()

    def _schedule(self) -> None:
        if self._coming and not self.paused and not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._step)

    def _step(self) -> None:
        self._scheduled = False
        if self._coming and not self.paused and self._receiver is not None:
            self._coming.popleft()(self._receiver)
            self._schedule()

    def _end(self, say: Callable[[], None]) -> None:
        self.over = True
        self._coming.clear()
        self._receiver = None  # as a real line lets go of whom it has nothing more to say
        say()

    def __repr__(self) -> str:
        state = "cancelled" if self.cancelled else "over" if self.over else "paused" if self.paused else "open"
        return f"<ScriptedLine to {self.request.origin} · {state}>"


_PIECE = 65_536


def body_of(request: Outgoing) -> bytes:
    """All of a request's body; one that goes piece by piece is taken to its end, which has to be there."""
    if isinstance(request.body, bytes):
        return request.body
    pieces: list[bytes] = []
    while piece := request.body.take(_PIECE):
        pieces.append(bytes(piece))
    return b"".join(pieces)


class ScriptedUpstream:
    """A `ports.upstream.Upstream` that answers by scripts, in order, and keeps what it was sent.

    `sent` are the requests in order, the refused ones included; `lines` the connections made. Given a function instead of a list,
    it asks the function for each request's script.
    """

    def __init__(self, scripts: Iterable[Script] | Callable[[Outgoing], Script] = ()) -> None:
        self.sent: list[Outgoing] = []
        self.lines: list[ScriptedLine] = []
        self._choose = scripts if callable(scripts) else None
        self._scripts = deque(() if callable(scripts) else scripts)

    def enqueue(self, *scripts: Script) -> None:
        """Further answers, after those already there."""
        self._scripts.extend(scripts)

    async def open(self, request: Outgoing, receiver: Receiver) -> ScriptedLine:
        """Play the next script. Raises its `refused`; `LookupError` when none is left."""
        self.sent.append(request)
        script = self._choose(request) if self._choose else self._next(request)
        await asyncio.sleep(0)  # like the real one, it can be cancelled here
        if script.refused is not None:
            raise script.refused
        line = ScriptedLine(request, script, receiver)
        self.lines.append(line)
        line.play()
        return line

    async def switch(self, request: Outgoing, receiver: Receiver) -> ScriptedLine:
        """The same, for a script whose status is 101."""
        return await self.open(request, receiver)

    @property
    def open_lines(self) -> list[ScriptedLine]:
        """Connections neither over nor cancelled: after a test there should be none."""
        return [line for line in self.lines if not line.over and not line.cancelled]

    def _next(self, request: Outgoing) -> Script:
        if not self._scripts:
            raise LookupError(f"request {len(self.sent)}, to {request.origin}, has no script: enqueue one")
        return self._scripts.popleft()
