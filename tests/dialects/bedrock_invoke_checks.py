"""What must hold for every recording of Anthropic's language on Bedrock: carried there and back untouched."""

from __future__ import annotations

import base64
import json

import msgspec

from headworks.dialects.anthropic import Anthropic
from headworks.domain.call import Ask, Kind
from headworks.domain.events import Ended, UsageSeen
from headworks.domain.target import Target
from headworks.providers.catalog import shipped_catalog
from tests.dialects.anthropic_wire import ask, question, told
from tests.dialects.anthropic_wire import target as anthropic_target
from tests.dialects.bedrock_checks import model_of
from tests.dialects.recordings import Check, LeftOut, Recording, random_cuts

OPS = ("bedrock.invoke", "bedrock.invoke_stream")
DIALECT = Anthropic()
_ROW = shipped_catalog().providers["bedrock-anthropic"]


def on_bedrock(model: str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0") -> Target:
    """A target that is asked in Anthropic's language on Bedrock, as the catalogue has it."""
    return anthropic_target(model, quirks=_ROW.quirks, body=_ROW.body["anthropic"])


def request_goes_out_equal(recording: Recording) -> None:
    """What a client of Anthropic's own API would have sent becomes what was sent."""
    body = _messages(recording)

    sent = DIALECT.patch(Kind.CHAT, _asked(recording, body), on_bedrock(model_of(recording)), None)

    assert msgspec.json.decode(sent) == {**body, "anthropic_version": "bedrock-2023-05-31"}


def events_reach_the_client_untouched(recording: Recording) -> None:
    """A stream's events are the very bytes that the messages carried, whatever the cuts; a whole answer is passed as it came."""
    asked = _asked(recording, _messages(recording))
    if recording.status != 200:
        raise LeftOut("the answer is an error")
    raw = recording.content["response"].get("body_base64")
    if raw is None:
        relay = DIALECT.untouched(Kind.CHAT, asked, on_bedrock())
        assert relay.feed(recording.answer) + relay.close() == recording.answer
        assert relay.fault is None
        assert relay.usage is not None
        return
    stream = base64.b64decode(raw)
    carried = [base64.b64decode(event["payload"]["bytes"]) for event in recording.content["response"]["events"]]
    wanted = b"".join(b"event: %b\ndata: %b\n\n" % (json.loads(event)["type"].encode(), event) for event in carried)
    for pieces in ([stream], random_cuts(stream, recording.file), [bytes((byte,)) for byte in stream]):
        relay = DIALECT.untouched(Kind.CHAT, asked, on_bedrock())
        assert b"".join([*map(relay.feed, pieces), relay.close()]) == wanted
        assert (relay.fault, relay.ended) == (None, True)
        assert relay.usage_final
    plain = DIALECT.decoder(anthropic_target()).feed(wanted)
    framed = DIALECT.decoder(on_bedrock()).feed(stream)
    assert told(framed) == told(plain)
    assert isinstance(framed[-1], Ended)
    assert [event.usage for event in framed if isinstance(event, UsageSeen)][-1] == relay.usage


CHECKS: dict[str, Check] = {"request": request_goes_out_equal, "untouched": events_reach_the_client_untouched}


def _messages(recording: Recording) -> dict[str, object]:
    """The body, where it is of Anthropic's Messages."""
    if "anthropic" not in model_of(recording):
        raise LeftOut("a model's own form: Converse asks it instead")
    body = recording.request
    if "messages" not in body:
        raise LeftOut("Anthropic's completions, that came before its messages")
    return body


def _asked(recording: Recording, body: dict[str, object]) -> Ask:
    streamed = {"stream": True} if recording.op == "bedrock.invoke_stream" else {}
    return ask({**question(), **body, **streamed, "model": "claude"})
