"""What an upload costs that its client does not end: nothing where nothing was answered, all that was answered where it was."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.call import Kind
from headworks.domain.errors import Fault
from headworks.domain.money import PriceCard
from headworks.domain.outcome import Ending, Outcome
from headworks.edge.forms.body import FormBody
from headworks.edge.forms.spool import Room
from headworks.testing import CollectingSink, Script, ScriptedUpstream
from headworks.testing.emulator.forms import File
from tests.edge.test_forms import TYPE, written
from tests.journey.plain import House
from tests.limits.shop import ask, model, shop

HEARD = Script.json({"text": "Hello", "usage": {"type": "duration", "seconds": 60}})
BROKEN = Script(status=0, fault=Fault("severed", "It is gone."))


def unended() -> FormBody:
    """A form of which enough has come to be sent on, and the end has not."""
    body = FormBody(TYPE, 1000, 100_000, Room(1 << 30))
    body.add(written([("model", b"m"), ("file", File("a.mp3", "audio/mpeg", bytes(5000)))])[:3000])
    return body


@pytest.mark.parametrize(("script", "price"), [(HEARD, 6_000_000), (BROKEN, 0)])
def test_what_was_answered_is_billed_and_nothing_else(script: Script, price: int) -> None:
    async def scenario() -> None:
        snapshot = shop(model("m", price=PriceCard(audio_minute=6_000_000)))
        house = House(snapshot, ScriptedUpstream([script]), interpreter=Hub({"openai_chat": OpenAIChat()}))
        body = unended()
        call = msgspec.structs.replace(ask(snapshot), kind=Kind.TRANSCRIPTIONS, body=body)
        try:
            reply = await house.serve(call)
            reply.start(CollectingSink())
        except Fault as fault:
            call.closing.close(Outcome(Ending.FAILED, fault.status, fault.code))
        body.let_go(Outcome(Ending.FINISHED, 200))

        (end,) = house.journal.ended
        assert (end.cost, end.price) == (price, price)

    asyncio.run(scenario())
