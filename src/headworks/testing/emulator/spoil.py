"""How a trouble changes an answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice

import msgspec

from headworks.testing.emulator.counts import Fate
from headworks.testing.emulator.personality import Pace
from headworks.testing.emulator.score import LAST_CHUNK, Beat, End, Score
from headworks.testing.emulator.trouble import Trouble, TroubleKind

_GRACE = 0.02
"""Seconds between the last bytes and a reset, so that they get through before it."""
_BLOCK = b"a" * 65_536
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"


def paced(pace: Pace, trouble: Trouble) -> Pace:
    """The pace under `slow`."""
    changed: dict[str, float] = {}
    if trouble.seconds:
        changed |= {"first_token": trouble.seconds, "first_token_spread": 0.0}
    if trouble.rate:
        changed |= {"tokens_per_second": trouble.rate, "spread": 0.0}
    return msgspec.structs.replace(pace, **changed)


def spoiled(score: Score, troubles: Iterable[Trouble]) -> Score:
    """The answer under all others but `error`, `refusal` and `slow`, which are told elsewhere.

    An answer ends once: by the first that ends it. What is left by all of them drips.
    """
    for trouble in sorted(troubles, key=lambda trouble: trouble.kind is TroubleKind.DRIP):
        over = score.fate is Fate.SPOILED or score.end is End.HANG
        if trouble.kind is TroubleKind.DRIP:
            score.beats = _dripped(score.beats, trouble.bytes or 1)
        elif not over:
            _spoil(score, trouble)
    return score


def _spoil(score: Score, trouble: Trouble) -> None:
    score.fate = Fate.WHOLE if trouble.kind is TroubleKind.STALL else Fate.SPOILED
    match trouble.kind:
        case TroubleKind.RESET:
            score.beats = chain(_until(score, trouble.after), [Beat(_GRACE, b"")])
            score.end = End.RESET
        case TroubleKind.CUT:
            score.beats = _until(score, trouble.after or 0)
            score.end = End.CUT
        case TroubleKind.UNFINISHED:
            score.beats = chain(_until(score, trouble.after or 0), () if score.sized else [Beat(0.0, LAST_CHUNK)])
            score.end = End.CUT if score.sized else End.DONE
        case TroubleKind.STALL:
            _stall(score, trouble)
        case TroubleKind.GARBAGE:
            score.beats, score.end = _garbage(trouble.form)
        case TroubleKind.OVERSIZE:
            score.beats = _head_oversize(trouble.bytes) if trouble.form == "head" else _oversize(score, trouble.bytes)
        case _:
            pass


def _until(score: Score, after: int | None) -> Iterator[Beat]:
    """Nothing (`after` None), or the head and so many chunks; of a sized body a half."""
    if after is None:
        score.sighting.input_tokens = 0  # the model never began
        return iter(())
    if not score.sized:
        return islice(_visible(score.beats), after + 1)
    head, body = _head_and_body(score.beats)
    return iter((head, Beat(0.0, body.data[: len(body.data) // 2] if after else b"", body.tokens)))


def _visible(beats: Iterator[Beat]) -> Iterator[Beat]:
    """The beats that write something; waits without a word go to the next."""
    delay, tokens = 0.0, 0
    for beat in beats:
        delay, tokens = delay + beat.delay, tokens + beat.tokens
        if beat.data:
            yield Beat(delay, beat.data, tokens)
            delay, tokens = 0.0, 0


def _head_and_body(beats: Iterator[Beat]) -> tuple[Beat, Beat]:
    visible = list(_visible(beats))
    return visible[0], visible[-1]


def _stall(score: Score, trouble: Trouble) -> None:
    if trouble.seconds:
        beats = _visible(score.beats)
        first = () if trouble.after is None else islice(beats, trouble.after + 1)
        score.beats = chain(first, [Beat(trouble.seconds, b"")], beats)
    else:
        score.beats = _until(score, trouble.after)
        score.end = End.HANG


def _dripped(beats: Iterator[Beat], size: int) -> Iterator[Beat]:
    for beat in beats:
        for start in range(0, len(beat.data) or 1, size):
            last = start + size >= len(beat.data)
            delay = 0.001 if start else beat.delay  # a pause, or the kernel would join what we cut
            yield Beat(delay, beat.data[start : start + size], beat.tokens if last else 0)


def _answer(content_type: bytes, body: bytes) -> list[Beat]:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n" % (content_type, len(body))
    return [Beat(0.0, head), Beat(0.0, body)]


def _garbage(form: str) -> tuple[Iterator[Beat], End]:
    forms: dict[str, tuple[list[Beat], End]] = {
        "json": (_answer(b"application/json", b'{"id": "chatcmpl-emulated", "choices": [{"mess'), End.DONE),
        "html": (_answer(b"text/html", _HTML), End.DONE),
        "sse": (
            _answer(b"text/event-stream", b"data: {not json}\n\nevnt data data\n\ndata: [1, 2]\n\ndata: [DONE]\n\n"),
            End.DONE,
        ),
        "http": ([Beat(0.0, b"220 mail.example.com ESMTP ready\r\n")], End.CUT),
        "empty": (_answer(b"application/json", b""), End.DONE),
    }
    beats, end = forms.get(form, forms["json"])
    return iter(beats), end


def _oversize(score: Score, size: int) -> Iterator[Beat]:
    """A valid beginning and then `size` bytes of one string that never ends."""
    if score.sized:
        opening = b'{"id":"chatcmpl-emulated","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"'
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (len(opening) + size)
        return chain((Beat(0.0, head), Beat(0.0, opening)), _blocks(size))
    opening = b'data: {"choices":[{"index":0,"delta":{"content":"'
    start = Beat(0.0, b"%x\r\n%b" % (len(opening) + size, opening))
    return chain(islice(_visible(score.beats), 2), (start,), _blocks(size), (Beat(0.0, b"\r\n" + LAST_CHUNK),))


def _head_oversize(size: int) -> Iterator[Beat]:
    start = Beat(0.0, b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-oversize: ")
    return chain((start,), _blocks(size), (Beat(0.0, b"\r\ncontent-length: 2\r\n\r\n{}"),))


def _blocks(size: int) -> Iterator[Beat]:
    for start in range(0, size, len(_BLOCK)):
        yield Beat(0.0, _BLOCK[: size - start])
