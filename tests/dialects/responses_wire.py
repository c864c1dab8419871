"""What the tests of the Responses dialect share."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.openai_responses import OpenAIResponses
from headworks.domain.call import Ask, Kind
from headworks.domain.events import Event
from headworks.domain.target import SentModel, Target
from headworks.testing import sample_target

Json = dict[str, Any]

DIALECT = OpenAIResponses()


def target(model: str = "gpt-5", **changes: Any) -> Target:
    """A target that speaks Responses."""
    return sample_target(
        "openai/x", **{"dialect": "openai_responses", "model": SentModel(model), "max_output": 4096, **changes}
    )


def ask(body: Json, kind: Kind = Kind.CHAT) -> Ask:
    """A request as the gateway first reads it."""
    return DIALECT.read_ask(kind, msgspec.json.encode(body))


def question(**changes: Any) -> Json:
    """A plain request body."""
    return {"model": "gpt-5", "input": "Hi", **changes}


def decode(pieces: list[bytes]) -> list[Event]:
    """A stream's canonical events, fed in these pieces."""
    decoder = DIALECT.decoder(target())
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return [*events, *decoder.close()]


def told(stream: bytes) -> list[Json]:
    """The wire events of a stream."""
    lines = stream.replace(b"\r\n", b"\n").split(b"\n")
    payloads = [line[5:].strip() for line in lines if line.startswith(b"data:")]
    return [msgspec.json.decode(payload) for payload in payloads if payload.startswith(b"{")]
