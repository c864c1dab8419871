"""Realtime sessions, message by message: what passes, what stays, what is counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import OP_CLOSE, OP_TEXT, Close, Frame
from websockets.protocol import Protocol, Side

from headworks.dialects.openai_realtime import RealtimeSession
from headworks.domain.errors import Fault
from headworks.domain.usage import Usage

USAGE = {
    "total_tokens": 300,
    "input_tokens": 200,
    "output_tokens": 100,
    "input_token_details": {
        "text_tokens": 80,
        "audio_tokens": 120,
        "cached_tokens": 64,
        "cached_tokens_details": {"text_tokens": 24, "audio_tokens": 40},
    },
    "output_token_details": {"text_tokens": 30, "audio_tokens": 70},
}
COUNTED = Usage(input=200, output=100, cache_read=64, input_audio=120, cache_audio_read=40, output_audio=70)


def anything(_features: frozenset[str]) -> None:
    """A caller who may do everything."""


def only(*allowed: str) -> Callable[[frozenset[str]], None]:
    """A caller who may do this."""

    def judge(features: frozenset[str]) -> None:
        for feature in features - set(allowed):
            raise Fault("feature_not_allowed", f"not {feature}")

    return judge


def write_fault(fault: Fault) -> bytes:
    """As short as can be."""
    return json.dumps({"type": "error", "error": {"code": fault.code, "message": fault.message}}).encode()


class Table:
    """A client and an upstream with a session between them."""

    def __init__(self, judge: Callable[[frozenset[str]], None] = anything, cap: int | None = None) -> None:
        self.session = RealtimeSession("voice", judge, write_fault, cap)
        self.client = Protocol(Side.CLIENT)
        self.upstream = Protocol(Side.SERVER)

    def ask(self, event: dict[str, Any]) -> None:
        """The client sends an event."""
        self.client.send_text(json.dumps(event).encode())
        self.pass_on()

    def answer(self, event: dict[str, Any]) -> None:
        """The upstream sends one."""
        self.upstream.send_text(json.dumps(event).encode())
        self.pass_on()

    def pass_on(self) -> None:
        """Carry what either has written, and what comes of it."""
        for data in self.client.data_to_send():
            self.deliver(*self.session.from_client(data))
        for data in self.upstream.data_to_send():
            self.deliver(*self.session.from_upstream(data))

    def deliver(self, to_client: bytes, to_upstream: bytes) -> None:
        """What the session has for the two."""
        self.client.receive_data(to_client)
        self.upstream.receive_data(to_upstream)


def heard(side: Protocol) -> list[dict[str, Any]]:
    """Events that have come."""
    return [json.loads(bytes(e.data)) for e in side.events_received() if isinstance(e, Frame) and e.opcode is OP_TEXT]


def goodbye(side: Protocol) -> tuple[int, str]:
    """With which words it was left."""
    (said,) = [Close.parse(bytes(e.data)) for e in side.events_received() if isinstance(e, Frame) and e.opcode is OP_CLOSE]
    return said.code, said.reason


def test_events_pass_both_ways_as_they_are() -> None:
    table = Table()
    table.ask({"type": "input_audio_buffer.append", "audio": "AAAA", "unheard_of": [1, {"x": None}]})
    table.answer({"type": "response.output_audio.delta", "delta": "BBBB", "new": True})

    assert heard(table.upstream) == [{"type": "input_audio_buffer.append", "audio": "AAAA", "unheard_of": [1, {"x": None}]}]
    assert heard(table.client) == [{"type": "response.output_audio.delta", "delta": "BBBB", "new": True}]


def test_answers_are_counted_as_they_are_reported() -> None:
    table = Table()
    table.answer({"type": "session.created", "session": {"id": "sess_1", "model": "gpt-realtime-2025-08-28"}})
    table.answer({"type": "response.done", "response": {"id": "resp_1", "usage": USAGE}})
    table.answer({"type": "response.done", "response": {"id": "resp_2", "usage": USAGE}})
    table.answer({"type": "response.done", "response": {"id": "resp_3", "status": "cancelled"}})

    session = table.session
    assert (session.served_model, session.upstream_id) == ("gpt-realtime-2025-08-28", "sess_1")
    assert (session.answers, session.usage) == (3, COUNTED + COUNTED)


def test_what_is_written_down_by_the_way_is_counted() -> None:
    table = Table()
    usage = {"type": "tokens", "input_tokens": 9, "output_tokens": 4, "input_token_details": {"audio_tokens": 9}}
    table.answer({"type": "conversation.item.input_audio_transcription.completed", "usage": usage, "transcript": "hello"})

    assert table.session.usage == Usage(input=9, output=4, input_audio=9)


@pytest.mark.parametrize(
    ("event", "feature"),
    [
        ({"type": "session.update", "session": {"tools": [{"type": "mcp", "server_url": "https://x"}]}}, "mcp"),
        ({"type": "session.update", "session": {"tools": [{"type": "function", "name": "f"}]}}, "tools"),
        ({"type": "session.update", "session": {"prompt": {"id": "pmpt_1"}}}, "prompt"),
        ({"type": "session.update", "session": {"tracing": "auto"}}, "store"),
        ({"type": "session.update", "session": {"audio": {"input": {"transcription": {"model": "whisper-1"}}}}}, "models"),
        ({"type": "session.update", "session": {"input_audio_transcription": {"model": "whisper-1"}}}, "models"),
        ({"type": "response.create", "response": {"tools": [{"type": "web_search"}]}}, "web_search"),
        (
            {"type": "response.create", "response": {"input": [{"type": "message", "content": [{"type": "input_image"}]}]}},
            "images",
        ),
        ({"type": "conversation.item.create", "item": {"content": [{"type": "input_image", "image_url": "data:"}]}}, "images"),
        ({"type": "conversation.item.create", "item": {"content": [{"type": "input_audio", "audio": "A"}]}}, "audio"),
        ({"type": "conversation.item.create", "item": {"type": "mcp_approval_response"}}, "mcp"),
    ],
)
def test_what_a_caller_may_not_use_stays_here_and_the_session_goes_on(event: dict[str, Any], feature: str) -> None:
    table = Table(only())
    table.ask(event)
    table.ask({"type": "response.create"})

    assert heard(table.upstream) == [{"type": "response.create"}]
    (refusal,) = heard(table.client)
    assert refusal["error"] == {"code": "feature_not_allowed", "message": f"not {feature}"}

    free = Table(only(feature))
    free.ask(event)
    assert heard(free.upstream) == [event]


@pytest.mark.parametrize("where", ["session", "response"])
def test_a_session_keeps_the_model_of_its_address(where: str) -> None:
    table = Table()
    table.ask({"type": "session.update", where: {"model": "gpt-dearer"}})

    assert heard(table.upstream) == []
    (refusal,) = heard(table.client)
    assert refusal["error"]["code"] == "invalid_request"
    assert "?model=" in refusal["error"]["message"]


@pytest.mark.parametrize("message", [b"", b"[]", b"{", b'{"type": 3}', b"\xff\xfe", b'{"type": "\xff"}', b'"session.update"'])
def test_what_is_no_event_is_answered_with_what_to_do(message: bytes) -> None:
    table = Table()
    table.client.send_text(message)
    table.pass_on()

    assert heard(table.upstream) == []
    (refusal,) = heard(table.client)
    assert refusal["error"]["code"] == "invalid_json"
    assert "one JSON object" in refusal["error"]["message"]


def test_answers_are_kept_to_what_a_limit_allows() -> None:
    """From the first on, whatever the client asks for: shorter ones are its own affair."""
    table = Table(cap=50)
    table.answer({"type": "session.created", "session": {"id": "s"}})
    table.ask({"type": "response.create"})
    table.ask({"type": "response.create", "response": {"max_output_tokens": "inf"}})
    table.ask({"type": "response.create", "response": {"max_output_tokens": 20}})
    table.ask({"type": "session.update", "session": {"voice": "x"}})

    kept, *asked = heard(table.upstream)
    assert kept["session"]["max_output_tokens"] == 50
    assert [(event.get("response") or event.get("session") or {}).get("max_output_tokens") for event in asked] == [
        50,
        50,
        20,
        50,
    ]


def test_a_clients_goodbye_reaches_the_upstream() -> None:
    table = Table()
    table.client.send_close(4001, "bye")
    table.pass_on()

    assert goodbye(table.upstream) == (4001, "bye")
    assert table.session.over
    assert table.session.fault is None


def test_an_upstreams_goodbye_reaches_the_client() -> None:
    table = Table()
    table.upstream.send_close(1000, "session expired")
    table.pass_on()

    assert goodbye(table.client) == (1000, "session expired")


def test_who_is_cut_off_is_told_why() -> None:
    table = Table()
    table.deliver(*table.session.end(Fault("quota_exceeded", "Spent."), "req_1"))

    events = [e for e in table.client.events_received() if isinstance(e, Frame)]
    assert json.loads(bytes(events[0].data))["error"]["code"] == "quota_exceeded"
    assert Close.parse(bytes(events[1].data)) == Close(1008, "quota_exceeded req_1")
    assert goodbye(table.upstream)[0] == 1000


def test_an_upstream_that_speaks_nonsense_ends_the_session() -> None:
    table = Table()
    table.deliver(*table.session.from_upstream(b"HTTP/1.1 200 OK\r\n\r\n" + b"nonsense" * 20))

    assert table.session.over
    assert table.session.fault is not None
    assert table.session.fault.code == "upstream_garbage"
    assert goodbye(table.client)[0] == 1011


def test_a_message_in_pieces_is_judged_as_one() -> None:
    """Nobody smuggles a tool past in two halves."""
    table = Table(only())
    event = json.dumps({"type": "session.update", "session": {"tools": [{"type": "mcp"}]}}).encode()
    table.client.send_text(event[:30], fin=False)
    table.client.send_continuation(event[30:], fin=True)
    table.pass_on()

    assert heard(table.upstream) == []


@given(cuts=st.lists(st.integers(1, 400), max_size=12), count=st.integers(1, 4))
def test_cuts_change_nothing(cuts: list[int], count: int) -> None:
    """However the network cuts it, the client hears the same, and the same is counted."""
    source = Protocol(Side.SERVER)
    for number in range(count):
        source.send_text(json.dumps({"type": "response.done", "response": {"id": str(number), "usage": USAGE}}).encode())
    data = b"".join(source.data_to_send())
    table = Table()
    start = 0
    for cut in (*cuts, len(data)):
        table.deliver(*table.session.from_upstream(data[start : start + cut]))
        start += cut

    assert len(heard(table.client)) == count
    assert table.session.answers == count
    assert table.session.usage.input == 200 * count
