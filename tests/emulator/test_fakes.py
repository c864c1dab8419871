"""The fakes keep the ports' promises."""

from __future__ import annotations

import asyncio

import pytest

from headworks.domain.errors import Fault
from headworks.domain.exchange import Begin
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Frame, Reply, Still
from headworks.domain.target import Origin
from headworks.ports.clock import Chance, Clock
from headworks.ports.extension import Guard, Pulse
from headworks.ports.stores import Answers, Counters, Journal, Keys
from headworks.ports.upstream import Outgoing, Upstream
from headworks.testing import (
    CollectingReceiver,
    CollectingSink,
    FixedPulse,
    FrozenClock,
    LoadedChance,
    MemoryAnswers,
    MemoryJournal,
    MemoryKeys,
    Script,
    ScriptedGuard,
    ScriptedUpstream,
    WatchedCounters,
    sample_call,
    sample_target,
    seeded,
)

ORIGIN = Origin("http", "upstream.test", 80)
REQUEST = Outgoing(origin=ORIGIN, head=b"POST / HTTP/1.1\r\n\r\n", body=b"{}")


def test_every_fake_is_what_its_port_asks_for() -> None:
    """Mostly for the type checker: each assignment is one port."""
    clock: Clock = FrozenClock()
    chances: list[Chance] = [seeded(1), LoadedChance([0.25])]
    upstream: Upstream = ScriptedUpstream()
    journal: Journal = MemoryJournal()
    keys: Keys = MemoryKeys()
    counters: Counters = WatchedCounters()
    answers: Answers = MemoryAnswers()
    guard: Guard = ScriptedGuard()
    pulse: Pulse = FixedPulse(down=frozenset({"test/model"}))

    assert clock.now() == 1000.0
    assert [chance.getrandbits(2) for chance in chances][1] == 1
    assert not pulse.available(sample_target())
    assert all((upstream, journal, keys, counters, answers, guard))


def test_sleeps_end_only_when_time_is_advanced_and_in_order_of_their_ends() -> None:
    async def scene() -> list[str]:
        clock, woken = FrozenClock(), list[str]()

        async def nap(name: str, seconds: float) -> None:
            await clock.sleep(seconds)
            woken.append(f"{name} at {clock.now() - 1000:g}")

        async with asyncio.TaskGroup() as group:
            group.create_task(nap("late", 2.0))
            group.create_task(nap("early", 1.0))
            await clock.until_sleeping(2)
            await clock.run(1.5)
            assert woken == ["early at 1"]
            await clock.run(1.0)
        return woken

    assert asyncio.run(scene()) == ["early at 1", "late at 2"]


def test_repeated_sleeps_are_all_served_while_time_runs() -> None:
    async def scene() -> int:
        clock, ticks = FrozenClock(), 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await clock.sleep(0.25)
                ticks += 1

        task = asyncio.create_task(tick())
        await clock.run(2.0)
        task.cancel()
        return ticks

    assert asyncio.run(scene()) == 8


def test_both_clocks_move_together() -> None:
    clock = FrozenClock(now=5.0, wall_ns=7)
    for _ in range(1000):
        clock.advance(0.001)

    assert clock.now() == 6.0
    assert clock.wall_ns() == 1_000_000_007


def test_a_cancelled_sleep_is_no_longer_counted() -> None:
    async def scene() -> int:
        clock = FrozenClock()
        task = asyncio.create_task(clock.sleep(1.0))
        await clock.until_sleeping()
        task.cancel()
        await asyncio.wait([task])
        return clock.sleepers

    assert asyncio.run(scene()) == 0


def test_an_upstream_plays_its_scripts_in_order_and_keeps_what_it_was_sent() -> None:
    async def scene() -> None:
        upstream = ScriptedUpstream([Script.json({"ok": True}), Script.sse("1", "2", fault=Fault("severed", "Cut."))])
        whole, stream = CollectingReceiver(), CollectingReceiver()

        await upstream.open(REQUEST, whole)
        assert await whole.ended() is None
        await upstream.open(REQUEST, stream)
        fault = await stream.ended()

        assert (whole.status, whole.body) == (200, b'{"ok":true}')
        assert stream.pieces == [b"data: 1\n\n", b"data: 2\n\n"]
        assert fault is not None
        assert fault.code == "severed"
        assert upstream.sent == [REQUEST, REQUEST]
        assert not upstream.open_lines
        with pytest.raises(LookupError, match=r"request 3, to http://upstream\.test:80"):
            await upstream.open(REQUEST, whole)

    asyncio.run(scene())


def test_a_paused_line_says_nothing_and_a_cancelled_one_nothing_more() -> None:
    async def scene() -> None:
        upstream, receiver = ScriptedUpstream([Script.sse("1", "2", "3")]), CollectingReceiver()
        line = await upstream.open(REQUEST, receiver)
        line.pause()
        for _ in range(5):
            await asyncio.sleep(0)
        assert receiver.status == 0
        line.resume()
        await receiver.headed()
        line.cancel()
        for _ in range(10):
            await asyncio.sleep(0)
        assert receiver.pieces == []
        assert receiver.endings == 0

    asyncio.run(scene())


def test_a_refusing_upstream_raises_and_makes_no_line() -> None:
    async def scene() -> None:
        upstream = ScriptedUpstream(lambda _request: Script.unreachable(Fault("connect_refused", "Nobody there.")))
        with pytest.raises(Fault, match="connect_refused"):
            await upstream.open(REQUEST, CollectingReceiver())
        assert upstream.lines == []
        assert upstream.sent == [REQUEST]

    asyncio.run(scene())


def test_a_sink_collects_frames_and_the_one_ending() -> None:
    async def scene() -> None:
        sink, reply = CollectingSink(), Reply(200, [], Still())
        reply.start(sink)
        reply.push(Frame(b"a"))
        reply.push(Frame(b"b"))
        reply.finish(Outcome(Ending.FINISHED))

        assert (await sink.ended()).ending is Ending.FINISHED
        assert sink.body == b"ab"
        assert len(sink.outcomes) == 1

    asyncio.run(scene())


def test_a_journal_tells_orphans_and_can_be_full() -> None:
    journal = MemoryJournal()
    journal.begin(Begin(id="1", at=0, kind="chat", principal="p", asked="m", target="t", revision="r"))
    assert journal.orphans == {"1"}

    journal.full = True
    with pytest.raises(Fault, match="journal_unwritable"):
        journal.begin(Begin(id="2", at=0, kind="chat", principal="p", asked="m", target="t", revision="r"))
    assert [mark.id for mark in journal.begun] == ["1"]


def test_a_sample_call_says_only_what_the_test_is_about() -> None:
    call = sample_call("What is rain?", model="weather")

    assert call.snapshot.find("weather") is not None
    assert b"What is rain?" in call.body.data
    assert sample_call(front="anthropic").front == "anthropic"
