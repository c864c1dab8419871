"""Laws that hold for every language alike, over answers that nobody wrote down and cuts that nobody chose."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.domain.call import Kind
from headworks.domain.events import Event, StopReason
from headworks.domain.usage import Usage
from tests.grid.answers import Call, Said, Server
from tests.grid.cases import CASES
from tests.grid.clients import FRONTS, Question, listen, question
from tests.grid.grid import HUB, SERVERS, SPOKEN
from tests.grid.heard import Heard, heard
from tests.grid.targets import target

Json = dict[str, Any]

_words = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12)
_calls = st.builds(
    Call,
    st.uuids().map(lambda each: f"call_{each.hex}"),
    st.sampled_from(["look", "ask"]),
    st.dictionaries(_words, _words, max_size=2),
)
_usages = st.builds(Usage, input=st.integers(100, 999), output=st.integers(50, 99), cache_read=st.integers(0, 50))
_stops = st.sampled_from([StopReason.END, StopReason.MAX_TOKENS])


@st.composite
def answers(draw: st.DrawFn) -> Said:
    """What models say: thoughts, words, calls."""
    calls = tuple(draw(st.lists(_calls, max_size=2, unique_by=lambda call: call.id)))
    thought = draw(st.one_of(st.just(""), _words))
    return Said(
        text=draw(_words),
        thought=thought,
        signature="c2VhbA==" if thought else "",
        calls=calls,
        stop=StopReason.TOOL_CALLS if calls else draw(_stops),
        usage=draw(_usages),
        cited=draw(st.booleans()),
        likely=draw(st.booleans()),
    )


_cuts = st.lists(st.integers(0, 6000), max_size=9)
_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), _words), lambda inner: st.lists(inner) | st.dictionaries(_words, inner)
)
upstreams = pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
fronts = pytest.mark.parametrize("front", FRONTS)
few = settings(max_examples=12, deadline=None)


@upstreams
@few
@given(said=answers(), cuts=_cuts)
def test_any_cuts_of_a_stream_are_the_same_events(server: Server, said: Said, cuts: list[int]) -> None:
    stream = server.streamed(said)
    assert decoded(server, cut(stream, cuts)) == decoded(server, [stream])


@upstreams
@few
@given(said=answers())
def test_a_stream_says_and_counts_what_the_whole_answer_does(server: Server, said: Said) -> None:
    there = target(server.name)
    whole = SPOKEN[there.dialect].read_answer(server.whole(said), there)
    streamed = decoded(server, [server.streamed(said)])
    assert said_in(streamed) == said_in(whole)


@fronts
@upstreams
@few
@given(said=answers(), cuts=_cuts)
def test_a_client_hears_the_same_whole_and_streamed(front: str, server: Server, said: Said, cuts: list[int]) -> None:
    """Through the hub, whatever the cuts."""
    heard_of: list[Heard] = []
    for streamed in (False, True):
        asked = plain_question(front, streamed=streamed)
        relay = HUB.prepare(front, Kind.CHAT, asked.ask, asked.sent, target(server.name), None).relay
        pieces = cut(server.streamed(said), cuts) if streamed else [server.whole(said)]
        told = b"".join([*map(relay.feed, pieces), relay.close()])
        assert (relay.fault, relay.ended) == (None, True)
        heard_of.append(said_in(listen(asked, told)))
    assert heard_of[0] == heard_of[1]


@fronts
@few
@given(said=answers(), streamed=st.booleans())
def test_what_a_language_reads_it_writes_with_the_same_meaning(front: str, said: Said, streamed: bool) -> None:  # noqa: FBT001
    dialect, there = FRONTS[front], target(front)
    events = dialect.read_answer(SERVERS[front].whole(said), there)
    asked = plain_question(front, streamed=streamed)
    written = dialect.encoder(asked.ask).feed(events) if streamed else dialect.write_answer(events, asked.ask)
    assert said_in(listen(asked, written)) == said_in(events)


@fronts
@few
@given(value=_json, name=st.from_regex(r"[a-z]{3,9}", fullmatch=True).map(lambda name: f"x{name}"))
def test_unknown_fields_travel_byte_for_byte(front: str, value: Any, name: str) -> None:
    """In whatever spelling, blanks and all: nobody between two sides of one language reads and writes them anew."""
    raw = msgspec.json.format(msgspec.json.encode(value), indent=3)
    asked = plain_question(front, streamed=False)
    body = asked.sent[:-1] + b',\n "%b" : %b}' % (name.encode(), raw)
    ask = HUB.read_ask(front, Kind.CHAT, body, asked.where)
    sent = HUB.prepare(front, Kind.CHAT, ask, body, target(front), None).body
    assert raw in sent
    assert name.encode() in sent


def plain_question(front: str, *, streamed: bool) -> Question:
    """A case that asks nothing peculiar."""
    return question(front, CASES[0], streamed=streamed)


def cut(stream: bytes, places: Iterable[int]) -> list[bytes]:
    """In pieces that end at these places."""
    ends = sorted({place % (len(stream) + 1) for place in places} | {len(stream)})
    return [stream[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def decoded(server: Server, pieces: Iterable[bytes]) -> list[Event]:
    """A stream's events."""
    there = target(server.name)
    decoder = SPOKEN[there.dialect].decoder(there)
    return [*(event for piece in pieces for event in decoder.feed(piece)), *decoder.close()]


def said_in(events: list[Event]) -> Heard:
    """What events say, without what only bytes show."""
    return {name: value for name, value in heard(events, b"").items() if name not in ("cited", "likely")}
