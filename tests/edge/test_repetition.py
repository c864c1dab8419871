"""A head that was read once need not be read again, and nothing else about the requests changes."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.snapshot import EdgeSettings
from headworks.edge.forms.spool import Room
from headworks.edge.reader import Reader
from headworks.edge.request import Request

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer k\r\nContent-Length: %d\r\nX-Last: yes\r\n\r\n"


def read(pieces: list[bytes], settings: EdgeSettings | None = None) -> list[Request]:
    """What a fresh reader makes of these, each request taken as soon as it is ready."""
    reader = Reader(settings or EdgeSettings(), Room(0))
    requests: list[Request] = []
    for piece in pieces:
        reader.feed(piece)
        requests += reader.ready
        reader.ready.clear()
    return requests


def facts(request: Request) -> tuple[object, ...]:
    fault = request.fault
    return (
        request.method,
        request.target,
        request.headers,
        request.modern,
        request.keep_alive,
        request.body.data,
        request.body.complete,
        fault and fault.code,
    )


def an_identified_request(body: bytes) -> bytes:
    return a_request(body).replace(b"X-Last", b"X-Request-Id: one\r\nX-Last")


def a_request(body: bytes) -> bytes:
    return HEAD % len(body) + body


@given(st.lists(st.binary(max_size=200), min_size=2, max_size=6))
def test_requests_that_repeat_a_head_read_like_requests_on_fresh_connections(bodies: list[bytes]) -> None:
    together = read([a_request(body) for body in bodies])
    apart = [read([a_request(body)])[0] for body in bodies]
    assert [facts(request) for request in together] == [facts(request) for request in apart]


@given(st.binary(max_size=60), st.integers(0, 200), st.binary(min_size=1, max_size=3))
def test_one_changed_byte_is_read_as_if_nothing_had_come_before(body: bytes, place: int, instead: bytes) -> None:
    first, second = a_request(b"{}"), a_request(body)
    at = place % len(second)
    changed = second[:at] + instead + second[at + 1 :]
    after = read([first, changed])[1:]
    alone = read([changed])
    assert [facts(request) for request in after] == [facts(request) for request in alone]


@given(st.binary(max_size=40), st.sampled_from([b"Authorization", b"X-Request-Id", b"Content-Length", b"Host"]))
def test_any_other_value_is_read_as_if_nothing_had_come_before(value: bytes, name: bytes) -> None:
    first = an_identified_request(b"{}")
    second = re.sub(rb"(?<=%b: )[^\r]*" % name, lambda _: value, an_identified_request(b"{}"))
    after = read([first, second])[1:]
    alone = read([second])
    assert [facts(request) for request in after] == [facts(request) for request in alone]


def test_a_head_that_grows_beyond_the_limit_is_refused() -> None:
    settings = EdgeSettings(max_header_bytes=200)
    first = HEAD % 2 + b"{}"
    second = first.replace(b"Bearer k", b"Bearer " + b"k" * 200)
    requests = read([first, second], settings)
    assert requests[0].fault is None
    assert requests[1].fault is not None
    assert requests[1].fault.code == "headers_too_large"


def test_what_follows_a_request_in_the_same_piece_is_read_too() -> None:
    requests = read([a_request(b"one"), a_request(b"two") + a_request(b"three"), a_request(b"four")])
    assert [request.body.data for request in requests] == [b"one", b"two", b"three", b"four"]


def test_a_repeated_head_with_too_long_a_body_is_refused() -> None:
    settings = EdgeSettings(max_body_bytes=10)
    requests = read([a_request(b"short"), a_request(b"far too long for this")], settings)
    assert requests[0].fault is None
    assert requests[1].fault is not None
    assert requests[1].fault.code == "request_too_large"


def test_a_body_that_comes_in_pieces_after_a_repeated_head_is_put_together() -> None:
    whole = a_request(b"in two pieces")
    reader = Reader(EdgeSettings(), Room(0))
    reader.feed(a_request(b"first"))
    reader.ready.clear()
    reader.feed(whole[:-5])
    reader.feed(whole[-5:])
    assert reader.ready[0].body.data == b"in two pieces"


def test_the_parser_does_not_see_a_repeated_head() -> None:
    reader = Reader(EdgeSettings(), Room(0))
    reader.feed(a_request(b"first"))
    reader.ready.clear()
    del reader._parser
    reader.feed(a_request(b"the second").replace(b"Bearer k", b"Bearer another"))
    assert reader.ready[0].body.data == b"the second"
    assert reader.ready[0].headers[b"authorization"] == b"Bearer another"
