"""Server-sent events, in any cuts and by all rules of the standard."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.dialects.sse import MOST_LINES, SseEvent, SseParser, WholeEvents, write_comment, write_event
from headworks.domain.errors import Fault

BLANKS = (b"\n\n", b"\r\n\r\n", b"\r\r")


def parse(*pieces: bytes) -> list[tuple[str, bytes]]:
    parser = SseParser()
    events = feed_all(parser, list(pieces))
    return [(event.event, event.data) for event in events + parser.close()]


def feed_all(parser: SseParser, pieces: list[bytes]) -> list[SseEvent]:
    return [event for piece in pieces for event in parser.feed(piece)]


@pytest.mark.parametrize(
    ("text", "events"),
    [
        (b"data: a\n\ndata: b\n\n", [("", b"a"), ("", b"b")]),
        (b"data:a\r\n\r\ndata:b\r\n\r\n", [("", b"a"), ("", b"b")]),
        (b"data: a\r\rdata: b\r\r", [("", b"a"), ("", b"b")]),
        (b"event: ping\ndata: {}\n\ndata: x\n\n", [("ping", b"{}"), ("", b"x")]),
        (b"data: one\ndata: two\n\n", [("", b"one\ntwo")]),
        (b": keep-alive\n\ndata: a\n\n", [("", b"a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [("", b"a")]),
        (b"id: 7\nretry: 10\ndata:  a\n\n", [("", b" a")]),
        (b"event: nothing\n\ndata: a\n\n", [("", b"a")]),
        (b"data\n\n", [("", b"")]),
        (b"data: the last one lacks its blank line", [("", b"the last one lacks its blank line")]),
        (b'error: {"detail":"context full"}\n\n', [("error", b'{"detail":"context full"}')]),
    ],
)
def test_what_a_stream_says(text: bytes, events: list[tuple[str, bytes]]) -> None:
    assert parse(text) == events


lines = st.binary(max_size=8).filter(lambda line: b"\n" not in line and b"\r" not in line)
ends = st.sampled_from([b"\n", b"\r\n", b"\r"])
prefixes = st.sampled_from([b"data: ", b"data:", b"event: ", b": ", b"", b"\xef\xbb\xbf"])


@given(st.lists(st.tuples(prefixes, lines, ends), max_size=12), st.lists(st.integers(0, 60), max_size=8))
def test_cuts_do_not_matter(parts: list[tuple[bytes, bytes, bytes]], cuts: list[int]) -> None:
    text = b"".join(b"".join(part) for part in parts)
    edges = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})

    assert parse(*(text[a:b] for a, b in pairwise(edges))) == parse(text)
    assert parse(*(text[at : at + 1] for at in range(len(text)))) == parse(text)


@given(st.binary(max_size=40).filter(lambda data: b"\r" not in data), st.sampled_from(["", "error", "message_start"]))
def test_what_is_written_reads_the_same(data: bytes, name: str) -> None:
    assert SseParser().feed(write_event(data, name)) == [SseEvent(data, name)]


def test_a_comment_is_no_event() -> None:
    assert parse(write_comment("ping")) == []


@pytest.mark.parametrize("piece", [b"data: aaaaaaaaaaaaaaaa", b"data: aaaa\n", b"aaaaaaaa"])
def test_an_event_has_a_bound(piece: bytes) -> None:
    """Whether it comes as one line without an end, or as many lines without a blank one."""
    parser = SseParser(max_event_bytes=64)

    with pytest.raises(Fault) as caught:
        feed_all(parser, [piece] * 100)

    assert caught.value.code == "upstream_too_large"


def test_the_bound_is_per_event() -> None:
    parser = SseParser(max_event_bytes=64)

    events = feed_all(parser, [b"data: aaaaaaaaaaaaaaaa\n\n"] * 100)

    assert len(events) == 100


@given(st.lists(st.sampled_from([b"data: x", b"\n", b"\r", b"\r\n", b"\n\n", b"y"]), max_size=30), st.integers(1, 5))
def test_whole_events_end_where_events_end_in_any_cuts(pieces: list[bytes], size: int) -> None:
    """The same bytes, and never the beginning of an event without its end."""
    text = b"".join(pieces)
    events, came, given_back = WholeEvents(), b"", b""
    for at in range(0, len(text), size):
        came += text[at : at + size]
        given_back += events.feed(text[at : at + size])
        assert not any(blank in came[len(given_back) :] for blank in BLANKS)
        assert not given_back or given_back.endswith(BLANKS)

    assert given_back + events.close() == text


@pytest.mark.parametrize("reader", [SseParser, WholeEvents])
def test_an_event_that_never_ends_is_looked_through_once(reader: type[SseParser | WholeEvents]) -> None:
    """Else one upstream could hold up all callers: sixteen megabytes, line by line, are read in the time that they take to come."""
    feed = reader().feed
    with pytest.raises(Fault, match="more than"):
        deque(map(feed, [b"data: " + b"x" * 1000 + b"\n"] * 20_000), maxlen=0)


def test_an_event_has_no_more_lines_than_can_be_kept() -> None:
    reader = SseParser()
    with pytest.raises(Fault, match="more than"):
        reader.feed(b"data:\n" * (MOST_LINES + 1))
