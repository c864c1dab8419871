"""A conversation as one attempt: it ends once, whoever ends it and whenever, and says what it cost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from websockets.frames import OP_CLOSE, OP_TEXT, Close, Frame
from websockets.protocol import Protocol, Side

from headworks.balancing.health import HealthBook
from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.dialects.openai_realtime import ask as handshake
from headworks.domain.call import Ask, Call
from headworks.domain.errors import Fault
from headworks.domain.kind import Kind
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Reply
from headworks.domain.target import AskedModel, Tried
from headworks.domain.usage import Certainty, Usage
from headworks.journey.session import ASKED, converse
from headworks.journey.trial import Surroundings
from headworks.testing import CollectingSink, FrozenClock, Script, ScriptedUpstream, sample_call, sample_target

USAGE = {"input_tokens": 10, "output_tokens": 5}


def said(event: dict[str, Any]) -> bytes:
    """What an upstream sends."""
    return Frame(OP_TEXT, json.dumps(event).encode()).serialize(mask=False)


DONE = said({"type": "response.done", "response": {"id": "r", "usage": USAGE}})
DELTA = said({"type": "response.output_text.delta", "response_id": "q", "delta": "x" * 640})
GOODBYE = Frame(OP_CLOSE, Close(1000, "enough").serialize()).serialize(mask=False)


class Table:
    """One conversation, held by its two ends."""

    def __init__(self, *pieces: bytes, status: int = 101, accept: bytes | None = None, **script: Any) -> None:
        self.clock = FrozenClock()
        self.health = HealthBook(self.clock)
        ask = Ask(model=AskedModel("model"), stream=True)
        self.call: Call = sample_call(kind=Kind.REALTIME, ask=ask)
        self.call.tally.judge = lambda _call, _features: None
        headers = ((b"sec-websocket-accept", handshake(self.call.id)[1] if accept is None else accept),)
        self.target = sample_target()
        self.upstream = ScriptedUpstream([Script(status=status, headers=headers, pieces=pieces, stays_open=True, **script)])
        self.surroundings = Surroundings(Hub({"openai_chat": OpenAIChat()}), self.health, self.clock)
        self.tried = Tried(target=self.target.name, provider="test", model="model", at=0.0)
        self.call.tally.tried.append(self.tried)
        self.sink = CollectingSink()
        self.outcomes: list[Outcome] = []

    async def sit_down(self) -> Reply:
        reply = await converse(self.call, self.target, self.tried, self.upstream, self.surroundings)
        reply.on_end(self.outcomes.append)
        reply.start(self.sink)
        await turns()
        return reply

    @property
    def line(self) -> Any:
        return self.upstream.lines[0]

    @property
    def inflight(self) -> int:
        known = dict(self.health.conditions()).get(self.target.name)
        return known.inflight if known is not None else 0

    def heard(self) -> tuple[list[dict[str, Any]], Close | None]:
        """By the client: events, and the goodbye."""
        return _read(Protocol(Side.CLIENT), self.sink.body)

    def passed(self) -> tuple[list[dict[str, Any]], Close | None]:
        """To the upstream."""
        return _read(Protocol(Side.SERVER), bytes(self.line.written))


def _read(side: Protocol, data: bytes) -> tuple[list[dict[str, Any]], Close | None]:
    side.receive_data(data)
    frames = [frame for frame in side.events_received() if isinstance(frame, Frame)]
    events = [json.loads(bytes(frame.data)) for frame in frames if frame.opcode is OP_TEXT]
    closes = [Close.parse(bytes(frame.data)) for frame in frames if frame.opcode is OP_CLOSE]
    return events, closes[0] if closes else None


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await scenario()
            assert len(asyncio.all_tasks()) == 1, "nothing goes on"

    asyncio.run(bounded())


def client_frame(event: dict[str, Any]) -> bytes:
    return Frame(OP_TEXT, json.dumps(event).encode()).serialize(mask=True)


ENDINGS: dict[str, tuple[Callable[[Table, Reply], None], Ending, str, int]] = {
    "the client's goodbye": (
        lambda _table, reply: reply.duplex.feed(Frame(OP_CLOSE, Close(1000, "").serialize()).serialize(mask=True)),  # type: ignore[union-attr]
        Ending.FINISHED,
        "",
        1000,
    ),
    "the upstream's goodbye": (lambda table, _reply: table.line.push(GOODBYE), Ending.FINISHED, "", 1000),
    "an upstream that closes without a word": (lambda table, _reply: table.line.finish(), Ending.SEVERED, "severed", 1011),
    "an upstream that breaks off": (lambda table, _reply: table.line.fail(Fault("severed")), Ending.SEVERED, "severed", 1011),
    "an upstream that speaks nonsense": (
        lambda table, _reply: table.line.push(b"\xff\xff\xff\xff"),
        Ending.SEVERED,
        "upstream_garbage",
        1011,
    ),
    "a client that speaks nonsense": (
        lambda _table, reply: reply.duplex.feed(b"\xff\xff\xff\xff"),  # type: ignore[union-attr]
        Ending.CANCELLED,
        "malformed_request",
        1002,
    ),
    "a drain": (
        lambda _table, reply: reply.abandon(Outcome(Ending.CANCELLED, 101, "draining")),
        Ending.CANCELLED,
        "draining",
        1013,
    ),
}


@pytest.mark.parametrize("mid_answer", [False, True])
@pytest.mark.parametrize(("end", "ending", "fault", "code"), ENDINGS.values(), ids=ENDINGS.keys())
def test_it_ends_once_whoever_ends_it(
    *, end: Callable[[Table, Reply], None], ending: Ending, fault: str, code: int, mid_answer: bool
) -> None:
    async def scenario() -> None:
        table = Table(DONE, *([DELTA] if mid_answer else []))
        reply = await table.sit_down()
        end(table, reply)
        await turns()
        for _ in range(2):
            reply.abandon(Outcome(Ending.CLIENT_GONE, 101))
            table.line.push(DONE)
            await turns()

        assert [(outcome.ending, outcome.fault) for outcome in table.outcomes] == [(ending, fault)]
        assert not table.upstream.open_lines
        assert table.inflight == 0
        assert table.call.tally.notes["answers"] == "1"
        told, goodbye = table.heard()
        assert goodbye is not None
        assert goodbye.code == code
        if fault in ("severed", "draining"):
            assert told[-1]["type"] == "error"
        assert table.tried.certainty is (Certainty.ESTIMATED if mid_answer else Certainty.REPORTED)
        assert table.tried.usage == (Usage(input=25, output=16) if mid_answer else Usage(input=10, output=5))
        assert table.tried.cost_exact == table.target.price.exact(table.tried.usage)  # type: ignore[union-attr]

    run(scenario)


@pytest.mark.parametrize("after", range(6))
def test_a_client_that_goes_during_the_handshake_leaves_nothing_behind(after: int) -> None:
    """At every turn of the loop, the one in which the answer comes too."""

    async def scenario() -> None:
        table = Table(DONE)
        task = asyncio.ensure_future(table.sit_down())
        for _ in range(after):
            await asyncio.sleep(0)
        if task.done():
            return
        task.cancel()
        await asyncio.wait([task])
        table.call.tally.abandon_all_but(None, Outcome(Ending.CLIENT_GONE, 499))
        await turns()

        assert not table.upstream.open_lines
        assert table.inflight == 0
        if table.upstream.lines and "answers" not in table.call.tally.notes:
            assert not table.line.written, "no frame goes where HTTP is still spoken"

    run(scenario)


@pytest.mark.parametrize(
    ("status", "accept", "code"),
    [
        (101, b"wrong", "upstream_garbage"),
        (101, b"", "upstream_garbage"),
        (503, None, "upstream_overloaded"),
        (200, None, None),
    ],
)
def test_what_is_no_switch_is_a_fault_that_may_be_tried_elsewhere(status: int, accept: bytes | None, code: str | None) -> None:
    async def scenario() -> None:
        table = Table(b"hello", status=status, accept=accept)
        task = asyncio.ensure_future(table.sit_down())
        await turns()
        if not task.done():
            table.line.finish()
            await turns()
        with pytest.raises(Fault) as refused:
            await task

        assert code is None or refused.value.code == code
        assert refused.value.status >= 400
        assert not table.upstream.open_lines
        assert table.inflight == 0
        assert "answers" not in table.call.tally.notes

    run(scenario)


class Counted:
    """Asked to hold more: answers as it is told."""

    def __init__(self, *answers: BaseException | None) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[Usage, int]] = []

    async def __call__(self, used: Usage, nanos: int) -> None:
        self.asked.append((used, nanos))
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer


def test_after_each_answer_as_much_again_is_set_aside() -> None:
    async def scenario() -> None:
        table = Table(DONE)
        held = table.call.tally.prolong = Counted()
        reply = await table.sit_down()
        table.line.push(DONE)
        table.line.push(DONE)
        await turns()
        reply.abandon(Outcome(Ending.CLIENT_GONE, 101))

        assert held.asked[-1] == (Usage(input=30, output=15), 60_000)

    run(scenario)


def test_what_a_limit_does_not_allow_ends_it() -> None:
    async def scenario() -> None:
        table = Table(DONE)
        table.call.tally.prolong = Counted(Fault("spend_set_aside", "No more."))
        await table.sit_down()

        assert [(outcome.ending, outcome.fault) for outcome in table.outcomes] == [(Ending.CANCELLED, "spend_set_aside")]
        told, goodbye = table.heard()
        assert told[-1]["error"]["message"] == "No more."
        assert goodbye is not None
        assert goodbye.code == 1008

    run(scenario)


def test_counters_that_cannot_be_asked_just_now_do_not_cut_a_voice_off() -> None:
    async def scenario() -> None:
        table = Table(DONE)
        away = [Fault("counters_unavailable", "Away.") for _ in range(ASKED - 1)]
        held = table.call.tally.prolong = Counted(*away)
        reply = await table.sit_down()
        await table.clock.run(60.0)
        assert len(held.asked) == ASKED
        assert not table.outcomes
        reply.abandon(Outcome(Ending.CLIENT_GONE, 101))

    run(scenario)


def test_counters_that_stay_away_do() -> None:
    async def scenario() -> None:
        table = Table(DONE)
        table.call.tally.prolong = Counted(*[Fault("counters_unavailable", "Away.") for _ in range(100)])
        await table.sit_down()
        await table.clock.run(60.0)

        assert [outcome.fault for outcome in table.outcomes] == ["counters_unavailable"]

    run(scenario)


def test_counters_that_fail_let_nobody_talk_on_uncounted() -> None:
    async def scenario() -> None:
        table = Table(DONE)
        table.call.tally.prolong = Counted(ZeroDivisionError())
        complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
        await table.sit_down()

        assert [outcome.fault for outcome in table.outcomes] == ["internal_error"]

    run(scenario)


def test_a_client_that_is_slow_makes_the_upstream_wait() -> None:
    async def scenario() -> None:
        table = Table()
        reply = await table.sit_down()
        reply.source.pause()
        assert table.line.paused
        reply.source.resume()
        assert not table.line.paused
        reply.abandon(Outcome(Ending.CLIENT_GONE, 101))
        reply.source.pause()

    run(scenario)


def test_a_clients_mistakes_are_not_the_targets() -> None:
    async def scenario() -> None:
        table = Table()
        reply = await table.sit_down()
        assert reply.duplex is not None
        reply.duplex.feed(b"GET / HTTP/1.1\r\n\r\n")
        await turns()

        assert dict(table.health.conditions())[table.target.name].failures == 0
        _, goodbye = table.passed()
        assert goodbye is not None
        assert goodbye.code == 1000

    run(scenario)
