"""Where an answer ends, and whether that was its end: laws over every framing, every cut and every kind of break."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.errors import Fault
from tests.transport.answers import SAMPLES, Valid, cut, valid_answers
from tests.transport.recorder import Recorder
from tests.transport.wired import Wired

ENDS = {"fin": None, "rst": ConnectionResetError(104, "Connection reset by peer")}


@given(st.data(), valid_answers)
def test_cuts_do_not_matter(data: st.DataObject, answer: Valid) -> None:
    """However the bytes are cut into reads, the receiver hears the same."""
    wired = Wired()

    wired.feed(*data.draw(cut(answer.wire)))
    if answer.until_close:
        wired.end()

    assert wired.told.done
    assert not wired.told.objections
    assert (wired.told.status, wired.told.body) == (answer.status, answer.body)
    assert wired.home.given_back == [wired.connection if answer.keeps else None]
    assert wired.connection.closed is not answer.keeps


@given(valid_answers, valid_answers)
def test_answers_one_after_the_other_on_one_connection(first: Valid, second: Valid) -> None:
    wired = Wired()
    wired.feed(first.wire)
    if not first.keeps:
        return
    told = type(wired.told)()
    wired.ask(told)
    wired.feed(second.wire)
    if second.until_close:
        wired.end()

    assert told.done
    assert (told.status, told.body) == (second.status, second.body)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("answer", SAMPLES, ids=lambda sample: sample.wire[:60].decode("latin-1").strip())
def test_cut_at_every_byte(answer: Valid, end: str) -> None:
    """A cut answer never ends cleanly: before its head it was reset, after it severed; and the slot comes back once."""
    for length in range(len(answer.wire) + 1):
        wired = Wired()
        wired.feed(answer.wire[:length])
        wired.end(ENDS[end])

        told = wired.told
        ended_with_connection = answer.until_close and length >= answer.head and end == "fin"
        if ended_with_connection or (length == len(answer.wire) and not answer.until_close):
            assert told.done
            assert answer.body.startswith(told.body)
        else:
            assert told.fault.code == ("severed" if length >= answer.head else "upstream_reset")
        assert not told.objections
        assert len(wired.home.given_back) == 1


@given(st.data(), valid_answers, st.binary(min_size=1, max_size=20))
def test_bytes_after_the_end_cost_the_connection_and_nothing_else(data: st.DataObject, answer: Valid, surplus: bytes) -> None:
    if answer.until_close or not surplus.strip(b"\r\n"):
        return
    wired = Wired()
    wired.feed(*data.draw(cut(answer.wire + surplus)))

    assert wired.told.done
    assert wired.told.body == answer.body
    assert wired.connection.closed


@given(valid_answers, st.integers(0, 500), st.binary(min_size=1, max_size=8))
def test_damaged_answers_end_once_and_leave_nothing(answer: Valid, place: int, damage: bytes) -> None:
    """Whatever a few wrong bytes make of it: one ending, one slot back, nothing raised."""
    wired = Wired()
    wire = answer.wire[:place] + damage + answer.wire[place + len(damage) :]
    wired.feed(wire)
    wired.end()

    told = wired.told
    assert told.ending is not None
    assert not told.objections
    assert not wired.troubles
    assert len(wired.home.given_back) == 1
    if isinstance(told.ending, Fault):
        assert told.ending.code in {"upstream_garbage", "upstream_reset", "severed"}


def test_the_end_of_a_tls_connection_without_goodbye_is_no_end() -> None:
    """Over TLS only close_notify is announced as end-of-file; a bare FIN, which anyone could forge, is not."""
    wired = Wired()
    wired.feed(b"HTTP/1.1 200 OK\r\n\r\nhalf of")
    wired.connection.connection_lost(None)

    assert wired.told.fault.code == "severed"


def test_garbage_after_a_cancel_in_the_same_read_is_nobodys_business() -> None:
    wired = Wired()
    wired.told.on_piece = lambda _piece: wired.line.cancel()
    wired.feed(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n")

    assert wired.told.ending is None
    assert wired.home.given_back == [None]


def test_a_receiver_that_cancels_and_fails_as_its_request_is_sent_again() -> None:
    class Fickle(Recorder):
        def on_sent(self) -> None:
            if self.sent:
                wired.line.cancel()
                raise Fault("journal_unwritable", "The disk is full.")
            super().on_sent()

    wired = Wired()
    wired.feed(SAMPLES[0].wire)
    wired.line = wired.ask(Fickle())
    wired.end()
    assert wired.home.started_over == [wired.line]
    fresh = Wired()
    with pytest.raises(Fault):
        fresh.connection.begin(wired.line, fresh.now)
    assert fresh.home.given_back == [None]
