"""Canonical events → Anthropic's answers, whole."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headworks.dialects.anthropic.answer_in import STOP_REASONS
from headworks.dialects.anthropic.blocks_told import Block
from headworks.dialects.anthropic.usage import write_usage
from headworks.dialects.anthropic.wire import NAME
from headworks.domain.events import (
    ArgumentsDelta,
    Event,
    PartKind,
    PartStarted,
    RawDelta,
    SignatureDelta,
    Started,
    Stopped,
    StopReason,
    TextDelta,
    UsageSeen,
)
from headworks.domain.message import JsonObject
from headworks.domain.usage import NO_USAGE

_DELTAS = (TextDelta, ArgumentsDelta, SignatureDelta, RawDelta)
_WORDS = {reason: word for word, reason in STOP_REASONS.items()} | {StopReason.CONTENT_FILTER: "refusal"}
_NEVER_STOPPED = Stopped(StopReason.END)


def write_answer(events: Sequence[Event]) -> bytes:
    """A whole message. Of several choices the first is told: an Anthropic client cannot have asked for more."""
    started, stopped, usage = Started(), _NEVER_STOPPED, NO_USAGE
    blocks: dict[int, Block] = {}
    for event in events:
        if type(event) is Started:
            started = event
        elif type(event) is PartStarted and event.choice == 0:
            blocks[event.part] = Block(event, native=started.dialect == NAME)
        elif type(event) is Stopped and event.choice == 0:
            stopped = event
        elif type(event) is UsageSeen:
            usage = event.usage
        elif isinstance(event, _DELTAS) and event.choice == 0:
            blocks[event.part].add(event)
    content = [whole for block in blocks.values() if (whole := block.whole()) is not None]
    refused = any(one.started.kind is PartKind.REFUSAL for one in blocks.values())
    message = {**message_head(started), "content": content, **stop_fields(started, stopped, refused=refused)}
    return msgspec.json.encode({**message, "usage": write_usage(usage)})


def message_head(started: Started) -> JsonObject:
    """The message without content, as a stream begins with it."""
    extra = started.extra if started.dialect == NAME else {}
    return {
        "id": started.id or "msg_unnamed",
        "type": "message",
        "role": "assistant",
        "model": started.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        **extra,
    }


def stop_fields(started: Started, stopped: Stopped, *, refused: bool) -> JsonObject:
    """Why it stopped, in Anthropic's words. A refusal in words of its own is a refusal here too."""
    native = started.dialect == NAME
    word = _WORDS.get(stopped.reason) or (stopped.raw if native and stopped.raw else "end_turn")
    if refused and stopped.reason is StopReason.END:
        word = "refusal"
    extra = stopped.extra if native else {}
    return {"stop_reason": word, "stop_sequence": stopped.sequence or None, **extra}
