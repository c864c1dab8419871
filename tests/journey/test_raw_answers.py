"""Answers that are bytes: their type and length travel, they come as they come, and broken ones never look complete."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.body import Whole
from headworks.domain.call import Kind
from headworks.domain.errors import Fault
from headworks.domain.limits import Exceeded, Unit
from headworks.domain.money import PriceCard, Rate
from headworks.domain.outcome import Ending
from headworks.domain.principal import Principal
from headworks.domain.reply import HeaderList, Reply
from headworks.domain.usage import Certainty
from headworks.journey.raw_answer import body_length, content_type
from headworks.testing import CollectingSink, Script, ScriptedUpstream, sample_call, sample_snapshot, sample_target
from tests.journey.plain import KEY, House
from tests.limits.making import limit

HUB = Hub({"openai_chat": OpenAIChat()})
ASKED = msgspec.json.encode({"model": "model", "input": "Hello there", "voice": "alloy"})
HEARD: HeaderList = [(b"content-type", b"audio/mpeg"), (b"content-length", b"6")]
PRICE = PriceCard(characters=Rate(15 * 10**9))


def house(script: Script, principal: Principal | None = None) -> House:
    snapshot = sample_snapshot(sample_target(price=PRICE))
    return House(snapshot, ScriptedUpstream([script]), interpreter=HUB, principal=principal)


async def served(at: House) -> Reply:
    headers = {b"authorization": b"Bearer " + KEY}
    call = sample_call(snapshot=at.snapshot, kind=Kind.SPEECH, body=Whole(ASKED), headers=headers, ask=None, principal=None)
    return await at.serve(call)


def test_type_and_length_travel_and_bytes_come_as_they_come() -> None:
    async def scenario() -> None:
        at = house(Script(headers=tuple(HEARD), pieces=(b"abc", b"def")))
        reply = await served(at)
        sink = CollectingSink()
        reply.start(sink)
        await sink.ended()

        assert (b"content-type", b"audio/mpeg") in reply.headers
        assert (reply.length, reply.stream, reply.whole) == (6, False, False)
        assert sink.body == b"abcdef"
        (record,) = at.journal.ended
        assert record.usage.characters == 11
        assert (record.certainty, record.price) == (Certainty.ESTIMATED, 11 * 15_000)
        assert at.account() == (0, 0, 0)

    asyncio.run(scenario())


def test_a_broken_answer_is_severed_without_a_last_word() -> None:
    async def scenario() -> None:
        at = house(Script(headers=tuple(HEARD), pieces=(b"abc",), fault=Fault("severed", "cut")))
        reply = await served(at)
        sink = CollectingSink()
        reply.start(sink)
        outcome = await sink.ended()

        assert sink.body == b"abc"
        assert (outcome.ending, outcome.fault) == (Ending.SEVERED, "severed")
        assert at.journal.ended[0].price == 11 * 15_000

    asyncio.run(scenario())


def test_a_budget_is_asked_before_anything_is_spoken() -> None:
    async def scenario() -> None:
        at = house(
            Script(headers=tuple(HEARD), pieces=(b"abc",)), Principal(id="k", limits=(limit(Unit.COST, 100_000, budget=True),))
        )
        with pytest.raises(Exceeded):
            await served(at)

        assert at.upstream.lines == []

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ([(b"content-length", b"12")], 12),
        ([(b"content-length", b"12"), (b"content-encoding", b"identity")], 12),
        ([(b"content-length", b"12"), (b"content-encoding", b"gzip")], None),
        ([(b"content-length", b"x")], None),
        ([], None),
    ],
)
def test_a_length_holds_for_what_was_not_packed(headers: HeaderList, length: int | None) -> None:
    assert body_length(headers) == length
    assert content_type(headers) == (b"content-type", b"application/octet-stream")
