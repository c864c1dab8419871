"""What an answer says, read from events, so that what an upstream said can be compared with what its client was told."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from headworks.domain.events import (
    ArgumentsDelta,
    Event,
    Logprobs,
    PartKind,
    PartStarted,
    SignatureDelta,
    Stopped,
    StopReason,
    TextDelta,
    UsageSeen,
)
from headworks.domain.usage import NO_USAGE, Usage
from tests.grid.answers import LOGPROB, URL, Said

Heard = dict[str, Any]
_LENGTH = (StopReason.MAX_TOKENS, StopReason.CONTEXT_WINDOW)
_REFUSED = (StopReason.REFUSAL, StopReason.CONTENT_FILTER)


def meant(said: Said) -> Heard:
    """What a perfect listener hears."""
    return {
        "text": said.text or said.refusal,
        "thought": said.thought,
        "signature": bool(said.signature),
        "calls": [(call.name, call.arguments) for call in said.calls],
        "stop": _stop(said.stop, calls=bool(said.calls), refused=bool(said.refusal)),
        "sequence": said.sequence,
        "refusal": bool(said.refusal),
        "cited": said.cited,
        "likely": said.likely,
        **_counts(said.usage),
    }


def heard(events: Iterable[Event], raw: bytes) -> Heard:
    """What is said in events, and in the bytes that they were read from."""
    kinds: dict[int, PartStarted] = {}
    texts: dict[int, str] = {}
    found: Heard = {"signature": False, "sequence": "", "stop": StopReason.OTHER, "usage": NO_USAGE, "likely": False}
    for event in events:
        match event:
            case PartStarted():
                kinds[event.part], texts[event.part] = event, ""
                found["signature"] |= bool(event.kind is PartKind.REDACTED_REASONING and event.data)
            case TextDelta(part=part, text=text) | ArgumentsDelta(part=part, json=text):
                texts[part] += text
            case SignatureDelta():
                found["signature"] |= bool(event.signature)
            case Stopped():
                found["stop"], found["sequence"] = event.reason, event.sequence
            case UsageSeen():
                found["usage"] = event.usage
            case Logprobs():
                found["likely"] = str(LOGPROB).encode() in raw
            case _:
                pass
    joined = {kind: "".join(texts[part] for part, each in kinds.items() if each.kind is kind) for kind in PartKind}
    calls = [(each.name, json.loads(texts[part])) for part, each in kinds.items() if each.kind is PartKind.TOOL_CALL]
    refused = bool(joined[PartKind.REFUSAL]) or found["stop"] in _REFUSED
    return {
        **{name: found[name] for name in ("signature", "sequence", "likely")},
        "text": joined[PartKind.TEXT] + joined[PartKind.REFUSAL],
        "thought": joined[PartKind.REASONING],
        "calls": calls,
        "stop": _stop(found["stop"], calls=bool(calls), refused=refused),
        "refusal": refused,
        "cited": URL.encode() in raw,
        **_counts(found["usage"]),
    }


def _counts(usage: Usage) -> Heard:
    return {"input": usage.input, "output": usage.output, "cached": usage.cache_read, "reasoning": usage.reasoning}


def _stop(reason: StopReason, *, calls: bool, refused: bool) -> str:
    """The finest difference that every language knows."""
    if reason in _LENGTH:
        return "length"
    if refused or reason in _REFUSED:
        return "refused"
    return "calls" if calls or reason is StopReason.TOOL_CALLS else "end"
