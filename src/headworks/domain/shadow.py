"""Shadows: requests that a candidate is asked besides, after the caller has its answer, to see how it would have done."""

from __future__ import annotations

from collections import Counter

import msgspec

from headworks.domain.body import Replay
from headworks.domain.call import Call
from headworks.domain.governed import GOVERNED, features_of_tools
from headworks.domain.kind import Kind
from headworks.domain.usage import Usage

PURPOSE = "shadow"
"""What a child call is for, and who pays for it: nobody's bill but the operator's."""
_DEEPEST = 2
_GOES_ON = "previous_response_id"


class Answered(msgspec.Struct, frozen=True):
    """An answer, as far as it is compared. `text` is None where nobody could read it."""

    status: int
    milliseconds: float
    usage: Usage
    text: str | None = None


def may_be_shadowed(call: Call, version: str) -> bool:
    """Whether this call can be asked of another version without doing anything but answering. `version` is the one that serves.

    What a provider does at our word, keeps or fetches is done once, what must not outlive its request is not repeated, and a call that
    was made by ourselves, or asks for this very version, casts no shadow.
    """
    ask = call.ask
    if ask is None or call.kind is not Kind.CHAT or call.parent or call.depth >= _DEEPEST:
        return False
    if call.snapshot.cache.zero_retention or call.body.replay is not Replay.WHOLE or not call.body.complete:
        return False
    if call.assignment is None or call.assignment.version != version or not call.assignment.rollout:
        return False
    if ask.keep or call.pinned is not None or call.opened or call.kept is not None or _GOES_ON in ask.fields:
        return False
    return GOVERNED[call.front].keys().isdisjoint(ask.fields) and not (
        "tools" in ask.fields and features_of_tools(call.front, ask.fields["tools"])
    )


def told(primary: Answered, shadow: Answered) -> dict[str, str]:
    """How the two compare, as notes of the shadow's record."""
    notes = {"primary": _line(primary), "shadow": _line(shadow)}
    if primary.text is not None and shadow.text is not None:
        notes["equal_text"] = f"{equal_share(primary.text, shadow.text):.3f}"
    return notes


def equal_share(one: str, other: str) -> float:
    """How much of two texts is the same, 0 to 1: the part of their words that both have, whatever their order."""
    ours, theirs = Counter(one.split()), Counter(other.split())
    words = ours.total() + theirs.total()
    return 2 * (ours & theirs).total() / words if words else 1.0


def _line(answered: Answered) -> str:
    usage = answered.usage
    return f"{answered.status} in {answered.milliseconds:.0f} ms, {usage.input} + {usage.output} tokens"
