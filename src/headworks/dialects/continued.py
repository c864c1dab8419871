"""The relay of an answer that another target may go on with, and of the answer that goes on.

Both write through one encoder: the client sees one answer. What the second one repeats of its own beginning is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headworks.dialects.tool_names import Names
from headworks.dialects.translated import Translated
from headworks.domain.call import Ask
from headworks.domain.events import (
    ArgumentsDelta,
    Event,
    PartEnded,
    PartKind,
    PartStarted,
    Ping,
    RawDelta,
    SignatureDelta,
    Started,
    TextDelta,
    UsageSeen,
)
from headworks.domain.partial import Partial
from headworks.domain.target import Target
from headworks.domain.usage import Usage
from headworks.ports.dialect import Encoder, Front, Spoken

_CHARACTERS_A_TOKEN = 4
_PLAINLY_REPEATED = 16
"""Characters: fewer may be said twice by chance."""
_HARMLESS = frozenset((Started, UsageSeen, Ping))
_SILENT = frozenset((PartKind.REASONING, PartKind.REDACTED_REASONING))
"""Thoughts of an answer that goes on come too late: nobody can be told them in the middle of a text."""


def tokens_told(partial: Partial) -> int:
    """About."""
    return -(-partial.size // _CHARACTERS_A_TOKEN)


class Continued(Translated):
    """As `Translated`. `partial` knows whether this is the first attempt at the answer or goes on with it."""

    def __init__(
        self, source: Spoken, target: Target, front: Front, ask: Ask, partial: Partial, names: Names | None = None
    ) -> None:
        super().__init__(source, target, front, ask, None, names)
        self._partial = partial
        self._goes_on = partial.size > 0
        self._echo = Echo(partial.text if self._goes_on else "")
        self._before = tokens_told(partial)
        self._own: int | None = None
        self._silent: set[int] = set()
        if self._goes_on:
            assert isinstance(partial.writer, _Encoding)
            self._encoder: Encoder | None = partial.writer.encoder
        elif self._encoder is not None:
            partial.begin(_Encoding(self._encoder))

    def _told(self, events: Sequence[Event]) -> Sequence[Event]:
        """What the client is told of them."""
        if self._goes_on:
            events = [told for event in events for told in self._joined(event)]
        for event in events:
            self._take_down(event)
        return events

    def _take_down(self, event: Event) -> None:
        partial = self._partial
        if type(event) is TextDelta and event.part == partial.part:
            partial.add(event.text)
        elif type(event) is PartStarted and event.kind is PartKind.TEXT and partial.part is None and event.choice == 0:
            partial.part = event.part
        elif type(event) not in _HARMLESS:
            partial.fits = False  # a call, a thought, its end: from here on nobody else could know how it goes on

    def _joined(self, event: Event) -> Sequence[Event]:
        """One event of an answer that goes on, as a part of the answer that its client knows."""
        if isinstance(event, PartStarted):
            return self._begun(event)
        if isinstance(event, TextDelta | PartEnded | ArgumentsDelta | SignatureDelta | RawDelta):
            return self._more(event)
        if isinstance(event, UsageSeen):
            return (msgspec.structs.replace(event, usage=self._of_all(event.usage), raw={}),)
        return () if isinstance(event, Started) else (event,)

    def _begun(self, event: PartStarted) -> Sequence[Event]:
        if event.kind is PartKind.TEXT and self._own is None:
            self._own = event.part
            return ()
        if event.kind in _SILENT:
            self._silent.add(event.part)
            return ()
        return (msgspec.structs.replace(event, part=self._place(event.part)),)

    def _more(self, event: TextDelta | PartEnded | ArgumentsDelta | SignatureDelta | RawDelta) -> Sequence[Event]:
        if event.part in self._silent:
            return ()
        place, own = self._place(event.part), event.part == self._own
        if own and isinstance(event, TextDelta):
            new = self._echo.strip(event.text)
            return (TextDelta(place, new),) if new else ()
        rest = self._echo.rest() if own and isinstance(event, PartEnded) else ""
        told = msgspec.structs.replace(event, part=place)
        return (TextDelta(place, rest), told) if rest else (told,)

    def _place(self, part: int) -> int:
        """The number by which the client knows a part: the text is the one that has begun, the others follow it."""
        assert self._partial.part is not None
        return self._partial.part + (0 if part == self._own else part + 1)

    def _of_all(self, usage: Usage) -> Usage:
        """The client asked one question, and got one answer: what it was told before is no prompt of its own."""
        told = min(self._before, usage.input)
        return msgspec.structs.replace(usage, input=usage.input - told, output=usage.output + self._before)


class Echo:
    """Text that may begin by repeating what was said before: all of it, or the blanks at its end, which no prompt keeps."""

    def __init__(self, said: str) -> None:
        blanks = said[len(said.rstrip()) :]
        self._expected = [each for each in (said if len(said) >= _PLAINLY_REPEATED else "", blanks) if each]
        self._held = ""

    def strip(self, text: str) -> str:
        """What of it is new, as far as that is known by now."""
        if not self._expected:
            return text
        held = self._held = self._held + text
        self._expected = [each for each in self._expected if each.startswith(held) or held.startswith(each)]
        if any(each.startswith(held) and each != held for each in self._expected):
            return ""  # it may still turn out to be repeated
        repeated = max(map(len, self._expected), default=0)
        return self.rest()[repeated:]

    def rest(self) -> str:
        """What was held back, when nothing more comes."""
        held, self._held, self._expected = self._held, "", []
        return held


class _Encoding:
    """The client's encoder, where the journey keeps it."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
