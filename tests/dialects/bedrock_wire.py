"""What the tests of Bedrock's dialect share: targets, questions as sent, and event streams as AWS frames them."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any
from zlib import crc32

import msgspec

from headworks.dialects.bedrock import Bedrock
from headworks.domain.events import Event
from headworks.domain.message import Conversation, Downgrade
from headworks.domain.target import SentModel, Target
from headworks.testing import sample_target

Json = dict[str, Any]

DIALECT = Bedrock()
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "us.amazon.nova-2-lite-v1:0"


def target(model: str = CLAUDE, **changes: Any) -> Target:
    """A target that speaks Converse."""
    return sample_target("bedrock/x", **{"dialect": "bedrock", "model": SentModel(model), "max_output": 4096, **changes})


def write(talk: Conversation, to: Target | None = None) -> tuple[Json, list[Downgrade]]:
    """A conversation's body, and its losses."""
    body, losses = DIALECT.write_request(talk, to or target())
    return msgspec.json.decode(body), list(losses)


def message(payload: Any, event: str, kind: str = "event") -> bytes:
    """One message of an event stream."""
    word = {"event": ":event-type", "exception": ":exception-type"}[kind]
    headers = {word: event, ":content-type": "application/json", ":message-type": kind}
    return framed(b"".join(map(_header, headers.items())), msgspec.json.encode(payload))


def framed(headers: bytes, payload: bytes) -> bytes:
    """A message of these bytes."""
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    prelude += struct.pack(">I", crc32(prelude))
    whole = prelude + headers + payload
    return whole + struct.pack(">I", crc32(whole))


def stream(*messages: tuple[str, Any]) -> bytes:
    """An event stream of these events."""
    return b"".join(message(payload, event) for event, payload in messages)


def decode(pieces: Iterable[bytes], to: Target | None = None) -> list[Event]:
    """The events of a stream that comes in these pieces."""
    decoder = DIALECT.decoder(to or target())
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return [*events, *decoder.close()]


def _header(pair: tuple[str, str]) -> bytes:
    name, value = (text.encode() for text in pair)
    return struct.pack(">B", len(name)) + name + struct.pack(">BH", 7, len(value)) + value
