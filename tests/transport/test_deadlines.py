"""When patience ends: each deadline, what moves it, and what does not. Time moves by hand."""

from __future__ import annotations

import pytest

from headworks.domain.target import Timeouts
from tests.transport.house import OK, ORIGIN, request
from tests.transport.recorder import Recorder
from tests.transport.wired import Wired

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n"
TIMEOUTS = Timeouts(first_byte=30.0, idle=10.0, total=100.0)


def wired(timeouts: Timeouts = TIMEOUTS, body: bytes = b"{}") -> Wired:
    return Wired(asked=request(ORIGIN, body, timeouts))


def code(told: Recorder) -> str:
    return "" if told.ending is None else told.fault.code


def test_the_first_byte_has_its_own_deadline() -> None:
    bench = wired()
    bench.move(29.9)
    assert code(bench.told) == ""
    bench.move(0.3)
    assert code(bench.told) == "first_byte_timeout"
    assert bench.transport.aborted
    assert bench.home.given_back == [None]


def test_half_a_head_does_not_move_it() -> None:
    bench = wired()
    bench.move(20.0)
    bench.feed(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent")
    bench.move(10.2)
    assert code(bench.told) == "first_byte_timeout"


def test_each_piece_moves_the_idle_deadline() -> None:
    bench = wired()
    bench.feed(HEAD)
    for _ in range(5):
        bench.move(9.0)
        bench.feed(b"x")
    assert code(bench.told) == ""
    bench.move(10.2)
    assert code(bench.told) == "idle_timeout"


def test_idle_begins_at_the_head_even_where_it_is_shorter_than_the_rest_of_the_first_byte_timeout() -> None:
    bench = wired(Timeouts(first_byte=1000.0, idle=10.0, total=2000.0))
    bench.move(1.0)
    bench.feed(HEAD)
    bench.move(10.2)
    assert code(bench.told) == "idle_timeout"


def test_the_total_deadline_is_moved_by_nothing() -> None:
    bench = wired()
    bench.feed(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    for _ in range(10):
        bench.move(9.95)
        bench.feed(b"1\r\nx\r\n")
    assert code(bench.told) == ""
    bench.move(0.7)
    assert code(bench.told) == "total_timeout"


def test_a_paused_taker_is_not_an_idle_upstream() -> None:
    bench = wired()
    bench.feed(HEAD)
    bench.line.pause()
    bench.move(50.0)
    assert code(bench.told) == ""
    bench.line.resume()
    bench.move(9.0)
    assert code(bench.told) == ""
    bench.move(1.2)
    assert code(bench.told) == "idle_timeout"


def test_a_short_sleep_of_the_taker_starts_the_idle_deadline_anew() -> None:
    bench = wired()
    bench.feed(HEAD)
    bench.line.pause()
    bench.move(9.0)
    bench.line.resume()
    bench.move(9.9)
    assert code(bench.told) == ""


def test_a_taker_paused_before_the_head_is_not_a_slow_upstream() -> None:
    bench = wired()
    bench.line.pause()
    bench.move(50.0)
    assert code(bench.told) == ""
    bench.line.resume()
    bench.move(30.2)
    assert code(bench.told) == "first_byte_timeout"


def test_the_total_deadline_ends_a_paused_answer_too() -> None:
    """What waited is dropped: its taker had its time."""
    bench = wired()
    bench.feed(HEAD)
    bench.line.pause()
    bench.connection.data_received(b"held")
    bench.move(100.2)
    assert code(bench.told) == "total_timeout"
    assert bench.told.body == b""


def test_a_slow_upload_is_no_slow_answer_while_it_moves() -> None:
    bench = Wired()
    bench.feed(OK)
    bench.transport.limit = 0
    told = Recorder()
    bench.ask(told, request(ORIGIN, b"x" * 1_000_000, TIMEOUTS))
    for _ in range(3):
        bench.move(29.0)
        bench.connection.resume_writing()
    assert code(told) == ""
    bench.move(13.5)
    assert code(told) == "total_timeout"


def test_a_stuck_upload_is() -> None:
    bench = Wired()
    bench.feed(OK)
    bench.transport.limit = 0
    told = Recorder()
    bench.ask(told, request(ORIGIN, b"x" * 1_000_000, TIMEOUTS))
    bench.move(30.2)
    assert code(told) == "first_byte_timeout"


def test_an_idle_connection_has_its_own_deadline() -> None:
    bench = wired()
    bench.feed(OK)
    bench.move(54.9)
    assert not bench.connection.closed
    bench.move(0.3)
    assert bench.connection.closed
    assert bench.transport.aborted


def test_one_timer_serves_many_exchanges() -> None:
    """A kept connection is looked at about once in its shortest patience, not once per request."""
    bench = wired()
    looks = 0
    look = bench.connection.on_time

    def counted(now: float) -> float | None:
        nonlocal looks
        looks += 1
        return look(now)

    class Counted:
        due = bench.connection.due
        visit = bench.connection.visit
        on_time = staticmethod(counted)

    bench.feed(OK)
    bench.wheel.forget(bench.connection)
    timer = Counted()
    timer.due = timer.visit = float("inf")
    bench.wheel.watch(timer, bench.now + 10.0)
    for _ in range(1000):
        bench.move(0.1)
        bench.ask(Recorder(), request(ORIGIN, b"{}", TIMEOUTS))
        bench.feed(OK)
    assert looks <= 12


@pytest.mark.parametrize("shorter", [1.0, 3.0])
def test_a_hasty_request_on_a_connection_used_by_a_patient_one(shorter: float) -> None:
    """The timer of the connection is pulled forward."""
    bench = wired()
    bench.feed(OK)
    told = Recorder()
    bench.ask(told, request(ORIGIN, b"{}", Timeouts(first_byte=shorter, idle=50.0, total=100.0)))
    bench.move(shorter + 0.2)
    assert code(told) == "first_byte_timeout"
