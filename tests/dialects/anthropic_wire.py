"""What the tests of Anthropic's dialect share: bodies in, bodies out, and streams from their events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from headworks.dialects.anthropic import Anthropic
from headworks.domain.call import Ask, Kind
from headworks.domain.events import Event
from headworks.domain.message import Conversation, Downgrade, Message, Role, Text
from headworks.domain.target import SentModel, Target
from headworks.testing import sample_target

Json = dict[str, Any]

DIALECT = Anthropic()
OLD_CLAUDE, CLAUDE, NEW_CLAUDE = "claude-sonnet-4-0", "claude-sonnet-4-5", "claude-opus-4-7"
"""A Claude without schemas, one that thinks by budget, and one that thinks by effort and takes no sampling."""


def target(model: str = CLAUDE, **changes: Any) -> Target:
    """An Anthropic-speaking target."""
    return sample_target("anthropic/x", **{"dialect": "anthropic", "model": SentModel(model), "max_output": 4096, **changes})


def ask(body: Json, kind: Kind = Kind.CHAT) -> Ask:
    """A request as the gateway first reads it."""
    return DIALECT.read_ask(kind, msgspec.json.encode(body))


def question(**changes: Any) -> Json:
    """A plain request body."""
    return {"model": CLAUDE, "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}], **changes}


def read(body: Json) -> Conversation:
    """A body's canonical form."""
    return DIALECT.read_request(ask(body))


def foreign(*messages: Message, **changes: Any) -> Conversation:
    """A conversation that came from OpenAI's language."""
    turns = messages or (Message(role=Role.USER, parts=(Text(text="Hi"),), plain=True),)
    fields: Json = {"dialect": "openai_chat", "model": "any", "messages": turns}
    return Conversation(**fields | changes)


def write(talk: Conversation, to: Target | None = None) -> tuple[Json, list[Downgrade]]:
    """A conversation's body, and its losses."""
    body, losses = DIALECT.write_request(talk, to or target())
    return msgspec.json.decode(body), list(losses)


def lost(losses: Iterable[Downgrade]) -> list[str]:
    """Where something was lost."""
    return [loss.path for loss in losses]


def sse(*events: Json) -> bytes:
    """A stream of wire events."""
    return b"".join(b"event: %b\ndata: %b\n\n" % (event["type"].encode(), msgspec.json.encode(event)) for event in events)


def decode(stream: bytes, cuts: Sequence[int] = ()) -> list[Event]:
    """A stream's canonical events, fed in pieces that end at `cuts`."""
    decoder = DIALECT.decoder(target())
    events = [event for piece in pieces(stream, cuts) for event in decoder.feed(piece)]
    return [*events, *decoder.close()]


def pieces(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    """`data` cut at these places."""
    edges = [0, *sorted(set(cuts)), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def told(events: Sequence[Event]) -> Json:
    """What the events say, as a whole message: the form in which streamed and whole answers are compared."""
    return msgspec.json.decode(DIALECT.write_answer(events, ask(question())))


def message(*content: Json, **changes: Any) -> Json:
    """A whole answer."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": CLAUDE,
        "content": list(content),
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 5},
        **changes,
    }


def whole(answer: Json) -> list[Event]:
    """A whole answer's canonical events."""
    return DIALECT.read_answer(msgspec.json.encode(answer), target())
