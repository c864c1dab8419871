"""What an answer holds that the language of who asked has no words for: noted as it passes, reported at its end.

Clients of all languages are told words, refusals, thoughts, calls, counts, and why an answer stopped. What a language can say of another's
answers besides, its `Front.says` names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from headworks.dialects.unpacking import losses
from headworks.domain.events import (
    Ended,
    Event,
    Logprobs,
    PartKind,
    PartStarted,
    RawDelta,
    SignatureDelta,
    Started,
    Stopped,
    StopReason,
    UsageSeen,
)
from headworks.domain.message import Downgrade, JsonObject

_Finders = Mapping[type[Event], Callable[[Any], Sequence[str]]]

LOGPROBS = "logprobs"
CITATIONS = "citations"
STOP_SEQUENCE = "stop_sequence"
SIGNATURES = "signature"
"""Seals of thoughts, and thoughts that are nothing but a seal."""
THOUGHT_COUNTS = "usage.reasoning"
OF_THOUGHTS: frozenset[str] = frozenset((SIGNATURES, THOUGHT_COUNTS))
"""What most languages say of thoughts beside their words."""

STOP_REASON = "stop_reason"

_ODD = frozenset((StopReason.OTHER, StopReason.PAUSE))
"""Reasons that languages have no common words for: their clients are told that the answer is complete."""
_SHOWN = 60
LEFT_OUT = "left out of the answer: the caller's language has no word for it"
_BY_ALL = frozenset((PartKind.TEXT, PartKind.REFUSAL, PartKind.REASONING, PartKind.TOOL_CALL))
_IMMATERIAL = frozenset(
    ("avgLogprobs", "createTime", "logprobsResult", "provider", "service_tier", "stop_reason", "system_fingerprint", "type")
)
"""Facts about the server, and what is said elsewhere too."""


class Unsaid:
    """What is lost of one answer on its way to a client of the language `name`, which `says` these things."""

    def __init__(self, name: str, says: frozenset[str]) -> None:
        self._name = name
        self._says = says
        self._found: dict[str, None] = {}
        self._finders: _Finders = _FINDERS

    def note(self, events: Iterable[Event]) -> None:
        """Look at what has come."""
        for event in events:
            if type(event) is Started:
                self._finders = _NONE if event.dialect == self._name else _BY_DIALECT.get(event.dialect, _FINDERS)
            find = self._finders.get(type(event))
            if find is not None:
                for name in find(event):
                    if name not in self._says:
                        self._found[name] = None

    def losses(self) -> Sequence[Downgrade]:
        """So far, each once."""
        return [Downgrade(name, LEFT_OUT) for name in self._found]


def _of_part(event: PartStarted) -> Sequence[str]:
    if event.kind in _BY_ALL:
        return ()
    if event.kind is PartKind.REDACTED_REASONING:
        return (SIGNATURES,)
    if event.kind is PartKind.OTHER:
        return (str(event.raw.get("type") or next(iter(event.raw), PartKind.OTHER)),)
    return (event.kind,)


def _of_delta(event: RawDelta) -> Sequence[str]:
    if event.cited is not None:
        return (CITATIONS,)
    return (next((name for name in event.raw if name not in _IMMATERIAL), "delta"),)


def _of_stop(event: Stopped) -> Sequence[str]:
    odd = (f"{STOP_REASON}.{event.raw[:_SHOWN] or event.reason}",) if event.reason in _ODD else ()
    met = (STOP_SEQUENCE,) if event.sequence else ()
    return (*odd, *met, *_of_extra(event.extra))


def _of_extra(extra: JsonObject) -> Sequence[str]:
    return losses({name: value for name, value in extra.items() if name not in _IMMATERIAL}) if extra else ()


_FINDERS: _Finders = {
    Started: lambda event: _of_extra(event.extra),
    PartStarted: _of_part,
    RawDelta: _of_delta,
    Logprobs: lambda _: (LOGPROBS,),
    SignatureDelta: lambda _: (SIGNATURES,),
    UsageSeen: lambda event: (THOUGHT_COUNTS,) if event.usage.reasoning else (),
    Stopped: _of_stop,
    Ended: lambda event: _of_extra(event.extra),
}
_BY_DIALECT: Mapping[str, _Finders] = {
    "openai_responses": {kind: find for kind, find in _FINDERS.items() if kind not in (Started, Ended)},
}
"""Its answers repeat the question beside their output, and say nothing else there."""
_NONE: _Finders = {}
