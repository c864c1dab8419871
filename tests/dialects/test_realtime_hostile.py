"""Realtime sessions between sides that mean no good, and the law that what is not judged is not touched."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import OP_BINARY, OP_CLOSE, OP_CONT, OP_PING, OP_TEXT, Close, Frame, Opcode
from websockets.protocol import Protocol, Side

from headworks.dialects.openai_realtime.session import LARGEST_MESSAGE, MOST_FRAMES, RealtimeSession
from tests.dialects.test_realtime_session import Table, anything, heard, only, write_fault


def masked(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    """A client's frame."""
    return Frame(opcode, data, fin).serialize(mask=True)


def plain(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    """An upstream's frame."""
    return Frame(opcode, data, fin).serialize(mask=False)


def session() -> RealtimeSession:
    return RealtimeSession("voice", anything, write_fault)


BAD_FRAMES = {
    "unmasked": plain(OP_TEXT, b"{}"),
    "compressed": bytes((0xC1, 0x80, 0, 0, 0, 0)),
    "reserved bits": bytes((0xB1, 0x80, 0, 0, 0, 0)),
    "an unknown kind": bytes((0x83, 0x80, 0, 0, 0, 0)),
    "a ping in pieces": bytes((0x09, 0x80, 0, 0, 0, 0)),
    "a large ping": masked(OP_TEXT, b"x" * 200).replace(b"\x81", b"\x89", 1),
    "a continuation of nothing": masked(OP_CONT, b"{}"),
    "a new message within a message": masked(OP_TEXT, b"{", fin=False) + masked(OP_TEXT, b"}"),
    "a goodbye of one byte": masked(OP_CLOSE, b"\x03"),
    "a goodbye with a code that nobody may send": masked(OP_CLOSE, (1005).to_bytes(2, "big")),
    "a goodbye that is not UTF-8": masked(OP_CLOSE, (1000).to_bytes(2, "big") + b"\xff"),
    "a message beyond all bounds": bytes((0x81, 0xFF)) + (2**62).to_bytes(8, "big"),
    "a message that is a little too large": bytes((0x81, 0xFF)) + (LARGEST_MESSAGE + 1).to_bytes(8, "big") + b"mask",
}


@pytest.mark.parametrize("data", BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
def test_a_client_that_speaks_no_proper_websocket_is_told_and_left(data: bytes) -> None:
    talk = session()
    passed = talk.from_client(masked(OP_TEXT, b'{"type":"a"}') + data + masked(OP_TEXT, b'{"type":"b"}'))

    assert talk.over
    assert talk.fault is not None
    assert talk.fault.code == "malformed_request"
    assert passed.to_client[0] == 0x88
    upstream = Protocol(Side.SERVER)
    upstream.receive_data(passed.to_upstream)
    kinds = [event.opcode for event in upstream.events_received() if isinstance(event, Frame)]
    assert kinds == [OP_TEXT, OP_CLOSE], "nothing behind it is passed on, and the upstream hears a goodbye"


def test_a_message_too_large_in_pieces_is_refused_before_it_is_kept() -> None:
    talk = session()
    piece = masked(OP_CONT, b"x" * 1_000_000, fin=False)
    talk.from_client(masked(OP_TEXT, b"x", fin=False))
    sent = 0
    while not talk.over:
        talk.from_client(piece)
        sent += 1_000_000
        assert sent <= LARGEST_MESSAGE + 1_000_000

    assert talk.fault is not None
    assert talk.fault.code == "malformed_request"


def test_pieces_without_end_take_no_more_room_than_what_is_in_them() -> None:
    """Neither empty ones nor tiny ones: what is kept of a message is its bytes."""
    talk = session()
    talk.from_client(masked(OP_TEXT, b"", fin=False))
    pieces = (masked(OP_CONT, b"", fin=False) + masked(OP_CONT, b"{}", fin=False)) * 500
    for _ in range(50):
        talk.from_client(pieces)

    assert not talk.over
    assert len(talk._of_client._come) == 50_000


@pytest.mark.parametrize(
    "frame",
    [masked(OP_PING, b""), masked(OP_CONT, b"", fin=False), masked(OP_TEXT, b"")],
    ids=["pings", "empty pieces", "empty messages"],
)
def test_who_sends_next_to_nothing_as_often_as_it_can_is_left(frame: bytes) -> None:
    """Each frame takes time on the loop that everybody shares."""
    talk = session()
    talk.from_client(masked(OP_TEXT, b"", fin=False) if frame[0] == 0 else b"")
    talk.from_client(frame * (MOST_FRAMES - 1))
    assert not talk.over
    passed = talk.from_client(frame * 20_000)

    assert talk.over
    assert talk.fault is not None
    assert "at once" in talk.fault.message
    assert len(passed.to_client) < 1_000_000


@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_a_binary_message_is_refused_in_pieces_too(pieces: int) -> None:
    table = Table()
    data = b'{"type":"response.create"}'
    size = -(-len(data) // pieces)
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        table.deliver(*table.session.from_client(masked(OP_CONT if number else OP_BINARY, part, fin=last)))

    assert heard(table.upstream) == []
    (refusal,) = heard(table.client)
    assert "binary" in refusal["error"]["message"]


def test_a_goodbye_before_a_message_is_complete_ends_it() -> None:
    talk = session()
    passed = talk.from_upstream(plain(OP_TEXT, b"{", fin=False) + plain(OP_CLOSE, Close(1000, "").serialize()))

    assert talk.over
    assert talk.fault is not None
    assert talk.fault.code == "upstream_garbage"
    assert passed.to_client[0] == 0x88


TWICE = {
    "its type": b'{"type":"session.update","session":{"tracing":"auto"},"type":"input_audio_buffer.append"}',
    "its type, escaped": b'{"type":"session.update","session":{"tracing":"auto"},"t\\u0079pe":"input_audio_buffer.append"}',
    "its session": b'{"type":"session.update","session":{"tracing":"auto"},"session":{}}',
    "a field of its session": b'{"type":"session.update","session":{"tracing":"auto","tracing":null}}',
    "a field of a tool": b'{"type":"session.update","session":{"tools":[{"type":"mcp","type":"function"}]}}',
    "a field of an item": b'{"type":"conversation.item.create","item":{"type":"mcp_list_tools","type":"message"}}',
    "its type, in another case": b'{"type":"input_audio_buffer.append","Type":"session.update","session":{"tracing":"auto"}}',
    "its session, in another case": b'{"type":"session.update","Session":{"tracing":"auto"}}',
    "a setting in another case": b'{"type":"session.update","session":{"TRACING":"auto"}}',
    "a tool's type in another case": b'{"type":"session.update","session":{"tools":[{"Type":"mcp"}]}}',
    "an item's type in another case": b'{"type":"conversation.item.create","item":{"TYPE":"mcp_list_tools"}}',
    "a part's type in another case": b'{"type":"conversation.item.create","item":{"content":[{"Type":"input_image"}]}}',
}


@pytest.mark.parametrize("message", TWICE.values(), ids=TWICE.keys())
def test_what_two_readers_could_understand_differently_stays_here(message: bytes) -> None:
    table = Table(only())
    table.client.send_text(message)
    table.pass_on()

    assert heard(table.upstream) == []
    (refusal,) = heard(table.client)
    assert refusal["error"]["code"] == "duplicate_field"


@pytest.mark.parametrize(
    "message",
    [
        b'{"type":"a","x":NaN}',
        b'{"type":"a","x":-Infinity}',
        b'\xef\xbb\xbf{"type":"a"}',
        b'{"type":"a"}{"type":"b"}',
        b'{"type":"a","x":"\xff"}',
        b'{"type":"input_audio_buffer.append","audio":"\xff"}',
        b'{"type":"a","x":' + b"[" * 40_000 + b"]" * 40_000 + b"}",
        b'{"type":"a","x":' + b"9" * 10_000 + b"}",
        '{"type":"a"}'.encode("utf-16"),
    ],
)
def test_what_is_not_quite_json_is_not_passed_on(message: bytes) -> None:
    table = Table()
    table.client.send_text(message)
    table.pass_on()

    assert heard(table.upstream) == []
    (refusal,) = heard(table.client)
    assert refusal["error"]["code"] in ("invalid_json", "invalid_request")


def test_an_event_that_would_be_long_in_reading_is_refused() -> None:
    table = Table()
    table.ask({"type": "conversation.item.create", "item": {"content": [{}] * 30_000}})

    (refusal,) = heard(table.client)
    assert "values" in refusal["error"]["message"]


def test_no_setting_beside_it_takes_a_cap_away() -> None:
    table = Table(cap=50)
    table.ask({"type": "response.create", "session": {"max_output_tokens": 1}, "response": {"max_output_tokens": 4096}})
    table.ask({"type": "session.update", "session": {"max_response_output_tokens": "inf"}})
    table.ask({"type": "session.update", "session": {"max_output_tokens": True}})

    first, second, third = heard(table.upstream)
    assert first["response"] == {"max_output_tokens": 50}
    assert second["session"] == {"max_response_output_tokens": 50}
    assert third["session"] == {"max_output_tokens": 50}


@pytest.mark.parametrize("name", ["voice", "gpt-realtime-2025-08-28"])
def test_a_session_may_say_its_own_model_again(name: str) -> None:
    """Agents' SDKs do. The upstream knows it by another name, and is not told."""
    table = Table()
    table.answer({"type": "session.created", "session": {"id": "s", "model": "gpt-realtime-2025-08-28"}})
    table.ask({"type": "session.update", "session": {"type": "realtime", "model": name, "unknown": [1.5]}})

    assert heard(table.upstream) == [{"type": "session.update", "session": {"type": "realtime", "unknown": [1.5]}}]


def test_answers_side_by_side_are_estimated_each_for_itself() -> None:
    table = Table()
    for name in ("resp_1", "resp_2"):
        table.answer({"type": "response.created", "response": {"id": name}})
        for _ in range(10):
            table.answer({"type": "response.output_audio.delta", "response_id": name, "delta": "A" * 3200})
    table.answer({"type": "response.done", "response": {"id": "resp_1", "usage": {"input_tokens": 9, "output_tokens": 11}}})

    unended = table.session.unended()
    assert unended.output_audio == 10
    assert unended.input == 20, "what the answer before it has read and said"


def test_who_leaves_before_the_end_pays_for_what_was_read() -> None:
    table = Table()
    usage = {"input_tokens": 1000, "output_tokens": 200, "input_token_details": {"audio_tokens": 600}}
    table.answer({"type": "response.done", "response": {"id": "resp_1", "usage": usage}})
    table.ask({"type": "input_audio_buffer.append", "audio": "A" * 64_000})
    assert table.session.unended().input == 0, "nothing reads it yet"
    table.answer({"type": "response.created", "response": {"id": "resp_2"}})

    unended = table.session.unended()
    assert unended.input == 1210
    assert unended.input_audio == 610


def test_answers_without_number_are_not_remembered_for_ever() -> None:
    table = Table()
    for number in range(1000):
        table.answer({"type": "response.output_text.delta", "response_id": str(number), "delta": "x"})

    assert len(table.session._unended._answers) <= 65


@pytest.mark.parametrize("response", [None, [], "x", {"id": 3}, {"usage": []}, {"usage": {"input_tokens": -1}}])
def test_an_answer_that_says_nonsense_of_itself_has_ended_all_the_same(response: Any) -> None:
    table = Table()
    table.answer({"type": "response.done", "response": response})

    assert table.session.answers == 1
    assert len(heard(table.client)) == 1


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_ours = ("type", "session", "response", "item")


def _event(kind: str, rest: dict[str, Any]) -> dict[str, Any]:
    return {**rest, "type": kind}


def _compact(event: dict[str, Any]) -> str:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


_events = st.builds(
    _event,
    st.sampled_from(("", "response.cancel", "output_audio_buffer.clear", "never.heard.of", "input_audio_buffer.append")),
    st.dictionaries(st.text(max_size=8).filter(lambda name: name.casefold() not in _ours), _json, max_size=5),
)
_spellings = st.sampled_from((json.dumps, _compact, partial(json.dumps, indent=1)))


@given(events=st.lists(st.tuples(_events, _spellings), min_size=1, max_size=4), cuts=st.lists(st.integers(1, 60), max_size=8))
def test_what_nobody_here_knows_travels_byte_for_byte_both_ways(events: list[tuple[Any, Any]], cuts: list[int]) -> None:
    messages = [spell(event).encode("utf-8", "surrogatepass") for event, spell in events]
    table = Table(only())
    for side, carry in ((table.client, table.session.from_client), (table.upstream, table.session.from_upstream)):
        for message in messages:
            side.send_text(message)
        data = b"".join(side.data_to_send())
        start = 0
        for cut in (*cuts, len(data)):
            table.deliver(*carry(data[start : start + cut]))
            start += cut

    for side in (table.upstream, table.client):
        assert [bytes(event.data) for event in side.events_received() if isinstance(event, Frame)] == messages


@given(data=st.binary(max_size=400), cuts=st.lists(st.integers(1, 60), max_size=8))
def test_no_bytes_of_either_side_raise_anything(data: bytes, cuts: list[int]) -> None:
    talk = RealtimeSession("voice", only(), write_fault, cap=5)
    start = 0
    for cut in (*cuts, len(data)):
        talk.from_client(data[start : start + cut])
        talk.from_upstream(data[start : start + cut])
        start += cut


@pytest.mark.parametrize(
    "event",
    [
        {"type": "conversation.item.create", "item": {"content": [{"type": "input_image", "file_id": "file-1"}]}},
        {"type": "response.create", "response": {"input": [{"content": [{"type": "input_file", "file_id": "file-1"}]}]}},
        {"type": "session.update", "session": {"prompt": {"id": "pmpt_1", "variables": {"x": {"file_id": "file-1"}}}}},
        {
            "type": "conversation.item.create",
            "item": {"type": "tool_use", "content": [{"type": "input_image", "file_id": "file-1"}]},
        },
        {"type": "session.update", "session": {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]}},
        {"type": "session.update", "session": {"tools": [{"type": "code_interpreter", "container": "cntr_1"}]}},
    ],
)
def test_what_the_provider_keeps_is_not_named_whoever_may_do_everything(event: dict[str, Any]) -> None:
    """All callers share its account."""
    table = Table()
    table.ask(event)

    assert heard(table.upstream) == []
    (refusal,) = heard(table.client)
    assert refusal["error"]["code"] == "unknown_id"


def test_a_functions_schema_may_speak_of_files() -> None:
    table = Table()
    schema = {"type": "object", "properties": {"file_id": {"type": "string"}}, "required": ["file_id"]}
    event = {"type": "session.update", "session": {"tools": [{"type": "function", "name": "f", "parameters": schema}]}}
    table.ask(event)

    assert heard(table.upstream) == [event]
