"""What an answer holds that its caller's language cannot say is told: in the journal always, in a header where that can wait for the answer."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.body import Whole
from headworks.domain.snapshot import Model, Snapshot
from headworks.domain.target import AskedModel
from headworks.testing import CollectingSink, Script, ScriptedUpstream, sample_call, sample_target
from tests.dialects.anthropic_answers import stream_of

from .plain import KEY, House

LOST = "citation: left out of the answer: the caller's language has no word for it"
ANSWER: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [{"type": "text", "text": "Oslo.", "citations": [{"type": "char_location", "cited_text": "Oslo"}]}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 2},
}


@pytest.mark.parametrize("streamed", [False, True])
def test_a_lost_citation_is_told(streamed: bool) -> None:  # noqa: FBT001
    async def scenario() -> None:
        target = sample_target("there/claude", dialect="anthropic")
        shop = Snapshot(revision="r", models={"m": Model(name=AskedModel("m"), targets=(target,))})
        events = [msgspec.json.encode(event) for event in stream_of(ANSWER)]
        script = Script.sse(*events) if streamed else Script.json(ANSWER)
        dialects = Hub({"openai_chat": OpenAIChat(), "anthropic": Anthropic()})
        house = House(shop, ScriptedUpstream([script]), interpreter=dialects)
        asked = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": streamed}
        sink = CollectingSink()

        reply = await house.serve(
            sample_call(
                snapshot=shop,
                body=Whole(msgspec.json.encode(asked)),
                headers={b"authorization": b"Bearer " + KEY},
                principal=None,
                ask=None,
            )
        )
        reply.start(sink)
        await sink.ended()

        told = dict(reply.headers).get(b"x-headworks-downgrades", b"").decode()
        assert told == ("" if streamed else LOST)
        assert house.journal.ended[0].notes["downgrades"] == LOST

    asyncio.run(scenario())
