"""Pictures: what a request for some may come to, and the relay of an answer that brings them whole."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from headworks.dialects.carried import Carried
from headworks.dialects.openai_chat.decoder import decode_object
from headworks.dialects.openai_chat.faults import fault_in_answer
from headworks.dialects.openai_chat.media_usage import read_pictures_usage
from headworks.domain.call import Ask
from headworks.domain.errors import Fault
from headworks.domain.target import Target

MARGIN = 2
"""How many times the known tokens of a picture are set aside: newer models take more than the first one did, none twice as many."""
PARTIAL_TOKENS = 100
"""Of each picture that is shown before it is ready."""
_SIDES = {"low": 64, "medium": 32}
"""Quality → pixels along the side of a patch, of which each is a token; all other qualities, `auto` too, may come to be the best."""
_FINEST = 16
_SIZE = re.compile(r"(\d{2,5})x(\d{2,5})").fullmatch
_LARGEST_USUAL = (1024, 1536)
"""What a model chooses at most where it may choose."""


def picture_tokens(size: str, quality: str) -> int:
    """Output tokens of one picture, as `gpt-image-1` counts them: a patch each, and one for each row of patches."""
    found = _SIZE(size)
    width, height = (int(found[1]), int(found[2])) if found else _LARGEST_USUAL
    side = _SIDES.get(quality, _FINEST)
    return -(-height // side) * (-(-width // side) + 1)


def most_tokens(size: str, quality: str, partial: int) -> int:
    """Output tokens that are set aside for one picture, shown so many times before it is ready."""
    return MARGIN * picture_tokens(size, quality) + partial * PARTIAL_TOKENS


class _Picture(msgspec.Struct):
    """Counted, not read."""


class _Answer(msgspec.Struct):
    data: list[_Picture] | None = None
    model: str = ""
    usage: dict[str, Any] | None = None
    error: Any = None


_ANSWER = msgspec.json.Decoder(_Answer)


class PicturesWatch(Carried):
    """See `ports.interpreter.Relay`. Fed in one piece, which passes untouched."""

    fault: Fault | None

    def __init__(self, ask: Ask, target: Target) -> None:
        super().__init__()
        self._ask = ask
        self._target = target

    def feed(self, data: bytes) -> bytes:
        """See `Relay.feed`: the whole body."""
        try:
            self._read(data)
        except Fault as fault:
            self.fault = fault
            return b""
        self.ended = True
        self.pieces = 1
        return super().feed(data)

    def close(self) -> bytes:
        """See `Relay.close`."""
        if not self.ended and self.fault is None:
            self.fault = Fault("upstream_garbage", "The upstream's answer is empty.")
        return b""

    def estimated_output(self) -> int:
        """See `Relay.estimated_output`: of all pictures that came, in the form that was asked for."""
        return estimated_tokens(self._ask) * self.pieces

    def _read(self, data: bytes) -> None:
        try:
            answer = _ANSWER.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            answer = _Answer()
        if answer.error or answer.data is None:
            fault = fault_in_answer(decode_object(data), self._target.hidden)
            raise fault or Fault("upstream_garbage", "The upstream's answer holds no pictures.")
        self.served_model = answer.model
        self.usage = read_pictures_usage(answer.usage, len(answer.data), self._target.price)
        self.usage_final = self.usage is not None


def estimated_tokens(ask: Ask) -> int:
    """Output tokens of all pictures that a request asks for, where nobody tells them."""
    return (ask.max_tokens or 0) // MARGIN * ask.choices
