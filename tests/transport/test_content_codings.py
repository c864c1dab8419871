"""Answers compressed although nobody asked: undone, in bounded pieces, or refused."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.transport import inflate
from tests.transport.answers import compressed
from tests.transport.wired import Wired

TEXT = b'{"choices":[{"message":{"content":"lorem ipsum dolor"}}]}' * 500
LONG = b"".join(b"%d," % number for number in range(200_000))


def packed(body: bytes, wbits: int = 31) -> bytes:
    packer = zlib.compressobj(wbits=wbits)
    return packer.compress(body) + packer.flush()


def head(coding: bytes, length: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: a/b\r\ncontent-encoding: %b\r\ncontent-length: %d\r\n\r\n" % (coding, length)


@pytest.mark.parametrize(("coding", "wbits"), [(b"gzip", 31), (b"GZIP", 31), (b"x-gzip", 31), (b"deflate", 15)])
def test_known_codings_are_undone(coding: bytes, wbits: int) -> None:
    body = packed(TEXT, wbits)
    wired = Wired()
    wired.feed(head(coding, len(body)), body)

    assert wired.told.done
    assert wired.told.body == TEXT
    assert wired.told.headers == [(b"content-type", b"a/b")], "length and coding are no longer true"
    assert wired.home.given_back == [wired.connection]


@pytest.mark.parametrize("coding", [b"identity", b"Identity", b""])
def test_identity_is_no_coding(coding: bytes) -> None:
    wired = Wired()
    wired.feed(head(coding, 5) + b"hello")
    assert wired.told.body == b"hello"


@pytest.mark.parametrize("coding", [b"br", b"zstd", b"gzip, gzip", b"x" * 500])
def test_unknown_codings_are_refused_before_the_head_goes_out(coding: bytes) -> None:
    wired = Wired()
    wired.feed(head(coding, 5) + b"hello")
    assert wired.told.fault.code == "upstream_garbage"
    assert len(wired.told.fault.message) < 300
    assert wired.told.status == 0


def test_a_bomb_is_stopped_early() -> None:
    body = packed(b"\0" * 30_000_000)
    wired = Wired()
    wired.feed(head(b"gzip", len(body)), body)

    assert wired.told.fault.code == "upstream_garbage"
    assert len(wired.told.body) < inflate.LARGEST_RATIO * len(body)
    assert max(map(len, wired.told.pieces)) <= inflate.PIECE
    assert wired.transport.aborted
    assert wired.home.given_back == [None]


def test_a_pause_stops_the_inflating_in_mid_read() -> None:
    """What one read holds compressed must not be held inflated."""
    body = packed(LONG)
    wired = Wired()
    wired.told.on_piece = lambda _piece: wired.line.pause()
    wired.feed(head(b"gzip", len(body)) + body)

    assert len(wired.told.pieces) == 1
    rounds = 0
    while not wired.told.ended.is_set():
        assert len(wired.told.pieces) == rounds + 1
        wired.line.resume()
        rounds += 1
    assert wired.told.done
    assert wired.told.body == LONG
    assert rounds > 10


def test_cancelling_while_inflating_stops_it() -> None:
    body = packed(LONG)
    wired = Wired()
    wired.told.on_piece = lambda _piece: wired.line.cancel()
    wired.feed(head(b"gzip", len(body)) + body)

    assert len(wired.told.pieces) == 1
    assert wired.told.ending is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (packed(TEXT)[:-20], "severed"),
        (packed(TEXT) + b"surplus", "upstream_garbage"),
        (packed(TEXT) + packed(TEXT), "upstream_garbage"),
        (b"no gzip at all", "upstream_garbage"),
    ],
    ids=["cut", "surplus", "two", "none"],
)
def test_a_damaged_stream_never_ends_cleanly(body: bytes, code: str) -> None:
    wired = Wired()
    wired.feed(head(b"gzip", len(body)) + body)
    assert wired.told.fault.code == code
    assert not wired.told.objections


@given(st.binary(max_size=2000), st.integers(0, 2000), st.binary(min_size=1, max_size=4))
def test_damage_anywhere(body: bytes, place: int, damage: bytes) -> None:
    """Either the body comes out right (the damage changed nothing), or it is a fault: gzip carries a checksum."""
    wire = compressed(body, 31, b"gzip").wire
    start = wire.index(b"\r\n\r\n") + 4
    at = start + place % (len(wire) - start)
    wired = Wired()
    wired.feed(wire[:at] + damage[: len(wire) - at] + wire[at + len(damage) :])
    wired.end()

    assert wired.told.body == body if wired.told.done else wired.told.fault
    assert not wired.told.objections
    assert not wired.troubles
