"""The canonical events of an answer. Every dialect decodes to these and encodes from these; a whole answer is the same
list of events as its stream, so nothing downstream has two paths.

The order within one choice: `Started` (once an answer) · for each part `PartStarted`, its deltas, `PartEnded` · `Stopped`
(once a choice) · `UsageSeen` (any time, the last one counts) · `Ended` (once an answer). `Failed` ends an answer early.
Parts of one choice are numbered from 0 in the order in which they began, whatever numbering the wire used; several may be open
at once (parallel tool calls). Every part that began ends before its choice stops.

What only one dialect knows (`extra`, `raw`, parts of kind `OTHER`) is stamped by `Started.dialect`: the encoder of that dialect
writes it back as it came, any other one leaves it out.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from headworks.domain.errors import Fault
from headworks.domain.usage import Usage


class PartKind(StrEnum):
    """What a part of an answer is."""

    TEXT = "text"
    REASONING = "reasoning"
    REDACTED_REASONING = "redacted_reasoning"
    REFUSAL = "refusal"
    TOOL_CALL = "tool_call"
    SERVER_TOOL_CALL = "server_tool_call"
    SERVER_TOOL_RESULT = "server_tool_result"
    AUDIO = "audio"
    IMAGE = "image"
    OTHER = "other"
    """A part only its own dialect knows: `PartStarted.raw` holds it, re-encoded as it came by that dialect alone."""


class StopReason(StrEnum):
    """Why a choice ended."""

    END = "end"
    MAX_TOKENS = "max_tokens"
    STOP_SEQUENCE = "stop_sequence"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    REFUSAL = "refusal"
    PAUSE = "pause"
    CONTEXT_WINDOW = "context_window"
    OTHER = "other"


class Event(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """Any canonical event.

    Who reads many asks `type(event) is Started`: where the answer is no, `isinstance` of a msgspec Struct takes five times as long.
    """


class Started(Event, frozen=True):
    """The answer began. `created` is in seconds since the epoch, 0 where the wire has none. `dialect` names its wire language."""

    id: str = ""
    model: str = ""
    created: int = 0
    dialect: str = ""
    extra: dict[str, Any] = {}
    """Fields only the answer's own dialect knows (`system_fingerprint`, `service_tier`, `citations`, …)."""
    service_tier: str = ""
    """The tier that serves it, where that is said: it may decide the price."""


class PartStarted(Event, frozen=True):
    """A part began. `call_id` and `name` are a tool call's, both known by now and never empty; `data` is a redacted reasoning's
    opaque content; `raw` is what else only its dialect knows of it.
    """

    part: int
    kind: PartKind
    choice: int = 0
    call_id: str = ""
    name: str = ""
    data: str = ""
    raw: dict[str, Any] = {}


class TextDelta(Event, frozen=True):
    """More of a text, reasoning or refusal part."""

    part: int
    text: str
    choice: int = 0


class ArgumentsDelta(Event, frozen=True):
    """More of a tool call's arguments: a piece of JSON text, possibly cut anywhere."""

    part: int
    json: str
    choice: int = 0


class SignatureDelta(Event, frozen=True):
    """The opaque signature of a reasoning part, to be given back unchanged in a later turn."""

    part: int
    signature: str
    choice: int = 0


class Citation(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page that words rest on. `start` and `end` are places in the text of its part, both 0 where none are told."""

    url: str
    title: str = ""
    start: int = 0
    end: int = 0


class RawDelta(Event, frozen=True):
    """A delta that its own dialect knows best (citations, audio chunks, …). `cited` is what others can say of it."""

    part: int
    raw: dict[str, Any]
    choice: int = 0
    cited: Citation | None = None


class PartEnded(Event, frozen=True):
    """A part is complete."""

    part: int
    choice: int = 0


class Logprobs(Event, frozen=True):
    """Log-probabilities of a choice's tokens, as OpenAI shapes them."""

    raw: dict[str, Any]
    choice: int = 0


class Stopped(Event, frozen=True):
    """A choice is complete. `sequence` is the stop sequence met; `raw` the wire's own word where it is not the usual one for `reason`."""

    reason: StopReason
    choice: int = 0
    sequence: str = ""
    raw: str = ""
    extra: dict[str, Any] = {}


class UsageSeen(Event, frozen=True):
    """Counts so far, cumulative: the last one of an answer counts."""

    usage: Usage
    raw: dict[str, Any] = {}
    final: bool = False
    """Nothing can be added to them: the upstream had said by then that the answer was complete."""
    service_tier: str = ""
    """As in `Started`, and later than it."""


class Ping(Event, frozen=True):
    """Sign of life without content."""


class Failed(Event, frozen=True):
    """The upstream said inside the stream that it failed. Terminal."""

    fault: Fault


class Ended(Event, frozen=True):
    """The answer ended as its dialect says an answer ends (`[DONE]`, `message_stop`). A stream that stops without it was cut.

    `extra` is what a stream said about the whole answer after its start (as in `Started.extra`, and later than it).
    """

    extra: dict[str, Any] = {}
