"""Speech: what a text may come to in tokens of sound, and the relay of an answer whose body is that sound."""

from __future__ import annotations

import msgspec

from headworks.dialects.carried import Carried
from headworks.dialects.openai_chat.decoder import decode_object
from headworks.dialects.openai_chat.faults import fault_in_answer
from headworks.domain.call import Ask
from headworks.domain.errors import Fault
from headworks.domain.sound import seconds_of
from headworks.domain.target import Target

LARGEST_SOUND = 268_435_456
"""Bytes. An hour and a half of raw sound: more than any text that is taken."""
TOKENS_PER_SECOND = 21
"""What OpenAI's models make of a second of sound."""
LONGEST = 8
"""Tokens that one byte of a text may become: a digit of a number that is spelled out."""
USUAL = 2
"""Tokens that one byte of a text becomes."""
PAUSE_TOKENS = 256
"""Beside what is spoken."""
SLOWEST = 0.25
LARGEST_DOCUMENT = 33_554_432
_HEAD = 4096
"""Bytes that are kept for the length of the sound."""


def most_tokens(text: bytes, speed: float) -> int:
    """Output tokens that speaking a text takes at most."""
    return PAUSE_TOKENS + int(len(text) * LONGEST / min(max(speed, SLOWEST), 1.0))


def estimated_tokens(ask: Ask, form: str, head: bytes, size: int) -> int:
    """Output tokens of so much sound, by its length where its bytes tell it, else by the text."""
    seconds = seconds_of(form, head, size)
    if seconds is None:
        return max(0, (ask.max_tokens or 0) - PAUSE_TOKENS) * USUAL // LONGEST
    return int(seconds * TOKENS_PER_SECOND) + 1


def sound_form(ask: Ask) -> str:
    """The form of sound that a request asks for."""
    said = msgspec.json.decode(ask.fields["response_format"]) if "response_format" in ask.fields else None
    return said if isinstance(said, str) else "mp3"


class SoundWatch(Carried):
    """See `ports.interpreter.Relay`. Sound passes as it comes. What begins as JSON is held to its end: it may be a failure."""

    def __init__(self, ask: Ask, target: Target) -> None:
        super().__init__()
        self._ask = ask
        self._secrets = target.hidden
        self._head = b""
        self._document: list[bytes] | None = None

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`."""
        if self.fault is not None or not data:
            return b""
        most = LARGEST_SOUND if self._document is None else LARGEST_DOCUMENT
        if self.content_bytes + len(data) > most:
            self.fault = Fault("upstream_too_large", f"The upstream sent more than {most} bytes in one answer.")
            return b""
        if not self.content_bytes and data[:1] == b"{":
            self._document = []
        if self._document is not None:
            self._document.append(data)
            self.content_bytes += len(data)
            return b""
        if len(self._head) < _HEAD:
            self._head += data[: _HEAD - len(self._head)]
        self.pieces += 1
        return super().feed(data)

    def close(self) -> bytes:
        """See `Relay.close`."""
        if self.fault is not None:
            return b""
        if not self.content_bytes:
            self.fault = Fault("upstream_garbage", "The upstream's answer is empty.")
            return b""
        super().close()
        return b"" if self._document is None else self._read(b"".join(self._document))

    def estimated_output(self) -> int:
        """See `Relay.estimated_output`."""
        if not self.content_bytes:
            return 0
        return estimated_tokens(self._ask, sound_form(self._ask), self._head, self.content_bytes)

    def _read(self, data: bytes) -> bytes:
        """A document, unless it says that it failed."""
        try:
            self.fault = fault_in_answer(decode_object(data), self._secrets)
        except Fault:
            self.fault = None  # sound may begin with a brace
        self.began = self.fault is None
        self.ended = self.began
        return data if self.began else b""
