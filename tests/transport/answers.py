"""Valid answers of every framing, with what must come of them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import strategies as st

INTERIM = (b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n")
TRAILERS = (b"", b"x-checksum: 12\r\n", b"a: 1\r\nb: 2\r\n")


@dataclass(frozen=True)
class Valid:
    """`head` is the length up to and including the blank line, `until_close` tells that the end of the connection is the body's."""

    wire: bytes
    status: int
    body: bytes
    head: int
    until_close: bool = False
    keeps: bool = True


def sized(status: int, body: bytes, interim: bytes, headers: bytes) -> Valid:
    head = interim + b"HTTP/1.1 %d Some Reason\r\n%bContent-Length: %d\r\n\r\n" % (status, headers, len(body))
    return Valid(head + body, status, body, len(head), keeps=b"close" not in headers)


def chunked(status: int, pieces: Sequence[bytes], interim: bytes, headers: bytes, trailers: bytes) -> Valid:
    head = interim + b"HTTP/1.1 %d OK\r\nTransfer-Encoding: chunked\r\n%b\r\n" % (status, headers)
    chunks = b"".join(b"%x;name=value\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    wire = head + chunks + b"0\r\n" + trailers + b"\r\n"
    return Valid(wire, status, b"".join(pieces), len(head), keeps=b"close" not in headers)


def until_close(status: int, body: bytes, version: bytes) -> Valid:
    head = b"HTTP/%b %d OK\r\ncontent-type: text/plain\r\n\r\n" % (version, status)
    return Valid(head + body, status, body, len(head), until_close=True, keeps=False)


def bodiless(status: int) -> Valid:
    head = b"HTTP/1.1 %d Nothing\r\n\r\n" % status
    return Valid(head, status, b"", len(head))


def compressed(body: bytes, wbits: int, name: bytes) -> Valid:
    packer = zlib.compressobj(wbits=wbits)
    packed = packer.compress(body) + packer.flush()
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: %b\r\ncontent-length: %d\r\n\r\n" % (name, len(packed))
    return Valid(head + packed, 200, body, len(head))


SAMPLES = (
    sized(200, b"hello", b"", b""),
    sized(200, b"", b"", b""),
    sized(429, b"{}", INTERIM[1], b"retry-after: 1\r\n"),
    sized(200, b"hello", INTERIM[2], b"connection: close\r\n"),
    chunked(200, [b"one", b"", b"two"][::2], b"", b"", b""),
    chunked(200, [b"data: x\n\n"] * 3, INTERIM[1], b"", TRAILERS[2]),
    chunked(500, [], b"", b"connection: close\r\n", b""),
    until_close(200, b"all there is", b"1.0"),
    until_close(200, b"all there is", b"1.1"),
    bodiless(204),
    bodiless(304),
    compressed(b"hello " * 30, 31, b"gzip"),
    compressed(b"hello " * 30, 15, b"deflate"),
)

_bodies = st.binary(max_size=300)
_statuses = st.sampled_from([200, 201, 400, 429, 500])
_headers = st.sampled_from([b"", b"X-Request-Id: abc\r\n", b"connection: close\r\n", b"connection: keep-alive\r\nx:\r\n"])

valid_answers: st.SearchStrategy[Valid] = st.one_of(
    st.sampled_from(SAMPLES),
    st.builds(sized, _statuses, _bodies, st.sampled_from(INTERIM), _headers),
    st.builds(
        chunked,
        _statuses,
        st.lists(st.binary(min_size=1, max_size=60), max_size=6),
        st.sampled_from(INTERIM),
        _headers,
        st.sampled_from(TRAILERS),
    ),
    st.builds(until_close, _statuses, _bodies, st.sampled_from([b"1.0", b"1.1"])),
    st.builds(compressed, _bodies, st.sampled_from([15, 31]), st.just(b"gzip")),
)


@st.composite
def cut(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """`data` in random pieces."""
    places = sorted(draw(st.sets(st.integers(0, len(data)), max_size=12)) | {0, len(data)})
    return [data[start:stop] for start, stop in pairwise(places)]
