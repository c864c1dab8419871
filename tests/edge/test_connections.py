"""The life of a connection: one request after another, clients that hang up or half do, crowds, and closing time."""

from __future__ import annotations

import asyncio
import sys

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.domain.call import Call
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Reply
from headworks.domain.snapshot import Snapshot
from headworks.edge.connection import READ_AHEAD, SURPLUS
from headworks.edge.reader import MAX_AHEAD
from headworks.edge.state import ServerState
from tests.edge.rig import Client, House, PushedReply, echo, get, post, pushing, run, settle

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
EVENT = b'data: {"x":1}\n\n'
GONE = Outcome(Ending.CLIENT_GONE, 499, "client_gone")


class Gate:
    """A handler that answers when it is let."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    async def __call__(self, call: Call) -> Reply:
        await self.open.wait()
        return await echo(call)


def test_requests_sent_ahead_are_answered_in_order_one_at_a_time() -> None:
    async def job() -> None:
        gate = Gate()
        client = Client(House(gate))

        await client.send(post(body=b"1") + post(body=b"2") + get(b"/livez") + post(body=b"3"))
        begun = len(client.house.journey.calls)
        gate.open.set()
        await client.send()

        assert begun == 1
        assert [answer.body[-3:-2] for answer in client.answers()] == [b"1", b"2", b"k", b"3"]
        assert client.transport.reading
        assert client.open

    run(job())


def test_the_rest_of_a_request_that_came_ahead_is_read_when_its_turn_comes() -> None:
    async def job() -> None:
        gate = Gate()
        client = Client(House(gate))
        second = post(body=b"x" * 3 * READ_AHEAD)

        await client.send(post(body=b"first") + second[:20])
        soon = client.transport.reading
        await client.send(second[20 : READ_AHEAD + 20], second[READ_AHEAD + 20 : READ_AHEAD + 40])
        later = client.transport.reading
        gate.open.set()
        await client.send()
        await client.send(second[READ_AHEAD + 40 : -3], second[-3:])

        assert (soon, later) == (True, False)
        assert [len(answer.said["body"]) for answer in client.answers()] == [5, 3 * READ_AHEAD]
        assert client.transport.reading

    run(job())


def test_who_sends_request_after_request_ahead_is_held_back_before_it_is_refused() -> None:
    async def job() -> None:
        gate = Gate()
        client = Client(House(gate))
        sent = 0

        while client.transport.reading:
            await client.send(post(body=b"%d" % sent))
            sent += 1
        gate.open.set()
        await client.send()

        assert 1 < sent < MAX_AHEAD
        assert [answer.said["body"] for answer in client.answers()] == [str(number) for number in range(sent)]
        assert client.transport.reading

    run(job())


def test_a_malformed_request_behind_a_good_one_is_refused_in_its_turn() -> None:
    async def job() -> None:
        gate = Gate()
        client = Client(House(gate))

        await client.send(post(body=b"1") + b"NONSENSE\r\n\r\n")
        early = bytes(client.transport.sent)
        gate.open.set()
        await client.send()

        assert early == b""
        assert [answer.status for answer in client.answers()] == [200, 400]
        assert not client.open

    run(job())


def test_a_client_that_hangs_up_before_the_head_cancels_the_journey() -> None:
    async def job() -> None:
        client = Client(House(Gate()))
        await client.send(post())

        await client.hang_up()

        assert client.house.journey.cancelled == ["client_gone"]
        assert client.house.journey.outcomes == [GONE]
        assert (client.state.inflight, client.state.connections, bytes(client.transport.sent)) == (0, set(), b"")

    run(job())


def test_a_client_that_hangs_up_at_once_does_not_travel_on() -> None:
    """From Python 3.12 on a journey takes its first steps as soon as the request is read; before, it has none."""

    async def job() -> None:
        client = Client(House(Gate()))

        client.connection.data_received(post())
        begun = client.house.journey.calls
        await client.hang_up()

        assert len(begun) == (sys.version_info >= (3, 12))
        assert client.house.journey.cancelled == ["client_gone"] * len(begun)
        assert client.house.journey.outcomes == [GONE] * len(begun)
        assert client.state.inflight == 0

    run(job())


@pytest.mark.parametrize("whole", [True, False])
def test_a_client_that_hangs_up_after_the_head_stops_the_source(*, whole: bool) -> None:
    async def job() -> None:
        pushed = PushedReply(stream=not whole, whole=whole)
        client = Client(House(pushing(pushed)))
        await client.send(post())
        pushed.push(EVENT)

        await client.hang_up()
        pushed.push(EVENT)
        pushed.finish()

        assert (pushed.cancelled, pushed.outcomes) == (1, [GONE])
        assert client.house.complaints == []

    run(job())


def test_a_journey_that_ends_in_spite_of_being_cancelled_has_its_reply_abandoned() -> None:
    async def job() -> None:
        pushed = PushedReply()

        async def stubborn(call: Call) -> Reply:  # noqa: ARG001 - a handler's signature
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                return pushed.reply
            raise AssertionError("unreachable")

        client = Client(House(stubborn))
        await client.send(post())
        await client.hang_up()

        assert (pushed.cancelled, pushed.outcomes) == (1, [GONE])

    run(job())


def test_a_client_that_only_stops_sending_is_served() -> None:
    async def job() -> None:
        gate = Gate()
        client = Client(House(gate))
        await client.send(post(body=b"1") + post(body=b"2") + b"POST /v1")

        stays = await client.shut_down()
        gate.open.set()
        await client.send()

        assert stays
        assert [answer.said["body"] for answer in client.answers()] == ["1", "2"]
        assert client.transport.closed

    run(job())


def test_a_client_that_stops_sending_within_a_later_body_gets_what_it_asked_before() -> None:
    async def job() -> None:
        gate = Gate()
        client = Client(House(gate))
        await client.send(post(body=b"1") + post(body=b"12345")[:-2])

        stays = await client.shut_down()
        gate.open.set()
        await client.send()

        assert stays
        assert [answer.status for answer in client.answers()] == [200, 400]
        assert client.transport.closed

    run(job())


def test_a_client_that_stops_sending_is_probed_while_it_waits() -> None:
    """Whether it still listens can only be learned by writing to it."""

    async def job() -> None:
        gate = Gate()
        client = Client(House(gate))
        await client.send(post())

        await client.shut_down()
        at_once = bytes(client.transport.sent)
        await client.wait(1.0)
        soon = bytes(client.transport.sent)
        gate.open.set()
        await client.send()

        assert at_once == CONTINUE
        assert soon == CONTINUE * 2
        assert client.answered.status == 200

    run(job())


@pytest.mark.parametrize(("frame", "probes"), [(EVENT, b"3\r\n:\n\n\r\n" * 2), (b"data: ha", b"")])
def test_a_stream_is_probed_between_two_events_only(frame: bytes, probes: bytes) -> None:
    async def job() -> None:
        pushed = PushedReply()
        client = Client(House(pushing(pushed)))
        await client.send(post())
        pushed.push(frame)
        before = len(client.transport.sent)

        await client.shut_down()
        await client.wait(1.0)

        assert bytes(client.transport.sent[before:]) == probes

    run(job())


def test_an_older_client_is_not_probed() -> None:
    async def job() -> None:
        client = Client(House(Gate()))
        await client.send(post(version=b"1.0"))

        stays = await client.shut_down()

        assert (stays, bytes(client.transport.sent)) == (True, b"")

    run(job())


@given(data=st.data(), streamed=st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_client_may_be_gone_at_any_byte(*, data: st.DataObject, streamed: bool) -> None:
    """Whatever has been sent or received when it hangs up: every call that began has one ending, and nothing stays behind."""

    async def job() -> None:
        pushes: list[PushedReply] = []

        async def give(call: Call) -> Reply:
            await call.body.read()
            pushes.append(PushedReply(stream=streamed, whole=not streamed))
            return pushes[-1].reply

        house = House(give)
        client = Client(house)
        wire = post(body=b"question") + get(b"/livez") + post(body=b"again")
        steps = data.draw(st.lists(st.sampled_from(["byte", "bytes", "push", "finish", "turn", "tick"]), max_size=60))
        place = 0
        for step in steps:
            if step in ("byte", "bytes") and not client.transport.closed:
                end = place + (1 if step == "byte" else 40)
                client.connection.data_received(wire[place:end])
                place = end
            elif step in ("push", "finish") and pushes:
                pushes[-1].push(EVENT) if step == "push" else pushes[-1].finish()
            elif step == "tick":
                await client.wait(0.5)
            else:
                await asyncio.sleep(0)
        if data.draw(st.booleans()):
            await client.shut_down()
        await client.hang_up()
        await settle()

        assert len(house.journey.outcomes) == len(house.journey.calls)
        assert all(len(pushed.outcomes) == 1 for pushed in pushes)
        assert (client.state.inflight, client.state.connections, house.complaints) == (0, set(), [])
        assert len(asyncio.all_tasks()) == 1

    run(job())


def test_connections_beyond_the_limit_are_told_so() -> None:
    async def job() -> None:
        house = House(max_connections=2)
        state = ServerState(house.door)
        admitted = [Client(house, state) for _ in range(2)]
        surplus = Client(house, state)
        await surplus.send()
        status = surplus.answered
        await surplus.wait(10.0)
        await admitted[0].hang_up()
        late = Client(house, state)
        await late.send(post())

        assert (status.status, status.said["code"], status.headers["retry-after"]) == (503, "overloaded", "1")
        assert surplus.transport.closed
        assert late.answered.status == 200

    run(job())


def test_a_crowd_far_beyond_the_limit_is_just_closed() -> None:
    async def job() -> None:
        house = House(max_connections=1)
        state = ServerState(house.door)
        crowd = [Client(house, state) for _ in range(SURPLUS + 2)]

        assert crowd[-1].transport.aborted
        assert not crowd[-2].transport.aborted
        assert state.inflight == 0

    run(job())


def test_a_mistake_of_ours_costs_one_connection_and_is_complained_about() -> None:
    async def job() -> None:
        house = House()
        client = Client(house)
        asked = 0

        def snapshots() -> Snapshot:
            nonlocal asked
            asked += 1
            if asked > 1:
                raise LookupError
            return house.snapshot

        client.state.door = msgspec.structs.replace(house.door, snapshots=snapshots)
        await client.send(post() + post())

        assert len(client.answers()) == 1
        assert client.transport.aborted
        assert [type(trouble) for trouble in house.complaints] == [LookupError]
        assert (client.state.inflight, client.state.connections) == (0, set())

    run(job())


def test_bytes_after_leaving_are_dropped() -> None:
    async def job() -> None:
        client = Client(House())
        await client.send(b"NONSENSE\r\n\r\n", post(), post())

        assert len(client.answers()) == 1
        assert client.house.journey.calls == []

    run(job())
