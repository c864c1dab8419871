"""An answer as it will be played: what to write, when, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from random import Random
from typing import NamedTuple

from headworks.testing.emulator.counts import Fate, Sighting
from headworks.testing.emulator.personality import Pace


class Cue:
    """Something that happens once, and that one player may wait for."""

    __slots__ = ("_then", "given")

    def __init__(self) -> None:
        self.given = False
        self._then: Callable[[], None] | None = None

    def give(self) -> None:
        """It happens: whoever waits goes on."""
        self.given = True
        then, self._then = self._then, None
        if then is not None:
            then()

    def wait(self, then: Callable[[], None]) -> None:
        """Call this when it happens."""
        self._then = then

    def leave(self) -> None:
        """Nobody waits any more."""
        self._then = None


class Beat(NamedTuple):
    """Wait `delay` seconds, or for the cue, then write `data` as it is. `tokens` were generated in that time."""

    delay: float
    data: bytes
    tokens: int = 0
    cue: Cue | None = None


class End(StrEnum):
    """What follows the last beat."""

    DONE = "done"
    """The answer is whole: the connection may be used again."""
    CLOSE = "close"
    """The answer is whole, and its end is the connection's."""
    CUT = "cut"
    """The connection is closed in the midst."""
    RESET = "reset"
    HANG = "hang"
    """Nothing, until the peer gives up."""


class Score:
    """One answer. `sized` tells that head and body are one beat each; otherwise the beats after the head are chunks."""

    __slots__ = ("beats", "end", "fate", "sighting", "sized")

    def __init__(self, beats: Iterable[Beat], sighting: Sighting, end: End = End.DONE, *, sized: bool = False) -> None:
        self.beats: Iterator[Beat] = iter(beats)
        self.sighting = sighting
        self.end = end
        self.fate = Fate.WHOLE
        self.sized = sized


def chunk(data: bytes) -> bytes:
    """Data as one chunk of HTTP's chunked coding."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"


def streamed(head: bytes, events: Iterable[tuple[bytes, int]], pace: Pace, chance: Random) -> Iterator[Beat]:
    """A stream: the head comes with the first event, then every token takes its time."""
    delay = _first_delay(pace, chance)
    started = False
    for data, tokens in events:
        wait = delay + (_token_delay(pace, chance) * tokens if started else 0.0)
        delay = 0.0
        if not started:
            yield Beat(wait, head)
            wait, started = 0.0, True
        yield Beat(wait, chunk(data) if data else b"", tokens)
    yield Beat(0.0, LAST_CHUNK)


def whole(head: bytes, body: bytes, tokens: int, pace: Pace, chance: Random) -> Iterator[Beat]:
    """A whole answer: it comes when all its tokens are written. The wait is split, so that a peer who hangs up is billed a part."""
    delay = _first_delay(pace, chance) + _token_delay(pace, chance) * tokens
    if delay:
        steps = max(1, min(10, tokens))
        yield from (Beat(delay / steps, b"", tokens // steps) for _ in range(steps))
        tokens %= steps
    yield Beat(0.0, head)
    yield Beat(0.0, body, tokens)


def _first_delay(pace: Pace, chance: Random) -> float:
    """Seconds to the first token."""
    return pace.first_token * chance.lognormvariate(0.0, pace.first_token_spread) if pace.first_token else 0.0


def _token_delay(pace: Pace, chance: Random) -> float:
    return chance.lognormvariate(0.0, pace.spread) / pace.tokens_per_second if pace.tokens_per_second else 0.0
