"""Whatever bytes come, from a client or an upstream, they are read or refused: nothing but a `Fault` is raised."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from headworks.domain.call import Kind
from headworks.domain.errors import Fault
from headworks.domain.events import Ended, PartStarted
from headworks.testing import sample_target
from tests.dialects.anthropic_answers import answers, stream_of
from tests.dialects.anthropic_wire import DIALECT, Json, ask, pieces, question, sse, target, write

_leaves = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(0, 9), st.text(max_size=3))
_values: st.SearchStrategy[Any] = st.recursive(
    _leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["type", "x"]), inner, max_size=2)),
)


@st.composite
def _spoilt(draw: st.DrawFn, whole: Json) -> Json:
    """The same object with one value somewhere in it replaced."""
    spoilt: Any = msgspec.json.decode(msgspec.json.encode(whole))
    node = spoilt
    while True:
        keys = list(range(len(node))) if isinstance(node, list) else list(node)
        key = draw(st.sampled_from(keys))
        if isinstance(node[key], dict | list) and node[key] and draw(st.booleans()):
            node = node[key]
        else:
            node[key] = draw(_values)
            return spoilt


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=3))
@example(b'data: {"type":"error","error":5}\n\n', [])
@example(b'data: "message_start"\n\n', [])
@example(b'{"content":""}', [])
def test_any_bytes_from_an_upstream(data: bytes, cuts: list[int]) -> None:
    running = DIALECT.untouched(Kind.CHAT, ask({**question(), "stream": True}), target())
    complete = DIALECT.untouched(Kind.CHAT, ask(question()), target())
    decoder = DIALECT.decoder(target())

    for piece in pieces(data, cuts):
        running.feed(piece)
        with contextlib.suppress(Fault):
            decoder.feed(piece)
    running.close()
    complete.feed(data)
    complete.close()

    assert running.fault is not None
    assert complete.fault is not None
    assert DIALECT.read_fault(500, [], data).code == "upstream_error"


@given(answers, st.data())
def test_a_spoilt_stream(answer: Json, data: Any) -> None:
    events = stream_of(answer)
    place = data.draw(st.integers(0, len(events) - 1))
    events[place] = data.draw(_spoilt(events[place]))
    stream = sse(*({**event, "type": str(event.get("type"))} for event in events))
    running = DIALECT.untouched(Kind.CHAT, ask({**question(), "stream": True}), target())
    decoder = DIALECT.decoder(target())
    read: list[Any] = []

    out = running.feed(stream) + running.close()
    with contextlib.suppress(Fault):
        read = [*decoder.feed(stream), *decoder.close()]

    assert stream.startswith(out)
    assert all(isinstance(event, PartStarted | Ended) or event for event in read)


@given(answers, st.data())
def test_a_spoilt_whole_answer(answer: Json, data: Any) -> None:
    body = msgspec.json.encode(data.draw(_spoilt(answer)))
    complete = DIALECT.untouched(Kind.CHAT, ask(question()), target())

    out = complete.feed(body)
    assert out == (b"" if complete.fault is not None else body)
    with contextlib.suppress(Fault):
        assert DIALECT.read_answer(body, target())


def test_an_empty_effort_comes_out_as_it_went_in() -> None:
    body = question(output_config={"effort": "", "format": {"type": "json_schema", "schema": {}}})

    assert write(DIALECT.read_request(ask(body)), sample_target("x/y", dialect="anthropic", model=body["model"])) == (body, [])


@given(st.data())
def test_a_spoilt_request(data: Any) -> None:
    """Refused with a reason, or understood: then it comes out as it went in."""
    content = [
        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBOR"}},
        {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "x"}]},
        {"type": "thinking", "thinking": "t", "signature": "s"},
    ]
    body = data.draw(
        _spoilt(
            question(
                system="s",
                messages=[{"role": "user", "content": content}],
                tools=[{"name": "f", "input_schema": {"type": "object"}}],
                tool_choice={"type": "tool", "name": "f"},
                thinking={"type": "enabled", "budget_tokens": 2000},
                output_config={"effort": "low", "format": {"type": "json_schema", "schema": {}}},
                stop_sequences=["x"],
                metadata={"user_id": "u"},
                temperature=0.5,
            )
        )
    )
    with contextlib.suppress(Fault):
        talk = DIALECT.read_request(ask(body))
        assert write(talk, sample_target("x/y", dialect="anthropic", model=body["model"])) == (body, [])
