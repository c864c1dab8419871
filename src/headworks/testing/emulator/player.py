"""Plays one score onto a connection: keeps time, heeds a full buffer, stops when the peer has gone."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable

from headworks.testing.emulator.counts import Counts, Fate
from headworks.testing.emulator.score import Beat, End, Score

_NO_LINGER = struct.pack("ii", 1, 0)
_AT_ONCE = 256
"""Beats written in one go before others get their turn."""


class Player:
    """One answer under way. Made by its connection; `on_over` is called when the connection may go on to its next request."""

    __slots__ = ("_beats", "_counts", "_due", "_held", "_loop", "_on_over", "_paused", "_score", "_timer", "_transport")

    def __init__(self, score: Score, transport: asyncio.Transport, counts: Counts, on_over: Callable[[], None]) -> None:
        self._score = score
        self._beats = score.beats
        self._transport = transport
        self._counts = counts
        self._on_over = on_over
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time()
        self._held: Beat | None = None
        self._timer: asyncio.Handle | None = None
        self._paused = False

    def play(self) -> None:
        """Write what is due, and see to it that the rest will be."""
        self._timer = None
        if self._held is not None:
            held, self._held = self._held, None
            self._write(held)
        for _ in range(_AT_ONCE):
            if self._paused:
                return
            beat = next(self._beats, None)
            if beat is None:
                self._finish()
                return
            if beat.cue is not None and not beat.cue.given:
                self._held = beat
                beat.cue.wait(self._on_cue)
                return
            if beat.delay > 0.0:
                self._held = beat
                self._due = max(self._due + beat.delay, self._loop.time())
                self._timer = self._loop.call_at(self._due, self.play)
                return
            self._write(beat)
        self._timer = self._loop.call_soon(self.play)

    def pause(self) -> None:
        """The connection's buffer is full."""
        self._paused = True

    def resume(self) -> None:
        """There is room again."""
        self._paused = False
        if self._timer is None and self._held is None and self._score.sighting.fate is Fate.OPEN:
            self._timer = self._loop.call_soon(self.play)

    def abandon(self) -> None:
        """The peer has gone: nothing more is generated."""
        if self._timer is not None:
            self._timer.cancel()
        if self._held is not None and self._held.cue is not None:
            self._held.cue.leave()
        self._counts.end(self._score.sighting, Fate.CUT_BY_PEER)

    def _on_cue(self) -> None:
        self._due = self._loop.time()
        self.play()

    def _write(self, beat: Beat) -> None:
        sighting = self._score.sighting
        sighting.output_tokens += beat.tokens
        if beat.data:
            sighting.chunks += 1
            self._transport.write(beat.data)

    def _finish(self) -> None:
        end, sighting = self._score.end, self._score.sighting
        if end is End.HANG:
            return
        if end is End.DONE or end is End.CLOSE:
            self._counts.end(sighting, Fate.REJECTED if sighting.status >= 400 else self._score.fate)  # noqa: PLR2004 - HTTP's own line
            if end is End.CLOSE:
                self._transport.close()
            self._on_over()
            return
        self._counts.end(sighting, Fate.SPOILED)
        if end is End.RESET:
            reset(self._transport)
        else:
            self._transport.close()


def reset(transport: asyncio.Transport) -> None:
    """Close so that the peer gets an RST."""
    plug = transport.get_extra_info("socket")
    if plug is not None:
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
