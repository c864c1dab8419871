"""The answer on its way to the caller: a head, frames pushed one by one, and exactly one outcome.

A whole answer is a reply of one frame, so no stage has two paths. Frames are pushed by the source (an attempt, a cache, a local
endpoint), pass the taps in the order in which stages attached them (innermost first), and land in the sink (the edge).
Before the sink is there, frames wait; the source is paused meanwhile, so what waits is bounded by one read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from headworks.domain.outcome import Ending, Outcome
from headworks.domain.partial import Partial

HeaderList = list[tuple[bytes, bytes]]


class Frame(msgspec.Struct, frozen=True, gc=False):
    """A piece of the answer's body, in the bytes that the client gets. `pieces` counts the answer's events in it."""

    raw: bytes
    pieces: int = 1


OnFrame = Callable[[Frame], None]
OnEnd = Callable[[Outcome], None]


class Source(Protocol):
    """Whoever pushes the frames. All synchronous; `cancel` is idempotent and no frame follows it."""

    def pause(self) -> None:
        """Stop pushing soon."""
        ...

    def resume(self) -> None:
        """Go on."""
        ...

    def cancel(self) -> None:
        """Stop for good and free what is held."""
        ...


class Duplex(Source, Protocol):
    """A source that is also told what the client sends: that of a reply with status 101."""

    def feed(self, data: bytes) -> None:
        """Bytes of the client's, in any cut."""
        ...

    def on_slow(self, step: Callable[[bool], None]) -> None:
        """Tell `step` when less is to be fed for a while, and when that is over."""
        ...


class Sink(Protocol):
    """Whoever takes the frames: the edge, or a test."""

    def on_frame(self, frame: Frame) -> None:
        """A frame, after all taps."""
        ...

    def on_end(self, outcome: Outcome) -> None:
        """Nothing follows. The exchange is recorded and settled by now."""
        ...


class Still:
    """The source of an answer that is there already."""

    def pause(self) -> None:
        """Nothing to pause."""

    def resume(self) -> None:
        """Nothing to resume."""

    def cancel(self) -> None:
        """Nothing to cancel."""


class Reply:
    """One answer. Life: made at the head by its source → tapped by stages → `start`ed by the edge → ended once.

    `whole` tells that one frame holds the entire body, so the edge can send a length and headers that need the outcome.
    """

    __slots__ = (
        "_on_end",
        "_pending",
        "_sink",
        "_taps",
        "duplex",
        "headers",
        "length",
        "outcome",
        "partial",
        "source",
        "status",
        "stream",
        "whole",
    )

    def __init__(self, status: int, headers: HeaderList, source: Source, *, stream: bool = False, whole: bool = False) -> None:
        self.status = status
        self.headers = headers
        self.source = source
        self.stream = stream
        self.whole = whole
        self.duplex: Duplex | None = None
        """The source, where the client may write too."""
        self.length: int | None = None
        """Bytes of the body, where its source has said it beforehand."""
        self.outcome: Outcome | None = None
        self.partial: Partial | None = None
        """What was told of it, where it could be gone on with if it broke off."""
        self._pending: list[Frame] = []
        self._taps: list[OnFrame] = []
        self._on_end: list[OnEnd] = []
        self._sink: Sink | None = None

    @classmethod
    def of(cls, status: int, headers: HeaderList, body: bytes) -> Reply:
        """A whole answer that is there already."""
        reply = cls(status, headers, _STILL, whole=True)
        reply.push(Frame(body))
        reply.finish(Outcome(Ending.FINISHED, status))
        return reply

    @property
    def waiting(self) -> int:
        """Bytes that wait for a sink."""
        return sum(len(frame.raw) for frame in self._pending)

    def tap(self, on_frame: OnFrame) -> None:
        """See every frame. `on_frame` is synchronous and does not raise. Only before `start`."""
        self._taps.append(on_frame)

    def on_end(self, step: OnEnd) -> None:
        """Run `step` when this reply ends, served or discarded, in the order of registration."""
        if self.outcome is not None and self._sink is not None:
            step(self.outcome)
        else:
            self._on_end.append(step)

    def push(self, frame: Frame) -> None:
        """The source's: the next frame."""
        sink = self._sink
        if sink is None:
            if self.outcome is None:
                self._pending.append(frame)
            return
        for tap in self._taps:
            tap(frame)
        sink.on_frame(frame)

    def finish(self, outcome: Outcome) -> None:
        """The source's: nothing follows. Only the first call counts."""
        if self.outcome is None:
            self.outcome = outcome
            if self._sink is not None:
                self._end(outcome)

    def start(self, sink: Sink) -> None:
        """The edge's: from now on frames land in `sink`, those that waited first."""
        self._sink = sink
        pending, self._pending = self._pending, []
        for frame in pending:
            self.push(frame)
        if self.outcome is not None:
            self._end(self.outcome)
        else:
            self.source.resume()

    def abandon(self, outcome: Outcome) -> None:
        """The taker's: no longer wanted (client gone, discarded for another try, a stage failed). Idempotent."""
        if self.outcome is not None and self._sink is not None:
            return
        self.source.cancel()
        self._pending.clear()
        ended = self.outcome is not None
        self.outcome = outcome
        self._sink = self._sink or _NOWHERE
        if not ended or self._on_end:
            self._end(outcome)

    def _end(self, outcome: Outcome) -> None:
        steps, self._on_end = self._on_end, []
        for step in steps:
            step(outcome)
        sink, self._sink = self._sink, _NOWHERE
        # Whoever pushed or watched knows us too: let go, so that counting references is enough to free an exchange.
        self.source = _STILL
        self.duplex = None
        self._taps.clear()
        if sink is not None:
            sink.on_end(outcome)


class _Nowhere:
    """The sink of a reply that nobody takes any more."""

    def on_frame(self, frame: Frame) -> None:
        """Drop it."""

    def on_end(self, outcome: Outcome) -> None:
        """Nobody listens."""


_NOWHERE = _Nowhere()
_STILL = Still()
