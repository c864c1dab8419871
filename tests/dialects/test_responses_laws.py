"""Laws of Responses, over random answers, questions and cuts."""

from __future__ import annotations

from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.call import Ask, Kind
from headworks.domain.events import Event
from headworks.domain.target import AskedModel
from tests.dialects.crossing import meaning
from tests.dialects.responses_wire import DIALECT, Json, decode, target, told
from tests.dialects.test_cross_laws import event_lists

STREAMED = Ask(model=AskedModel("m"), stream=True)
WHOLE = Ask(model=AskedModel("m"))

_words = st.text(alphabet=st.characters(codec="utf-8"), max_size=9)
_values: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | _words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_words, inner, max_size=2),
    max_leaves=6,
)


@given(event_lists())
def test_an_answer_comes_back_as_it_went_streamed_and_whole(events: list[Event]) -> None:
    stream = DIALECT.encoder(STREAMED).feed(events)
    whole = DIALECT.write_answer(events, WHOLE)

    assert meaning(decode([stream])) == meaning(DIALECT.read_answer(whole, target()))


@given(event_lists(), st.data())
def test_a_stream_is_read_and_passed_on_alike_in_any_cuts(events: list[Event], data: st.DataObject) -> None:
    stream = DIALECT.encoder(STREAMED).feed(events)
    places = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=9)) | {0, len(stream)})
    pieces = [stream[start:end] for start, end in pairwise(places)]
    relay = DIALECT.untouched(Kind.CHAT, STREAMED, target())
    at_once = DIALECT.untouched(Kind.CHAT, STREAMED, target())

    assert decode(pieces) == decode([stream])
    assert b"".join([*map(relay.feed, pieces), relay.close()]) == stream == at_once.feed(stream)
    assert (relay.usage, relay.upstream_id, relay.pieces) == (at_once.usage, at_once.upstream_id, at_once.pieces)
    assert relay.ended


@given(event_lists())
def test_the_events_of_a_stream_are_numbered_from_naught(events: list[Event]) -> None:
    encoder = DIALECT.encoder(STREAMED)
    said = told(b"".join(encoder.feed([event]) for event in events))

    assert [event["sequence_number"] for event in said] == list(range(len(said)))
    assert [event["type"] for event in said[:2]] == ["response.created", "response.in_progress"]
    assert said[-1]["type"] in ("response.completed", "response.incomplete")


@given(st.dictionaries(_words.map(lambda name: f"x{name}"), _values, max_size=5), _values)
def test_unknown_fields_survive_byte_for_byte(unknown: dict[str, object], inside: object) -> None:
    """At the top, in items and in tools, to an upstream of the same language."""
    asked: Json = {
        "model": "m",
        "input": [{"role": "user", "content": "Hi", "x": inside}],
        "tools": [{"type": "function", "name": "f", "x": inside}],
        "store": False,
        **unknown,
    }
    body = msgspec.json.encode(asked)

    sent = DIALECT.patch(Kind.CHAT, DIALECT.read_ask(Kind.CHAT, body), target("m"), None)

    assert sent == body
