"""Clients that are slow, silent or gone, under a clock that the test moves."""

from __future__ import annotations

from headworks.domain.call import Call
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Reply
from headworks.domain.snapshot import EdgeSettings
from headworks.edge.patience import Patience
from tests.edge.rig import Client, House, PushedReply, get, post, pushing, run

EVENT = b'data: {"x":1}\n\n'


def test_a_silent_connection_is_closed_without_a_word() -> None:
    async def job() -> None:
        client = Client(House(header_timeout=10.0))

        await client.wait(11.0)

        assert (bytes(client.transport.sent), client.transport.closed) == (b"", True)

    run(job())


def test_a_head_sent_drop_by_drop_is_refused_in_time() -> None:
    async def job() -> None:
        client = Client(House(header_timeout=10.0))
        head = get(b"/v1/models", b"x: " + b"y" * 500)

        began = client.house.clock.now()
        while client.open:
            place = int(client.house.clock.now() - began)
            await client.send(head[place : place + 1])
            await client.wait(1.0)

        assert client.house.clock.now() - began < 12.0
        assert (client.answered.status, client.answered.said["code"]) == (408, "request_timeout")
        assert "header_timeout" in client.answered.said["message"]

    run(job())


def test_the_time_of_a_head_begins_with_its_first_byte() -> None:
    async def job() -> None:
        client = Client(House(header_timeout=10.0, idle_timeout=75.0))
        await client.send(get(b"/livez"))
        await client.wait(60.0)

        await client.send(b"GET /livez")
        await client.wait(9.0)
        await client.send(b" HTTP/1.1\r\nhost: x\r\n\r\n")

        assert [answer.status for answer in client.answers("GET", "GET")] == [200, 200]

    run(job())


def test_the_time_of_a_head_that_came_ahead_begins_with_its_turn() -> None:
    async def job() -> None:
        pushed = PushedReply()
        client = Client(House(pushing(pushed), header_timeout=10.0))

        await client.send(post() + b"GET /livez HTTP")
        await client.wait(30.0)
        pushed.finish()
        await client.wait(9.0)
        early = client.open
        await client.wait(2.0)

        assert early
        assert [answer.status for answer in client.answers()] == [200, 408]

    run(job())


def test_an_idle_connection_is_kept_for_its_time() -> None:
    async def job() -> None:
        client = Client(House(idle_timeout=75.0))

        await client.send(get(b"/livez"))
        await client.wait(74.0)
        early = client.transport.closed
        await client.wait(2.0)

        assert (early, client.transport.closed) == (False, True)
        assert len(client.answers("GET")) == 1

    run(job())


def test_a_client_that_takes_nothing_is_gone() -> None:
    async def job() -> None:
        pushed = PushedReply()
        client = Client(House(pushing(pushed), write_timeout=20.0))
        await client.send(post())
        client.transport.takes = False
        pushed.push(EVENT)

        await client.wait(19.0)
        early = client.transport.aborted
        await client.wait(8.0)

        assert (early, client.transport.aborted) == (False, True)
        assert pushed.outcomes == [Outcome(Ending.CLIENT_GONE, 499, "client_gone")]

    run(job())


def test_a_client_that_takes_nothing_is_gone_though_more_is_written_all_the_time() -> None:
    async def job() -> None:
        pushed = PushedReply()
        client = Client(House(pushing(pushed), write_timeout=20.0))
        await client.send(post())
        client.transport.takes = False

        for _ in range(60):
            pushed.push(EVENT)
            await client.wait(0.5)

        assert client.transport.aborted

    run(job())


def test_who_has_taken_all_is_looked_at_at_leisure() -> None:
    patience = Patience(EdgeSettings(write_timeout=20.0, request_timeout=900.0))
    patience.begin(1_000.0, body_complete=True)

    patience.stalled(1_001.0, sent=10, waiting=4)
    watched = patience.next_look(1_018.0, body_complete=True, probing=False)
    patience.stalled(1_019.0, sent=10, waiting=0)
    calm = patience.next_look(1_019.0, body_complete=True, probing=False)

    assert (watched, calm) == (1_021.0, 1_024.0)


def test_a_client_that_takes_a_little_now_and_then_is_served() -> None:
    async def job() -> None:
        pushed = PushedReply()
        client = Client(House(pushing(pushed), write_timeout=20.0))
        await client.send(post())
        client.transport.takes = False

        for _ in range(20):
            pushed.push(EVENT * 10)
            await client.wait(10.0)
            client.transport.take(3)

        assert not client.transport.closed

    run(job())


def test_a_quiet_stream_to_a_client_that_has_taken_all_goes_on() -> None:
    async def job() -> None:
        pushed = PushedReply()
        client = Client(House(pushing(pushed), write_timeout=20.0))
        await client.send(post())
        pushed.push(EVENT)

        await client.wait(200.0)
        pushed.finish()

        assert client.answered.complete

    run(job())


def test_a_client_that_never_takes_its_last_answer_is_cut() -> None:
    async def job() -> None:
        client = Client(House(write_timeout=20.0))
        client.transport.takes = False
        await client.send(post(b"/v1/messages", b"{}", b"connection: close"))

        await client.wait(15.0)
        early = client.transport.aborted
        await client.wait(20.0)

        assert (early, client.transport.closed, client.transport.aborted) == (False, True, True)

    run(job())


def test_a_slow_client_pauses_the_source_and_bounds_what_waits() -> None:
    async def job() -> None:
        pushed = PushedReply()
        client = Client(House(pushing(pushed), write_high_water=1_000))
        await client.send(post())
        client.transport.takes = False
        pushed.asked.clear()

        pushes = 0
        while not pushed.paused:
            pushed.push(EVENT)
            pushes += 1
        waited = client.transport.get_write_buffer_size()
        client.transport.take(waited)

        assert waited < 1_000 + 2 * len(EVENT) + 20
        assert pushed.asked == ["pause", "resume"]
        assert pushes > 10

    run(job())


def test_a_source_that_begins_on_a_slow_connection_is_paused_at_once() -> None:
    async def job() -> None:
        first, second = PushedReply(), PushedReply()
        replies = [first, second]

        async def give(call: Call) -> Reply:  # noqa: ARG001 - a handler's signature
            return replies.pop(0).reply

        client = Client(House(give, write_high_water=100))
        client.transport.takes = False
        await client.send(post() + post())
        first.push(EVENT * 20)
        first.finish()
        await client.send()

        assert second.paused
        client.transport.take(10_000)
        assert not second.paused

    run(job())
