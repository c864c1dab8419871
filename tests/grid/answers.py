"""What a model says in a case, in no language: each server of the grid says it in its own, as far as that has words."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from headworks.domain.events import StopReason
from headworks.domain.usage import Usage

URL = "https://example.org/source"
LOGPROB = -0.125
USUAL = Usage(input=1717, output=313)


class Call(msgspec.Struct, frozen=True):
    """A call of a tool."""

    id: str
    name: str
    arguments: dict[str, Any]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. `cited` tells that its text rests on `URL`, `likely` that each token comes with `LOGPROB`."""

    text: str = ""
    thought: str = ""
    signature: str = ""
    refusal: str = ""
    calls: tuple[Call, ...] = ()
    stop: StopReason = StopReason.END
    sequence: str = ""
    usage: Usage = USUAL
    cited: bool = False
    likely: bool = False


class Server(Protocol):
    """A provider of one language, as recorded traffic shows it."""

    name: str
    cannot: frozenset[str]
    """What its language has no word for, of the names in `heard.Heard`."""

    def whole(self, said: Said) -> bytes:
        """The answer in one document."""
        ...

    def streamed(self, said: Said) -> bytes:
        """The answer as a stream, its texts in pieces."""
        ...

    def throttled(self) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """Headers and body of status 429."""
        ...

    def broken(self) -> bytes:
        """A stream that begins to answer and ends in an error."""
        ...


def pieces(text: str) -> list[str]:
    """As servers cut it."""
    return [text[start : start + 5] for start in range(0, len(text), 5)]


def data(*events: Any) -> bytes:
    """Server-sent events, named where they have a `type`."""
    return b"".join(_line(event) for event in events)


def _line(event: Any) -> bytes:
    named = b"event: %b\n" % event["type"].encode() if isinstance(event.get("type"), str) else b""
    return named + b"data: %b\n\n" % msgspec.json.encode(event)
