"""What answers used that were begun and not ended: nobody reports it, and somebody pays for it.

Read by them is at most what the last answer has read and said, and what the client has said since; heard of them is what was passed on.
"""

from __future__ import annotations

import msgspec

from headworks.domain.usage import NO_USAGE, Usage

TEXT_TOKEN = 64
"""Bytes of an event that brings a token of text, about."""
SOUND_TOKEN = 3_200
"""Bytes, in base64, of the 50 ms of sound that cost a token."""
TYPED_TOKEN = 4
"""Bytes of a client's text."""
SPOKEN_TOKEN = 6_400
"""Bytes, in base64, of the 100 ms of a client's sound that cost a token."""
PICTURE = 24_000
"""Bytes as which a picture counts at most, however large it is."""
MOST = 64
"""Answers under way that are told apart."""


class _Heard(msgspec.Struct, gc=False):
    text: int = 0
    sound: int = 0


class Unended:
    """Bytes both ways since the last answer that was reported. Of one session."""

    __slots__ = ("_answers", "_before", "_spoken", "_typed")

    def __init__(self) -> None:
        self._answers: dict[str, _Heard] = {}
        self._before = NO_USAGE
        self._typed = self._spoken = 0

    def asked(self, size: int, features: frozenset[str]) -> None:
        """The client has sent an event that uses these features."""
        if "audio" in features:
            self._spoken += size
        else:
            self._typed += min(size, PICTURE) if "images" in features else size

    def spoken(self, size: int) -> None:
        """The client has sent nothing but sound."""
        self._spoken += size

    def begun(self, answer: str) -> None:
        """An answer, by its id."""
        self._heard(answer)

    def heard(self, answer: str, size: int, *, sound: bool) -> None:
        """A piece of it."""
        heard = self._heard(answer)
        if sound:
            heard.sound += size
        else:
            heard.text += size

    def ended(self, answer: str, usage: Usage) -> None:
        """It is reported."""
        self._answers.pop(answer, None)
        if usage != NO_USAGE:
            self._before = usage
            self._typed = self._spoken = 0

    def estimate(self) -> Usage:
        """Of all that have not ended."""
        usage = NO_USAGE
        for heard in self._answers.values():
            usage += self._read() + Usage(
                output=heard.text // TEXT_TOKEN + heard.sound // SOUND_TOKEN, output_audio=heard.sound // SOUND_TOKEN
            )
        return usage

    def _read(self) -> Usage:
        before, spoken = self._before, self._spoken // SPOKEN_TOKEN
        return Usage(
            input=before.input + before.output + self._typed // TYPED_TOKEN + spoken,
            input_audio=before.input_audio + before.output_audio + spoken,
        )

    def _heard(self, answer: str) -> _Heard:
        known = self._answers.get(answer)
        if known is None:
            key = answer if len(self._answers) < MOST else ""
            known = self._answers.setdefault(key, _Heard())
        return known
