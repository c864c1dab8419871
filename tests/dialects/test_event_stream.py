"""AWS's event streams: any cuts give the same messages, botocore reads them alike, and what is damaged is told."""

from __future__ import annotations

import struct
from typing import Any
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer  # pyright: ignore[reportMissingTypeStubs]
from hypothesis import given
from hypothesis import strategies as st

from headworks.dialects.event_stream import Message, MessageReader
from headworks.domain.errors import Fault
from tests.dialects.bedrock_wire import framed, message, stream

_NAMES = st.text("abcdefghij-:", min_size=1, max_size=20)
_VALUES = st.one_of(
    st.tuples(st.just(7), st.text(max_size=30)),
    st.tuples(st.just(6), st.binary(max_size=30)),
    st.tuples(st.sampled_from((0, 1, 2, 3, 4, 5, 8, 9)), st.just(None)),
)
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_MESSAGES = st.lists(st.tuples(st.dictionaries(_NAMES, _VALUES, max_size=4), st.binary(max_size=200)), max_size=5)


def _encoded(headers: dict[str, tuple[int, Any]]) -> bytes:
    out = b""
    for name, (kind, value) in headers.items():
        out += bytes((len(name),)) + name.encode() + bytes((kind,))
        if kind in (6, 7):
            raw = value.encode() if kind == 7 else value
            out += struct.pack(">H", len(raw)) + raw
        else:
            out += bytes(_SIZES[kind])
    return out


def _read(pieces: list[bytes]) -> list[Message]:
    reader = MessageReader()
    return [one for piece in pieces for one in reader.feed(piece)]


@given(_MESSAGES, st.data())
def test_any_cuts_give_the_same_messages_and_botocore_reads_them_alike(
    messages: list[tuple[dict[str, tuple[int, Any]], bytes]], data: st.DataObject
) -> None:
    whole = b"".join(framed(_encoded(headers), payload) for headers, payload in messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]

    ours = _read(pieces)

    judge = EventStreamBuffer()
    judge.add_data(whole)
    theirs = list(judge)
    assert [one.payload for one in ours] == [one.payload for one in theirs]
    assert [one.headers for one in ours] == [
        {name: value for name, (kind, value) in headers.items() if kind == 7} for headers, _ in messages
    ]
    assert [{n: v for n, v in one.headers.items() if isinstance(v, str)} for one in theirs] == [one.headers for one in ours]


def test_byte_by_byte_it_is_the_same() -> None:
    whole = stream(("messageStart", {"role": "assistant"}), ("messageStop", {"stopReason": "end_turn"}))

    assert _read([bytes((byte,)) for byte in whole]) == _read([whole])


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_changed_byte_is_never_taken_for_a_message(place: int, change: int) -> None:
    whole = bytearray(message({"role": "assistant"}, "messageStart"))
    whole[place % len(whole)] ^= change

    try:
        messages = _read([bytes(whole)])
    except Fault:
        messages = []

    assert messages == []


def test_a_message_larger_than_the_bound_is_refused_before_it_has_come() -> None:
    prelude = struct.pack(">II", 5000, 0)
    reader = MessageReader(max_bytes=4096)

    with pytest.raises(Fault, match="more than 4096 bytes") as raised:
        reader.feed(prelude + struct.pack(">I", crc32(prelude)))

    assert raised.value.code == "upstream_too_large"


def test_headers_that_do_not_fit_are_told() -> None:
    with pytest.raises(Fault, match="headers are damaged"):
        _read([framed(b"\x05abc", b"{}")])


def test_a_torso_is_known_as_one() -> None:
    reader = MessageReader()
    whole = message({"role": "assistant"}, "messageStart")

    assert reader.feed(whole[:-1]) == []
    assert reader.torn
    assert len(reader.feed(whole[-1:])) == 1
    assert not reader.torn


def test_an_exception_is_told_by_its_name() -> None:
    (told,) = _read([message({"message": "slower"}, "throttlingException", "exception")])

    assert (told.event, told.trouble) == ("", "throttlingException")
